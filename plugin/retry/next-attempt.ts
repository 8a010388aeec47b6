import type { Task } from '#core/api/task.ts';
import { isFinished } from '#core/contract/ended.ts';
import { ANNOTATIONS } from '#core/contract/names.ts';
import { otherManager, outcomeText } from '../task-text.ts';

/**
 * Number of the attempt that comes next: one above the last that is listed. A Task that failed before its first Pod has none listed, and its next is the first; one that
 * another controller has run may have a Pod and no list.
 */
export function nextAttempt({ status }: Pick<Task, 'status'>): number {
  const listed = status?.attempts?.at(-1)?.number ?? 0;
  if (listed > 0) return listed + 1;
  return status?.podName ? Math.max(1, status.attemptCount ?? 1) + 1 : 1;
}

export type Asking =
  | { readonly type: 'Ask'; readonly attempt: number }
  /** It was asked for before, and the controller has it, or is about to. */
  | { readonly type: 'Asked'; readonly attempt: number; readonly why: string }
  /** `instead` are words of `kubectl opencode` that do what may have been meant. */
  | { readonly type: 'Refused'; readonly why: string; readonly instead?: readonly string[] };

/** Whether another attempt of a Task can be asked for: of one that has ended otherwise than by success. */
export function askingFor(task: Task): Asking {
  const manager = otherManager(task);
  if (manager !== undefined) return { type: 'Refused', why: `it is managed by ${manager}, and this controller never touches it` };
  if (task.metadata.deletionTimestamp !== undefined) return { type: 'Refused', why: 'it is being deleted' };
  if (hasSucceeded(task)) return { type: 'Refused', why: 'it has succeeded; to do it again make another Task', instead: runAgain(task) };
  const attempt = nextAttempt(task);
  const { annotations } = task.metadata;
  const isAsked = annotations?.[ANNOTATIONS.retry] === String(attempt) && annotations[ANNOTATIONS.stop] !== 'true';
  if (!isFinished(task)) {
    return isAsked
      ? { type: 'Asked', attempt, why: `attempt ${attempt} was asked for before, and has not ended yet` }
      : { type: 'Refused', why: `it has not ended: ${outcomeText(task)}; to end it`, instead: ['stop', task.metadata.name] };
  }
  return isAsked
    ? { type: 'Asked', attempt, why: `attempt ${attempt} was asked for before, and the controller has not begun it yet` }
    : { type: 'Ask', attempt };
}

/** One line that is no name and no flag; another prompt is left to be filled in. */
const SHORT_PROMPT = /^\w[^\n]{0,80}$/;

/** Makes another Task of the same prompt. */
function runAgain({ spec: { agentRef, templateRef, description = '' } }: Task): readonly string[] {
  const who = agentRef === undefined ? ['--template', templateRef?.name ?? 'TEMPLATE'] : ['--agent', agentRef.name];
  return ['run', ...who, SHORT_PROMPT.test(description) && description.includes(' ') ? description : 'PROMPT'];
}

/** Whether a Task has ended by itself and badly: what a person has stopped is tried again by its name alone. */
export function isRetriedByAll(task: Task): boolean {
  return (task.status?.phase === 'Failed' || task.status?.cause === 'Timeout') && askingFor(task).type !== 'Refused';
}

/** Other controllers give no cause; a Task that they stopped says so in the condition alone. */
function hasSucceeded({ status }: Task): boolean {
  const isStopped = status?.conditions?.some(({ type, status: is }) => type === 'Stopped' && is === 'True') === true;
  return status?.phase === 'Completed' && status.cause === undefined && !isStopped;
}
