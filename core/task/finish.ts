import type { Pod } from '../api/kubernetes.ts';
import type { Attempt, Cause } from '../api/task.ts';
import type { Action, Decided, Reason } from '../contract/decision.ts';
import { AGENT_CONTAINER, ANNOTATIONS } from '../contract/names.ts';
import { sessionTitle } from '../pod/names.ts';
import { formatDuration } from '../units/duration.ts';
import { formatTime, parseTime } from '../units/time.ts';
import { signalOf } from './cause.ts';
import type { ConditionChange } from './conditions.ts';
import { findCondition } from './conditions.ts';
import { recordOfStart, type TaskContext } from './context.ts';
import { decided } from './decided.ts';
import { type EventReason, taskEvent } from './events.ts';
import type { Fate } from './fate.ts';
import { phaseFor } from './mapping.ts';
import { releasePod } from './pods.ts';
import { parseObject, startedWithOf, timeoutMs } from './started-with.ts';
import { patchStatus } from './status.ts';
import { cutText } from './text.ts';

/** `status.attempts` keeps this many. */
const MAX_ATTEMPTS = 10;
/** The kubelet cuts a termination message there. */
const MAX_RESULT_LENGTH = 4_096;

/** The end of a Task in one write, then the Event, then the release of its Pod. After a crash behind any of them the next decision goes on from there. */
export function finish(context: TaskContext, fate: Exclude<Fate, { type: 'Lives' }>, pod: Pod | null, trail: readonly Reason[]): Decided {
  const verdict = verdictOf(context, fate, pod);
  const { status } = context.task;
  const attempt = attemptOf(context, pod, verdict);
  const result = fate.type === 'Succeeded' || fate.type === 'Failed' ? resultOf(pod) : null;
  const startTime = status?.startTime ?? pod?.metadata.creationTimestamp ?? formatTime(context.nowMs);
  const actions: Action[] = [
    ...patchStatus(context, `status/end/${context.attempt}`, {
      set: {
        phase: phaseFor(fate),
        podName: context.podName,
        startTime,
        // The start is the API server's time, the end the host's, whose clock may be behind.
        completionTime: formatTime(Math.max(context.nowMs, parseTime(startTime) ?? context.nowMs)),
        cause: verdict.cause,
        message: verdict.message,
        attemptCount: context.attempt,
        attempts: [...(status?.attempts ?? []).filter((entry) => entry.number !== context.attempt), attempt].slice(-MAX_ATTEMPTS),
        times: { ...status?.times, ...attempt.times },
        ...recordOfStart(context),
        ...(result === null ? {} : { result }),
      },
      conditions: verdict.conditions,
    }),
    taskEvent(context, verdict.event, verdict.note),
    ...sessionSummary(context, pod),
    ...(pod === null ? [] : releasePod(context.snapshot, pod)),
  ];
  return decided({ actions, reasons: trail });
}

interface Verdict {
  readonly cause: Cause | null;
  readonly message: string | null;
  readonly container?: string;
  readonly conditions: readonly ConditionChange[];
  readonly event: EventReason;
  readonly note: string;
}

function verdictOf(context: TaskContext, fate: Exclude<Fate, { type: 'Lives' }>, pod: Pod | null): Verdict {
  switch (fate.type) {
    case 'Succeeded':
      return {
        cause: null,
        message: null,
        conditions: [finished('Completed', 'task completed successfully'), ...settled(context)],
        event: 'Completed',
        note: 'Task completed successfully',
      };
    case 'Failed':
      return failed(context, fate.cause, fate.message, fate.container);
    case 'Missing':
      return failed(context, 'PodDeleted', `pod ${context.podName} is gone and nothing says how it ended`, undefined);
    case 'EndedByUs':
      return endedByUs(context, fate.ending, pod);
  }
}

function failed(context: TaskContext, cause: Cause, message: string, container: string | undefined): Verdict {
  return {
    cause,
    message,
    ...(container === undefined ? {} : { container }),
    conditions: [finished('Failed', message), ...settled(context)],
    event: 'Failed',
    note: `Task failed: ${message}`,
  };
}

function endedByUs(context: TaskContext, ending: 'UserStopped' | 'Timeout', pod: Pod | null): Verdict {
  const message =
    ending === 'Timeout' ? `Task timed out after ${timeoutText(context, pod)}` : `Task was stopped by the annotation ${ANNOTATIONS.stop}`;
  return {
    cause: ending === 'Timeout' ? 'Timeout' : 'Stopped',
    message,
    conditions: [
      { type: 'Stopped', status: 'True', reason: ending, message },
      finished(ending === 'Timeout' ? 'Timeout' : 'Stopped', message),
      ...settled(context),
    ],
    event: ending === 'Timeout' ? 'Timeout' : 'Stopped',
    note: ending === 'Timeout' ? message : 'Task stopped by user',
  };
}

