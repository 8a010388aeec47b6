import type { TaskStatus } from '../api/task.ts';
import { type ConditionChange, trueCondition } from './conditions.ts';
import type { TaskContext } from './context.ts';

/** What held for an attempt that has ended must not be taken for the next one's. */
export function forgottenConditions({ task }: TaskContext, message: string): readonly ConditionChange[] {
  return (['Queued', 'Stopping', 'PodBlocked', 'PodDeleting', 'Stopped', 'Finished'] as const)
    .filter((type) => trueCondition(task.status?.conditions, type) !== undefined)
    .map((type) => ({ type, status: 'False', reason: 'Retried', message }));
}

/** `status.times` is of the latest attempt: the next begins without. A merge patch removes a field by null. */
export function forgottenTimes(status: TaskStatus | undefined): NonNullable<TaskStatus['times']> {
  const ofAttempt = Object.keys(status?.times ?? {}).filter((field) => field !== 'queued');
  return { ...status?.times, ...Object.fromEntries(ofAttempt.map((field) => [field, null])) };
}
