import type { Task } from '#core/api/task.ts';
import type { ClusterError } from '#host/cluster/cluster.ts';
import { failureText, isReplaced, type Reached } from './cluster/failure.ts';
import { outcomeText, taskTitle } from './task-text.ts';

/** What `stop` and `retry` have in common: both ask the controller for something by a patch of each Task, and may wait for the ends. */

/** How Tasks that were waited for have ended, by UID; null: deleted. */
export type Ends = Map<string | undefined, Task | null>;

/** Why the patch of a Task failed; `untouched` says what a Task that has taken the name was spared. */
export function patchFailure(verb: 'stop' | 'retry', task: Task, error: ClusterError, untouched: string, cluster: Reached): string {
  const { namespace = '', name } = task.metadata;
  return isReplaced(error)
    ? `${verb} task ${name}: it was deleted and another one has its name now; ${untouched}`
    : failureText({ verb: 'patch', kind: 'Task', namespace, name }, error, cluster);
}

/** Which Task a row of the report is about. */
export function identityOf({ metadata: { namespace = '', name, uid } }: Task): {
  readonly namespace: string;
  readonly name: string;
  readonly uid?: string;
} {
  return { namespace, name, ...(uid === undefined ? {} : { uid }) };
}

/** The line of a Task that has been waited for. */
export function endLine(task: Task, final: Task | null): string {
  return `${taskTitle(task)} ${final === null ? 'deleted' : `ended: ${outcomeText(final)}`}\n`;
}
