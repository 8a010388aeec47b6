import type { Condition } from '../api/kubernetes.ts';
import type { Task, TaskSpec, TaskStatus } from '../api/task.ts';
import { conform, isObject, type Shape } from '../pod/shape.ts';
import { parseDuration } from '../units/duration.ts';

/** The fields of a spec that the rules read; the Pod builder checks its own. */
const SPEC: Shape = {
  fields: {
    agentRef: { fields: { name: 'text' } },
    templateRef: { fields: { name: 'text' } },
    suspend: 'boolean',
    priority: 'integer',
    managedBy: 'text',
    stop: { fields: { mode: 'text', gracePeriodSeconds: 'integer' } },
    cleanup: { fields: { ttlSecondsAfterFinished: 'integer' } },
  },
  others: 'kept',
};

const CONDITION: Shape = {
  fields: { type: 'name', status: 'text', reason: 'text', message: 'text', lastTransitionTime: 'text', observedGeneration: 'integer' },
  required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
};

const STATUS: Readonly<Record<string, Shape>> = {
  observedGeneration: 'integer',
  phase: 'text',
  podName: 'text',
  startTime: 'text',
  completionTime: 'text',
  cause: 'text',
  message: 'text',
  attemptCount: 'integer',
  attempts: { listOf: { fields: { number: 'integer' }, required: ['number'], others: 'kept' } },
  times: { mapOf: 'text' },
  session: 'object',
  agentRef: 'object',
  templateRef: 'object',
};

export interface SoundTask {
  /** The Task with only such fields as have their right shape. */
  readonly task: Task;
  /** What makes the spec unusable though an older CRD let it in, with the right form; null when nothing does. */
  readonly specFault: string | null;
}

/** An object that was stored under an older CRD may hold anything: what the rules can't use costs that Task a condition, never the rules their footing. */
export function soundTask(task: Task): SoundTask {
  const spec = conform(task.spec, SPEC, 'spec');
  const usable = 'fault' in spec ? {} : (spec.value as TaskSpec);
  const sound: Task = { ...task, spec: usable, ...(task.status === undefined ? {} : { status: soundStatus(task.status) }) };
  return { task: sound, specFault: 'fault' in spec ? spec.fault : faultOf(usable) };
}

function faultOf(spec: TaskSpec): string | null {
  if (spec.timeout !== undefined && spec.timeout !== null) {
    const timeout = parseDuration(spec.timeout);
    if (!timeout.ok) return `spec.timeout: ${timeout.message}`;
  }
  const named = [spec.agentRef?.name, spec.templateRef?.name].filter((name) => name !== undefined && name !== '');
  if (named.length !== 1) return `spec: exactly one of agentRef.name and templateRef.name must be given; this task has ${named.length}`;
  return null;
}

function soundStatus(status: unknown): TaskStatus {
  if (!isObject(status)) return {};
  const fields = Object.entries(status).flatMap(([field, value]) => {
    if (field === 'conditions') return [[field, soundConditions(value)] as const];
    const conformed = conform(value, STATUS[field] ?? 'anything', field);
    return 'fault' in conformed || conformed.value === null ? [] : [[field, conformed.value] as const];
  });
  return Object.fromEntries(fields);
}

function soundConditions(value: unknown): readonly Condition[] {
  return Array.isArray(value) ? value.filter((entry) => !('fault' in conform(entry, CONDITION, 'condition'))) : [];
}
