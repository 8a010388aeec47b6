import type { Pod } from '../api/kubernetes.ts';
import type { Attempt, Cause, TaskStatus } from '../api/task.ts';
import type { Action, Decided, Reason } from '../contract/decision.ts';
import { ANNOTATIONS } from '../contract/names.ts';
import { formatTime, parseTime } from '../units/time.ts';
import { attemptsWith, attemptsWithUnstarted, startTimeOf } from './attempt.ts';
import { endedAttempts, reason, recordOfStart, type TaskContext } from './context.ts';
import { decided } from './decided.ts';
import { letGo } from './disposal.ts';
import { taskEvent } from './events.ts';
import type { FinalFate } from './fate.ts';
import { phaseFor } from './mapping.ts';
import { type Result, resultOf } from './result.ts';
import { askForSession, titledSession } from './session.ts';
import { patchStatus } from './status.ts';
import { finished, settled, verdictOf } from './verdict.ts';

/**
 * The end of a Task in one write, then the Event, then its Pod is let go, or deleted where that is wanted. After a crash behind any of them the next decision goes on from
 * there.
 */
export function finish(
  context: TaskContext,
  fate: FinalFate,
  pod: Pod | null,
  log: Attempt['log'] | null,
  trail: readonly Reason[],
): Decided {
  const verdict = verdictOf(context, fate, pod);
  const { status } = context.task;
  const attempts = attemptsWith(context, pod, verdict, log);
  const result: Result = fate.type === 'Succeeded' || fate.type === 'Failed' ? resultOf(pod) : { type: 'None' };
  const startTime = startTimeOf(context, pod);
  const actions: Action[] = [
    ...patchStatus(context, `status/end/${context.attempt}`, {
      set: {
        phase: phaseFor(fate),
        podName: context.podName,
        startTime,
        completionTime: endTime(context, startTime),
        cause: verdict.cause,
        message: verdict.message,
        attemptCount: context.attempt,
        attempts,
        nextAttemptTime: null,
        times: { ...status?.times, ...attempts.at(-1)?.times },
        ...recordOfStart(context),
        ...titledSession(context, pod),
        ...(result.type === 'Given' ? { result: result.value } : {}),
      },
      conditions: verdict.conditions,
    }),
    taskEvent(context, verdict.event, verdict.note),
    ...askForSession(context, pod),
    ...(pod === null ? [] : letGo(context, fate, pod)),
  ];
  return decided({ actions, reasons: result.type === 'Ignored' ? [...trail, resultIgnored(result.why)] : trail });
}

/** The start is the API server's time, the end the host's, whose clock may be behind. */
function endTime({ nowMs }: TaskContext, startTime: string | undefined): string {
  return formatTime(Math.max(nowMs, parseTime(startTime) ?? nowMs));
}

function resultIgnored(why: string): Reason {
  return reason('task/result-ignored', `the agent's termination message is no result: ${why}`);
}

/** A Task that can never start, or never again. */
export function failBeforeStart(
  context: TaskContext,
  conditionReason: string,
  cause: Cause,
  message: string,
  trail: readonly Reason[],
): Decided {
  return decided({
    actions: [
      ...patchStatus(context, 'status/failed', {
        set: {
          phase: 'Failed',
          completionTime: endTime(context, context.task.status?.startTime),
          cause,
          message,
          nextAttemptTime: null,
          ...askedFor(context, cause, message),
          ...recordOfStart(context),
        },
        conditions: [
          { type: 'Ready', status: 'False', reason: conditionReason, message },
          finished('Failed', message),
          ...settled(context),
        ],
      }),
      taskEvent(context, 'Failed', `Task failed: ${message}`),
    ],
    reasons: trail,
  });
}

/** A stop that came while there was no Pod: none is made. */
export function stopBeforeStart(context: TaskContext): Decided {
  const message = `Task was stopped ${whereIn(context)} by the annotation ${ANNOTATIONS.stop}`;
  return decided({
    actions: [
      ...patchStatus(context, 'status/stopped', {
        set: {
          phase: 'Completed',
          completionTime: endTime(context, context.task.status?.startTime),
          cause: 'Stopped',
          message,
          nextAttemptTime: null,
          ...askedFor(context, 'Stopped', message),
          ...recordOfStart(context),
        },
        conditions: [
          { type: 'Stopped', status: 'True', reason: 'UserStopped', message },
          finished('Stopped', message),
          ...settled(context),
        ],
      }),
      taskEvent(context, 'Stopped', 'Task stopped by user'),
    ],
    reasons: [{ rule: 'task/stopped-before-start', module: 'core', says: message, facts: {} }],
  });
}

/** An attempt that a person asked for is listed also when it never had a Pod: so its number is spent, and asking once is one attempt. */
function askedFor(context: TaskContext, cause: Cause, message: string): Pick<TaskStatus, 'attempts' | 'attemptCount'> {
  if (context.task.metadata.annotations?.[ANNOTATIONS.retry] !== String(context.attempt)) return {};
  return { attemptCount: context.attempt, attempts: attemptsWithUnstarted(context, cause, message) };
}

function whereIn({ task }: TaskContext): string {
  if (task.status?.phase === 'Queued') return 'while queued';
  const ended = endedAttempts(task);
  return ended === 0 ? 'before it started' : `after attempt ${ended}`;
}
