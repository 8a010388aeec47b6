import type { Agent } from '../api/agent.ts';
import type { QueuePlace } from '../contract/decision.ts';
import { isObject } from '../pod/shape.ts';
import { formatTimeMs, parseTime } from '../units/time.ts';
import { findCondition } from './conditions.ts';
import { startedFrom, type TaskContext } from './context.ts';
import { LATEST_MS } from './decided.ts';

/** One point of `spec.priority` outweighs this much waiting, in milliseconds: ageing without ever sorting again. */
export const PRIORITY_STEP_MS = 600_000;
const MAX_PRIORITY = 1_000_000;
/** Keeps the number positive, so that text of one width compares as the number does. */
const OFFSET_MS = 1e15;

/** Key of an Agent's queue. */
export function queueKey(namespace: string, agentName: string): string {
  return `${namespace}/${agentName}`;
}

/** Order in the queue: creation, earlier by ten minutes for each point of priority; then the name. */
export function queueOrder(context: TaskContext): string {
  const { metadata, spec } = context.task;
  const priority = Math.max(-MAX_PRIORITY, Math.min(MAX_PRIORITY, Math.trunc(spec.priority ?? 0)));
  const rank = OFFSET_MS + (parseTime(metadata.creationTimestamp) ?? context.nowMs) - priority * PRIORITY_STEP_MS;
  return `${String(rank).padStart(17, '0')}/${metadata.name}`;
}

/** The place that a Task with a Pod holds; none without an Agent. */
export function heldPlace(context: TaskContext): { readonly queue?: QueuePlace } {
  const agentName = startedFrom(context).agentRef?.name;
  if (agentName === undefined) return {};
  return { queue: { state: 'Holds', key: queueKey(context.snapshot.subject.namespace, agentName) } };
}

/** Limits of an Agent after the merge with its template. */
export interface Limits {
  readonly maxConcurrentTasks?: number;
  readonly quota?: { readonly maxTaskStarts: number; readonly windowSeconds: number };
}

/** How an Agent's sliding window of starts stands. */
export interface QuotaStanding {
  /** This Task's start is in the history already: a crash came between the record and the Pod. */
  readonly recorded: boolean;
  /** Start of the next free place in the window, in milliseconds since the epoch; null when there is one now. */
  readonly nextFreeMs: number | null;
}

export function quotaStanding(context: TaskContext, agent: Agent, quota: NonNullable<Limits['quota']>): QuotaStanding {
  const { namespace, name } = context.snapshot.subject;
  const sinceMs = attemptSinceMs(context);
  const windowMs = quota.windowSeconds * 1_000;
  const history: unknown = agent.status?.taskStartHistory;
  const starts: readonly unknown[] = Array.isArray(history) ? history : [];
  const active = starts
    .filter(isObject)
    .map(({ taskName, taskNamespace, startTime }) => ({
      taskName,
      taskNamespace,
      atMs: parseTime(typeof startTime === 'string' ? startTime : null) ?? 0,
    }))
    .filter((start) => start.atMs > context.nowMs - windowMs);
  const recorded = active.some((start) => start.taskName === name && start.taskNamespace === namespace && start.atMs >= sinceMs);
  if (recorded || active.length < quota.maxTaskStarts) return { recorded, nextFreeMs: null };
  // As many of the oldest must leave the window as there are too many.
  const times = active.map((start) => start.atMs).sort((a, b) => a - b);
  return { recorded, nextFreeMs: (times[active.length - quota.maxTaskStarts] ?? context.nowMs) + windowMs };
}

/** Since when the current attempt may have started, in milliseconds since the epoch: an earlier start in the history is another's, or that of an earlier attempt. */
function attemptSinceMs({ task, attempt }: TaskContext): number {
  const createdMs = parseTime(task.metadata.creationTimestamp) ?? 0;
  if (attempt === 1) return createdMs;
  const dueMs = parseTime(task.status?.nextAttemptTime);
  // Starts are recorded in whole seconds.
  if (dueMs !== null) return Math.floor(dueMs / 1_000) * 1_000;
  return parseTime(findCondition(task.status?.conditions, 'Retrying')?.lastTransitionTime) ?? createdMs;
}

/** A place in the Agent's queue, with what may hold it back. */
export function wantedPlace(
  context: TaskContext,
  agentName: string,
  limits: Limits,
  held: { readonly notBeforeMs?: number | null; readonly closed?: boolean },
): QueuePlace {
  return {
    state: 'Wants',
    key: queueKey(context.snapshot.subject.namespace, agentName),
    order: queueOrder(context),
    ...(limits.maxConcurrentTasks !== undefined && limits.maxConcurrentTasks > 0 ? { slots: limits.maxConcurrentTasks } : {}),
    ...(held.notBeforeMs == null ? {} : { notBefore: formatTimeMs(Math.min(held.notBeforeMs, LATEST_MS)) }),
    ...(held.closed === true ? { closed: true as const } : {}),
  };
}
