import type { Task } from '#core/api/task.ts';
import { isFinished } from '#core/contract/ended.ts';
import type { TaskEnd } from './contract/asked.ts';

/** How a Task has ended, for `-o json`; null is one that was deleted. Nothing where it has not ended. */
export function endState(task: Task | null | undefined): { readonly end?: TaskEnd } {
  if (task === null) return { end: { deleted: true } };
  if (task === undefined || !isFinished(task)) return {};
  const { phase, cause, message } = task.status ?? {};
  return {
    end: {
      ...(phase === undefined ? {} : { phase }),
      ...(cause === undefined ? {} : { cause }),
      ...(message === undefined ? {} : { message }),
    },
  };
}
