import type { TaskStatus } from '../api/task.ts';

/** How a Task ended, as clean-up tells the ways apart. */
export const TASK_OUTCOMES = ['Completed', 'Failed', 'Stopped'] as const;
export type TaskOutcome = (typeof TASK_OUTCOMES)[number];

/**
 * The outcome of a finished Task; null for one that has not ended. A Task that was stopped or timed out has the phase Completed, as upstream has it; one that upstream's
 * controller ended has no cause, and says so in the condition `Stopped` alone.
 */
export function outcomeOfTask(status: Pick<TaskStatus, 'phase' | 'cause' | 'conditions'> | undefined): TaskOutcome | null {
  switch (status?.phase) {
    case 'Failed':
      return 'Failed';
    case 'Completed':
      return wasStopped(status) ? 'Stopped' : 'Completed';
    default:
      return null;
  }
}

/** What people may have written in the place of conditions says nothing. */
function wasStopped({ cause, conditions }: Pick<TaskStatus, 'cause' | 'conditions'>): boolean {
  if (cause !== undefined) return cause === 'Stopped' || cause === 'Timeout';
  return Array.isArray(conditions) && conditions.some((entry) => entry?.type === 'Stopped' && entry.status === 'True');
}
