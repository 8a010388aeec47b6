import type { Task } from '#core/api/task.ts';
import type { Settings, Snapshot } from '#core/contract/snapshot.ts';
import { outcomeOfTask, TASK_OUTCOMES } from '#core/contract/task-outcome.ts';
import { FinishedIndex } from '#host/controller/finished-index.ts';
import { keyOf } from '#host/controller/subject.ts';

type Cleanup = Settings['config']['cleanup'];
export type Ranks = Pick<Snapshot, 'finishedRank' | 'finishedRankOfOutcome'>;

/** Whether a cluster's clean-up counts its finished Tasks. */
export function isRanked(cleanup: Cleanup): boolean {
  return cleanup?.maxRetainedTasks !== undefined || limitsAnOutcome(cleanup);
}

/** How many of the namespace ended after this Task, as far as the clean-up counts them; nothing for one that has not ended. */
export function ranksOf(cleanup: Cleanup, tasks: readonly Task[] | undefined, { metadata, status }: Task): Ranks {
  if (tasks === undefined || outcomeOfTask(status) === null) return {};
  const index = new FinishedIndex();
  for (const one of tasks) index.put(one);
  const { namespace = '', name, uid = '' } = metadata;
  const key = keyOf({ namespace, name, uid });
  const [rank, ofOutcome] = [index.endedAfter(key), index.endedAfterOfOutcome(key)];
  return {
    ...(cleanup?.maxRetainedTasks === undefined || rank === undefined ? {} : { finishedRank: rank }),
    ...(!limitsAnOutcome(cleanup) || ofOutcome === undefined ? {} : { finishedRankOfOutcome: ofOutcome }),
  };
}

function limitsAnOutcome(cleanup: Cleanup): boolean {
  return TASK_OUTCOMES.some((outcome) => cleanup?.[`maxRetained${outcome}Tasks`] !== undefined);
}