function timeoutText(context: TaskContext, pod: Pod | null): string {
  const durationMs = timeoutMs(context, pod);
  return durationMs === null ? 'its timeout' : formatDuration(durationMs);
}

function finished(outcome: 'Completed' | 'Failed' | 'Stopped' | 'Timeout', message: string): ConditionChange {
  return { type: 'Finished', status: 'True', reason: outcome, message };
}

/** Conditions that spoke of a state that is over. */
function settled(context: TaskContext): readonly ConditionChange[] {
  const conditions = context.task.status?.conditions;
  const over = (type: 'Queued' | 'Stopping'): boolean => findCondition(conditions, type)?.status === 'True';
  return [
    ...(over('Queued') ? [{ type: 'Queued' as const, status: 'False' as const, reason: 'Finished', message: 'task has ended' }] : []),
    ...(over('Stopping') ? [{ type: 'Stopping' as const, status: 'False' as const, reason: 'Finished', message: 'task has ended' }] : []),
  ];
}

function attemptOf(context: TaskContext, pod: Pod | null, verdict: Verdict): Attempt {
  const container = verdict.container ?? AGENT_CONTAINER;
  const statuses = [...(pod?.status?.containerStatuses ?? []), ...(pod?.status?.initContainerStatuses ?? [])];
  const ended = statuses.find((status) => status.name === container)?.state?.terminated;
  const signal = ended?.signal ?? (ended === undefined ? undefined : signalOf(ended.exitCode));
  const scheduled = pod?.status?.conditions?.find(
    (condition) => condition.type === 'PodScheduled' && condition.status === 'True',
  )?.lastTransitionTime;
  const podCreated = pod?.metadata.creationTimestamp ?? context.task.status?.times?.podCreated;
  return {
    number: context.attempt,
    podName: context.podName,
    ...(pod?.metadata.uid === undefined ? {} : { podUID: pod.metadata.uid }),
    ...(pod?.spec.nodeName === undefined ? {} : { node: pod.spec.nodeName }),
    ...(verdict.cause === null ? {} : { cause: verdict.cause }),
    ...(ended === undefined ? {} : { container, exitCode: ended.exitCode }),
    ...(signal === undefined ? {} : { signal }),
    ...(verdict.message === null ? {} : { message: cutText(verdict.message, 1_024) }),
    times: {
      ...(podCreated === undefined ? {} : { podCreated }),
      ...(scheduled === undefined ? {} : { scheduled }),
      ...(parseTime(ended?.startedAt) === null ? {} : { running: ended?.startedAt ?? '' }),
      finished: parseTime(ended?.finishedAt) === null ? formatTime(context.nowMs) : (ended?.finishedAt ?? ''),
    },
  };
}

/** The JSON object that the agent left in its termination message; null when it left none. Never trusted: it is data for people. */
function resultOf(pod: Pod | null): Readonly<Record<string, unknown>> | null {
  const text = pod?.status?.containerStatuses?.find((status) => status.name === AGENT_CONTAINER)?.state?.terminated?.message;
  return text === undefined || text.length > MAX_RESULT_LENGTH ? null : parseObject(text);
}

function sessionSummary(context: TaskContext, pod: Pod | null): readonly Action[] {
  const url = startedWithOf(pod).serverUrl;
  return url === undefined
    ? []
    : [{ type: 'Effect', id: `session/${context.attempt}`, kind: 'SessionSummary', url, title: sessionTitle(context.task) }];
}

/** A Task that can never start. */
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
        set: { phase: 'Failed', completionTime: formatTime(context.nowMs), cause, message, ...recordOfStart(context) },
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

/** A stop that came before there was a Pod: none is made. */
export function stopBeforeStart(context: TaskContext): Decided {
  const where = context.task.status?.phase === 'Queued' ? 'while queued' : 'before it started';
  const message = `Task was stopped ${where} by the annotation ${ANNOTATIONS.stop}`;
  return decided({
    actions: [
      ...patchStatus(context, 'status/stopped', {
        set: { phase: 'Completed', completionTime: formatTime(context.nowMs), cause: 'Stopped', message, ...recordOfStart(context) },
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
