import type { Attempt, Task } from '#core/api/task.ts';
import { MANAGED_BY } from '#core/contract/names.ts';

/** `task.kubeopencode.io/fix`, as kubectl names it. */
export function taskTitle({ metadata }: Pick<Task, 'metadata'>): string {
  return `task.kubeopencode.io/${metadata.name}`;
}

/** The controller that a Task names, where that is not this one. */
export function otherManager({ spec: { managedBy } }: Pick<Task, 'spec'>): string | undefined {
  return managedBy === undefined || managedBy === '' || managedBy === MANAGED_BY ? undefined : managedBy;
}

/** `Failed (OutOfMemory, exit code 137): …`. */
export function outcomeText({ status }: Task): string {
  const detail = [...(status?.cause === undefined ? [] : [status.cause]), ...exitText(status?.attempts?.at(-1))];
  const message = status?.message === undefined ? '' : `: ${status.message}`;
  return `${status?.phase ?? 'Pending'}${detail.length === 0 ? '' : ` (${detail.join(', ')})`}${message}`;
}

function exitText(attempt: Attempt | undefined): readonly string[] {
  return attempt?.exitCode === undefined || attempt.exitCode === 0 ? [] : [`exit code ${attempt.exitCode}`];
}
