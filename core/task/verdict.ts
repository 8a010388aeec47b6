import type { Pod } from '../api/kubernetes.ts';
import type { Cause } from '../api/task.ts';
import { ANNOTATIONS } from '../contract/names.ts';
import { formatDuration } from '../units/duration.ts';
import { type ConditionChange, type ConditionType, trueCondition } from './conditions.ts';
import type { TaskContext } from './context.ts';
import type { EventReason } from './events.ts';
import type { FinalFate } from './fate.ts';
import { timeoutMs } from './started-with.ts';

/** What is said of an end: in the status, in its conditions, and in an Event. */
export interface Verdict {
  readonly cause: Cause | null;
  readonly message: string | null;
  readonly container?: string;
  readonly conditions: readonly ConditionChange[];
  readonly event: EventReason;
  readonly note: string;
}

/** The verdict on an end. */
export function verdictOf(context: TaskContext, fate: FinalFate, pod: Pod | null): Verdict {
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

export function finished(outcome: 'Completed' | 'Failed' | 'Stopped' | 'Timeout', message: string): ConditionChange {
  return { type: 'Finished', status: 'True', reason: outcome, message };
}

/** Conditions that spoke of a state that is over. */
export function settled(context: TaskContext): readonly ConditionChange[] {
  const conditions = context.task.status?.conditions;
  return STATES.filter((type) => trueCondition(conditions, type) !== undefined).map((type) => ({
    type,
    status: 'False',
    reason: 'Finished',
    message: 'task has ended',
  }));
}

const STATES: readonly ConditionType[] = ['Queued', 'Stopping', 'PodBlocked', 'Retrying'];
