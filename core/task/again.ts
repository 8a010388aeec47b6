import type { Pod } from '../api/kubernetes.ts';
import type { Attempt, TaskStatus } from '../api/task.ts';
import type { Action, Decided, Decision, Reason } from '../contract/decision.ts';
import { ANNOTATIONS } from '../contract/names.ts';
import type { Ref } from '../contract/snapshot.ts';
import { formatDuration } from '../units/duration.ts';
import { formatTime, formatTimeMs, parseTime } from '../units/time.ts';
import { attemptsWith } from './attempt.ts';
import { type ConditionChange, findCondition, trueCondition } from './conditions.ts';
import { endedAttempts, liveAnswerFor, reason, type TaskContext } from './context.ts';
import { decided, reads } from './decided.ts';
import { isDisposedAtEnd } from './disposal.ts';
import { taskEvent } from './events.ts';
import type { Fate } from './fate.ts';
import { podUnknown } from './live.ts';
import { deletePod, hasEnded, releasePod } from './pods.ts';
import type { RetryVerdict } from './retry.ts';
import { patchStatus } from './status.ts';
import { verdictOf } from './verdict.ts';
import { relookAtMs, waitForStart, waitsSinceMs } from './wait.ts';

/** The end of an attempt that another follows: recorded in one write, with what it spent and when the next is due; then its Pod is let go. */
export function tryAgain(
  context: TaskContext,
  fate: Exclude<Fate, { type: 'Lives' }>,
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
        cause: verdict.cause,
        message,
        attemptCount: context.attempt,
        attempts: attemptsWith(context, pod, verdict, log),
        nextAttemptTime: formatTimeMs(again.dueMs),
        retries: again.spent,
        times: clearedTimes(context.task.status),
      },
      conditions: [{ type: 'Retrying', status: 'True', reason: verdict.cause ?? 'Unknown', message }, ...settledForRetry(context)],
    }),
    taskEvent(context, 'Retrying', `Attempt ${context.attempt} failed: ${said}; the next starts in ${waits}`),
    ...(pod === null
      ? []
      : [...(isDisposedAtEnd(context, fate, pod) ? deletePod(context.snapshot, pod) : []), ...releasePod(context.snapshot, pod)]),
  ];
  return decided({
    actions,
    wakeAtMs: again.dueMs,
    reasons: [...trail, reason('task/retry', `tried again in ${waits}: ${again.says}`, { spent: again.spent, dueMs: again.dueMs })],
  });
}

/** What held for the Pod of the attempt that has ended must not be taken for the next one's. */
function settledForRetry(context: TaskContext): readonly ConditionChange[] {
  const message = `attempt ${context.attempt} has ended`;
  return (['Queued', 'Stopping', 'PodBlocked', 'PodDeleting', 'Stopped', 'Finished'] as const)
    .filter((type) => trueCondition(context.task.status?.conditions, type) !== undefined)
    .map((type) => ({ type, status: 'False', reason: 'Retried', message }));
}

/** `times` is of the latest attempt: the next begins without. A merge patch removes a field by null. */
function clearedTimes(status: TaskStatus | undefined): NonNullable<TaskStatus['times']> {
  const attemptTimes = Object.keys(status?.times ?? {}).filter((field) => field !== 'queued');
  return { ...status?.times, ...Object.fromEntries(attemptTimes.map((field) => [field, null])) };
}

/** A Task between two attempts whose next is not due; null when it is, or when this is the first. */
export function untilDue(context: TaskContext): Decision | null {
  const dueMs = parseTime(context.task.status?.nextAttemptTime);
  if (context.attempt === 1 || dueMs === null || context.nowMs >= dueMs) return null;
  const retrying = findCondition(context.task.status?.conditions, 'Retrying');
  const waits = formatDuration(dueMs - context.nowMs);
  return decided({
    wakeAtMs: dueMs,
    reasons: [reason('task/backoff', `attempt ${context.attempt} is due in ${waits}`, { dueMs, after: retrying?.reason ?? '' })],
  });
}

/**
 * The proof that the attempt before has ended, asked for right before the next Pod is created: its Pod is in a final phase, or not there by a live read. Null when there is
 * nothing to wait for.
 */
export function untilEarlierEnded(context: TaskContext): Decision | null {
  const { snapshot, task } = context;
  const before = task.status?.attempts?.at(-1);
  if (before === undefined) return null;
  const seen = snapshot.pods.find((pod) => pod.metadata.name !== context.podName && !hasEnded(pod));
  if (seen !== undefined) return earlierLives(context, seen);
  const name = before.podName;
  if (name === undefined || snapshot.pods.some((pod) => pod.metadata.name === name)) return null;
  const ref: Ref = { kind: 'Pod', namespace: snapshot.subject.namespace, name };
  const answer = liveAnswerFor(snapshot, ref);
  if (answer === undefined) return reads([{ ...ref, live: true }]);
  if ('unavailable' in answer) return podUnknown(context, answer.unavailable);
  if ('absent' in answer || answer.found.metadata.uid !== before.podUID) return null;
  const found = answer.found as Pod;
  return hasEnded(found) ? null : earlierLives(context, found);
}

function earlierLives(context: TaskContext, pod: Pod): Decided {
  const { name } = pod.metadata;
  const message = `pod ${name} of an earlier attempt has not ended for certain; attempt ${context.attempt} starts when it has, or when it is gone`;
  return waitForStart(context, {
    reason: 'EarlierPodLives',
    cause: 'NodeLost',
    message,
    wakeAtMs: relookAtMs(context, waitsSinceMs(context, 'EarlierPodLives', message)),
    dependsOn: [],
    trail: [reason('task/earlier-pod-lives', message, { pod: name, phase: pod.status?.phase ?? 'Pending' })],
  });
}

/**
 * A person asks for another attempt of a finished Task, by its number: asking twice is asking once. Null when nobody does. A Task that succeeded is not done again, and what
 * is asked to stop is not started.
 */
export function reopened(context: TaskContext): Decided | null {
  const { task } = context;
  const asked = task.metadata.annotations?.[ANNOTATIONS.retry];
  const last = lastAttempt(context);
  if (asked !== String(last + 1) || task.status?.cause === undefined || task.metadata.annotations?.[ANNOTATIONS.stop] === 'true')
    return null;
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
        ...(last === endedAttempts(task) ? {} : { attempts: [unlisted(task.status, last)] }),
        times: clearedTimes(task.status),
      },
      conditions: [{ type: 'Retrying', status: 'True', reason: 'Requested', message }, ...settledForRetry(context)],
    }),
    reasons: [reason('task/retry-requested', message)],
  });
}

/** Number of the last attempt that had a Pod; one that another controller recorded may not be listed. */
function lastAttempt({ task }: TaskContext): number {
  const ended = endedAttempts(task);
  return ended === 0 && task.status?.podName ? Math.max(1, task.status.attemptCount ?? 1) : ended;
}

function unlisted({ podName, cause, message }: TaskStatus, number: number): Attempt {
  return {
    number,
    ...(podName === undefined ? {} : { podName }),
    ...(cause === undefined ? {} : { cause }),
    ...(message === undefined ? {} : { message }),
  };
}
