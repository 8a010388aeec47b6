import type { Condition } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import type { Patch } from '#core/contract/decision.ts';
import { timestamp } from '../clock.ts';
import type { Fault } from './deliberate.ts';

/** The one condition that the host writes itself, because the core could not. */
const ENGINE_ERROR = 'EngineError';
/** Longest message of the condition; the API server takes 32,768 bytes. */
const MAX_MESSAGE = 1_024;

/** Says on the Task that it can't be decided; null when it says so already. */
export function faultPatch(task: Task, fault: Fault, nowMs: number): Patch | null {
  const message = `the core could not decide this task and will be asked again: ${fault.message}`.slice(0, MAX_MESSAGE);
  const known = conditionOf(task);
  if (known?.status === 'True' && known.reason === fault.cause && known.message === message) return null;
  return conditionPatch(task, { type: ENGINE_ERROR, status: 'True', reason: fault.cause, message, lastTransitionTime: '' }, nowMs);
}

/** Takes that back once the core decides again; null when there is nothing to take back. */
export function recoveryPatch(task: Task, nowMs: number): Patch | null {
  if (conditionOf(task)?.status !== 'True') return null;
  const message = 'the core decides this task again';
  return conditionPatch(task, { type: ENGINE_ERROR, status: 'False', reason: 'Recovered', message, lastTransitionTime: '' }, nowMs);
}

function conditionOf(task: Task): Condition | undefined {
  return conditionsOf(task).find((condition) => condition.type === ENGINE_ERROR);
}

/** An older CRD, and a hand that writes a status, may have put anything there. */
function conditionsOf(task: Task): readonly Condition[] {
  const stored: unknown = task.status?.conditions;
  return Array.isArray(stored) ? stored.filter((entry) => typeof entry === 'object' && entry !== null) : [];
}

/** A merge patch replaces the list, so all other conditions go with it, bound to the version that they were read from. */
function conditionPatch(task: Task, condition: Condition, nowMs: number): Patch {
  const { namespace = '', name, uid = '', resourceVersion } = task.metadata;
  const before = conditionOf(task);
  const since = before?.status === condition.status ? before.lastTransitionTime : `${timestamp(nowMs).slice(0, 19)}Z`;
  const others = conditionsOf(task).filter(({ type }) => type !== ENGINE_ERROR);
  return {
    type: 'Patch',
    id: 'host/engine-error',
    ref: { kind: 'Task', namespace, name },
    uid,
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    patchType: 'merge',
    subresource: 'status',
    patch: { status: { conditions: [...others, { ...condition, lastTransitionTime: since }] } },
  };
}
