import type { Pod } from '../api/kubernetes.ts';
import type { Attempt, Cause } from '../api/task.ts';
import type { Action, Decided, Decision, Reason } from '../contract/decision.ts';
import { formatDuration } from '../units/duration.ts';
import { formatTime, formatTimeMs, parseTime } from '../units/time.ts';
import { attemptsWith, startTimeOf } from './attempt.ts';
import { conditionMessage, findCondition, trueCondition } from './conditions.ts';
import { reason, type TaskContext } from './context.ts';
import { decided } from './decided.ts';
import { letGo } from './disposal.ts';
import { abortSession } from './ending.ts';
import { taskEvent } from './events.ts';
import type { FinalFate } from './fate.ts';
import { forgottenConditions, forgottenTimes } from './forget.ts';
import type { RetryVerdict } from './retry.ts';
import { titledSession } from './session.ts';
import { patchStatus } from './status.ts';
import { verdictOf } from './verdict.ts';

/** The end of an attempt that another follows: recorded in one write, with what it spent and when the next is due; then its Pod is let go. */
export function tryAgain(
  context: TaskContext,
  fate: FinalFate,
  pod: Pod | null,
  log: Attempt['log'] | null,
  again: Extract<RetryVerdict, { type: 'Again' }>,
  trail: readonly Reason[],
): Decided {
  const verdict = verdictOf(context, fate, pod);
  const said = verdict.message ?? '';
  const waits = formatDuration(again.dueMs - context.nowMs);
  const message = `attempt ${context.attempt} failed: ${said}; ${again.says}; the next starts at ${formatTime(again.dueMs)}`;
  const actions: Action[] = [
    ...patchStatus(context, `status/attempt/${context.attempt}`, {
      set: {
        phase: 'Pending',
        podName: context.podName,
        startTime: startTimeOf(context, pod),
        cause: verdict.cause,
        message,
        attemptCount: context.attempt,
        attempts: attemptsWith(context, pod, verdict, log),
        nextAttemptTime: formatTimeMs(again.dueMs),
        retries: again.spent,
        times: forgottenTimes(context.task.status),
        // Should it have ended before anybody wrote that it runs, and no other attempt come: nothing else will tell once its Pod is gone.
        ...titledSession(context, pod),
      },
      conditions: [
        { type: 'Retrying', status: 'True', reason: verdict.cause ?? 'Unknown', message },
        ...forgottenConditions(context, `attempt ${context.attempt} has ended`),
      ],
    }),
    taskEvent(context, 'Retrying', `Attempt ${context.attempt} failed: ${said}; the next starts in ${waits}`),
    // What an Attach Task's session still does at the Agent's server would go on beside the next attempt's.
    ...(pod === null ? [] : [...abortSession(context.snapshot, pod), ...letGo(context, fate, pod)]),
  ];
  return decided({
    actions,
    wakeAtMs: again.dueMs,
    reasons: [...trail, reason('task/retry', `tried again in ${waits}: ${again.says}`, { spent: again.spent, dueMs: again.dueMs })],
  });
}

/** A Task between two attempts whose next is not due; null when it is, or when this is the first. */
export function untilDue(context: TaskContext): Decision | null {
  const { status } = context.task;
  const dueMs = parseTime(status?.nextAttemptTime);
  if (context.attempt === 1 || dueMs === null || context.nowMs >= dueMs) return null;
  const retrying = findCondition(status?.conditions, 'Retrying');
  const waits = formatDuration(dueMs - context.nowMs);
  return decided({
    actions: saysOfBackoff(context) ? [] : backToWaiting(context),
    wakeAtMs: dueMs,
    reasons: [reason('task/backoff', `attempt ${context.attempt} is due in ${waits}`, { dueMs, after: retrying?.reason ?? '' })],
  });
}

/** Whether the status says what it waits for, and not still what was in the way before: a hold, a fault of the spec, or the stop that has been taken back. */
function saysOfBackoff({ task: { status } }: TaskContext): boolean {
  const retrying = trueCondition(status?.conditions, 'Retrying');
  const isSaid = status?.message === undefined || retrying === undefined || conditionMessage(status.message) === retrying.message;
  return isSaid && status?.phase !== 'Queued';
}

/** A Task that something else held back meanwhile says again what it waits for. */
function backToWaiting(context: TaskContext): readonly Action[] {
  const { conditions, attempts } = context.task.status ?? {};
  const cause: Cause | null = attempts?.at(-1)?.cause ?? null;
  const wasQueued = trueCondition(conditions, 'Queued') !== undefined;
  return patchStatus(context, 'status/waiting', {
    set: { phase: 'Pending', cause, message: findCondition(conditions, 'Retrying')?.message ?? null },
    conditions: wasQueued ? [{ type: 'Queued', status: 'False', reason: 'Resumed', message: 'task is no longer suspended' }] : [],
  });
}
