import type { Cause } from '../api/task.ts';
import type { Decided, QueuePlace, Reason } from '../contract/decision.ts';
import type { Ref } from '../contract/snapshot.ts';
import { formatTime } from '../units/time.ts';
import { findCondition } from './conditions.ts';
import type { TaskContext } from './context.ts';
import { decided } from './decided.ts';
import { taskEvent } from './events.ts';
import { patchStatus } from './status.ts';

/** Wait between two looks at what is not watched (ConfigMaps) or could not be read, in milliseconds. */
export const RELOOK_MS = 5_000;

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
      conditions: [{ type: 'Ready', status: 'False', reason: waiting.reason, message: waiting.message }, ...leaveQueue(context)],
    }),
    wakeAtMs: waiting.wakeAtMs,
    dependsOn: waiting.dependsOn,
    reasons: waiting.trail,
  });
}

function leaveQueue(
  context: TaskContext,
): readonly [] | readonly [{ readonly type: 'Queued'; readonly status: 'False'; readonly reason: string; readonly message: string }] {
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
  const ready = findCondition(status?.conditions, 'Ready');
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
          ...(ready?.status === 'False'
            ? [
                {
                  type: 'Ready' as const,
                  status: 'True' as const,
                  reason: 'Resolved',
                  message: 'everything that the task refers to is there',
                },
              ]
            : []),
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
