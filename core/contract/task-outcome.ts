import type { TaskStatus } from '../api/task.ts';

/** How a Task ended, as clean-up tells the ways apart. */
export const TASK_OUTCOMES = ['Completed', 'Failed', 'Stopped'] as const;
export type TaskOutcome = (typeof TASK_OUTCOMES)[number];

/** The outcome of a finished Task; null for one that has not ended. A Task that was stopped or timed out has the phase Completed, as upstream has it. */
export function outcomeOfTask(status: Pick<TaskStatus, 'phase' | 'cause'> | undefined): TaskOutcome | null {
  switch (status?.phase) {
    case 'Failed':
      return 'Failed';
    case 'Completed':
      return status.cause === 'Stopped' || status.cause === 'Timeout' ? 'Stopped' : 'Completed';
    default:
      return null;
  }
}
