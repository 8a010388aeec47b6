import type { Pod } from '../api/kubernetes.ts';
import type { Attempt, TaskStatus } from '../api/task.ts';
import type { Decided, Reason } from '../contract/decision.ts';
import { hasEnded } from '../contract/ended.ts';
import { ANNOTATIONS } from '../contract/names.ts';
import { podName } from '../pod/names.ts';
import { type ConditionChange, findCondition, trueCondition } from './conditions.ts';
import { endedAttempts, isOfEarlierAttempt, reason, stopRequested, type TaskContext } from './context.ts';
import { decided } from './decided.ts';
import { forgottenConditions, forgottenTimes } from './forget.ts';
import { patchStatus } from './status.ts';

export type Reopening =
  | { readonly type: 'Reopened'; readonly decided: Decided }
  /** It will be, once a Pod of no attempt has gone, which would be taken for that of the next. */
  | { readonly type: 'Awaits'; readonly reason: Reason }
  /** Nobody asks, or what was asked for has been done, or (`reasons`) it can't be. */
  | { readonly type: 'Stays'; readonly reasons: readonly Reason[] };

/**
 * A person asks for another attempt of a finished Task, by its number, so that asking twice is asking once. A Task that succeeded is not done again, and what is asked to
 * stop is not started.
 */
export function reopening(context: TaskContext): Reopening {
  const asked = context.task.metadata.annotations?.[ANNOTATIONS.retry];
  const last = lastAttempt(context);
  const isDone = asked !== undefined && /^[0-9]+$/.test(asked) && Number(asked) <= last;
  if (asked === undefined || isDone) return { type: 'Stays', reasons: [] };
  const why = objection(context, asked, last + 1);
  const stray = why === null ? strayPod(context, last + 1) : undefined;
  if (stray !== undefined) {
    const { name } = stray.metadata;
    const waits = `attempt ${last + 1}, which the annotation ${ANNOTATIONS.retry} asks for, starts when pod ${name} is gone, which came when the task had ended`;
    return { type: 'Awaits', reason: reason('task/retry-awaits-pod', waits, { pod: name, next: last + 1 }) };
  }
  if (why === null) return { type: 'Reopened', decided: reopened(context, last) };
  const says = `attempt ${JSON.stringify(asked)}, which the annotation ${ANNOTATIONS.retry} asks for, is not started: ${why}`;
  return { type: 'Stays', reasons: [reason('task/retry-refused', says, { asked, next: last + 1 })] };
}

function objection({ task }: TaskContext, asked: string, next: number): string | null {
  if (hasSucceeded(task.status)) return 'the task has succeeded';
  if (stopRequested(task)) return `the annotation ${ANNOTATIONS.stop} asks for a stop; remove it first`;
  return asked === String(next) ? null : `the next one is ${next}`;
}

/**
 * A Pod that a leader before had sent, and that came when the Task had ended: it lives, or it is being deleted for that, perhaps by us, and is no word of what the next attempt
 * comes to.
 */
function strayPod({ snapshot, task }: TaskContext, next: number): Pod | undefined {
  const isGoing = ({ metadata }: Pod): boolean =>
    metadata.deletionTimestamp !== undefined && metadata.name === podName(task.metadata.name, next);
  return snapshot.pods.find((pod) => !isOfEarlierAttempt(task, pod) && (!hasEnded(pod) || isGoing(pod)));
}

/** Other controllers give no cause; a Task that they stopped says so in the condition alone. */
function hasSucceeded(status: TaskStatus | undefined): boolean {
  return status?.phase === 'Completed' && status.cause === undefined && trueCondition(status.conditions, 'Stopped') === undefined;
}

/** Number of the last attempt that had a Pod, or that a person had asked for; one that another controller recorded may not be listed. */
function lastAttempt({ task }: TaskContext): number {
  const ended = endedAttempts(task);
  return ended === 0 && task.status?.podName ? Math.max(1, task.status.attemptCount ?? 1) : ended;
}

function reopened(context: TaskContext, last: number): Decided {
  const { status } = context.task;
  const message = `attempt ${last + 1} was asked for by the annotation ${ANNOTATIONS.retry}`;
  return decided({
    actions: patchStatus(context, `status/retry/${last + 1}`, {
      set: {
        phase: 'Pending',
        completionTime: null,
        cause: null,
        message: null,
        nextAttemptTime: null,
        result: null,
        session: null,
        // Before the first Pod nothing has started.
        ...(last === 0 ? { startTime: null } : {}),
        ...(last === endedAttempts(context.task) ? {} : { attempts: [unlisted(status, last)] }),
        times: forgottenTimes(status),
      },
      conditions: [
        { type: 'Retrying', status: 'True', reason: 'Requested', message },
        ...unready(status, message),
        ...forgottenConditions(context, message),
      ],
    }),
    reasons: [reason('task/retry-requested', message)],
  });
}

/** What was missing is waited for anew: the wait counts from the condition that says so. */
function unready(status: TaskStatus | undefined, message: string): readonly ConditionChange[] {
  return findCondition(status?.conditions, 'Ready')?.status === 'False'
    ? [{ type: 'Ready', status: 'False', reason: 'Retried', message }]
    : [];
}

function unlisted(status: TaskStatus | undefined, number: number): Attempt {
  const { podName, cause, message } = status ?? {};
  return {
    number,
    ...(podName === undefined ? {} : { podName }),
    ...(cause === undefined ? {} : { cause }),
    ...(message === undefined ? {} : { message }),
  };
}
