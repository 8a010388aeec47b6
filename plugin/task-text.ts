import type { Attempt, Task } from '#core/api/task.ts';

/** `task.kubeopencode.io/fix`, as kubectl names it. */
export function taskTitle({ metadata }: Pick<Task, 'metadata'>): string {
  return `task.kubeopencode.io/${metadata.name}`;
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
