import type { Cause } from '../api/task.ts';
import type { Decided, QueuePlace, Reason } from '../contract/decision.ts';
import type { Ref } from '../contract/snapshot.ts';
import { formatTime, parseTime } from '../units/time.ts';
import { type ConditionChange, conditionMessage, findCondition } from './conditions.ts';
import type { TaskContext } from './context.ts';
import { decided } from './decided.ts';
import { taskEvent } from './events.ts';
import { patchStatus } from './status.ts';

/** First and longest wait between two looks at what is not watched (ConfigMaps, Pods of others) or could not be read, in milliseconds. */
const FIRST_RELOOK_MS = 5_000;
const LONGEST_RELOOK_MS = 60_000;

/** Since when the Task waits for exactly this, in milliseconds since the epoch: from the condition that says so, else from now. */
export function waitsSinceMs(context: TaskContext, conditionReason: string, message: string): number {
  const ready = findCondition(context.task.status?.conditions, 'Ready');
  const saysSo = ready?.status === 'False' && ready.reason === conditionReason && ready.message === conditionMessage(message);
  return (saysSo ? parseTime(ready.lastTransitionTime) : null) ?? context.nowMs;
}

/** When to look again, in milliseconds since the epoch: the longer it has been waited already, the later. */
export function relookAtMs(context: TaskContext, sinceMs: number): number {
  return context.nowMs + Math.min(LONGEST_RELOOK_MS, Math.max(FIRST_RELOOK_MS, (context.nowMs - sinceMs) / 2));
}

export interface Waiting {
  readonly reason: string;
  readonly message: string;
  readonly cause?: Cause;
  readonly wakeAtMs: number | null;
  readonly dependsOn: readonly Ref[];
  readonly trail: readonly Reason[];
}

/** A Task that can't start yet: `Ready=False` says why, and nothing is created. It holds no place meanwhile. */
export function waitForStart(context: TaskContext, waiting: Waiting): Decided {
  return decided({
    actions: patchStatus(context, 'status/waiting', {
      set: { phase: 'Pending', message: waiting.message, cause: waiting.cause ?? null },
      conditions: [notReady(waiting.reason, waiting.message), ...leaveQueue(context)],
    }),
    wakeAtMs: waiting.wakeAtMs,
    dependsOn: waiting.dependsOn,
    reasons: waiting.trail,
  });
}

function notReady(reason: string, message: string): ConditionChange {
  return { type: 'Ready', status: 'False', reason, message };
}

function leaveQueue(context: TaskContext): readonly ConditionChange[] {
  const queued = findCondition(context.task.status?.conditions, 'Queued');
  return queued?.status === 'True'
    ? [{ type: 'Queued', status: 'False', reason: 'NotReady', message: 'task left the queue: it cannot start yet' }]
    : [];
}

export interface Queueing {
  readonly reason: 'AgentSuspended' | 'AgentServerNotReady' | 'AgentAtCapacity' | 'QuotaExceeded' | 'TaskSuspended';
  readonly message: string;
  readonly note: string;
  readonly queue?: QueuePlace;
  readonly wakeAtMs?: number | null;
  readonly dependsOn: readonly Ref[];
  readonly trail: readonly Reason[];
}

/** A Task that waits its turn: phase Queued, with upstream's condition and Event. Written once, however long the queue. */
export function queueUp(context: TaskContext, queueing: Queueing): Decided {
  const { status } = context.task;
  const already = status?.phase === 'Queued' && findCondition(status.conditions, 'Queued')?.reason === queueing.reason;
  return decided({
    actions: [
      ...patchStatus(context, 'status/queued', {
        set: {
          phase: 'Queued',
          message: queueing.message,
          cause: null,
          ...(context.task.spec.agentRef === undefined ? {} : { agentRef: context.task.spec.agentRef }),
          times: { ...status?.times, queued: status?.times?.queued ?? formatTime(context.nowMs) },
        },
        conditions: [
          { type: 'Queued', status: 'True', reason: queueing.reason, message: queueing.message },
          ...readiness(context, queueing),
        ],
      }),
      ...(already ? [] : [taskEvent(context, queueing.reason === 'QuotaExceeded' ? 'QuotaExceeded' : 'Queued', queueing.note)]),
    ],
    ...(queueing.queue === undefined ? {} : { queue: queueing.queue }),
    wakeAtMs: queueing.wakeAtMs ?? null,
    dependsOn: queueing.dependsOn,
    reasons: queueing.trail,
  });
}

/** What a Task that was waiting for something missing says of that once it queues: only what stands behind a limit has been looked at whole. */
function readiness(context: TaskContext, { reason, message }: Queueing): readonly ConditionChange[] {
  if (findCondition(context.task.status?.conditions, 'Ready')?.status !== 'False') return [];
  if (reason !== 'AgentAtCapacity' && reason !== 'QuotaExceeded') return [notReady(reason, message)];
  return [{ type: 'Ready', status: 'True', reason: 'Resolved', message: 'everything that the task refers to is there' }];
}
