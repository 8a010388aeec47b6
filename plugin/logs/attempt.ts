import type { Attempt, Task } from '#core/api/task.ts';
import { isFinished } from '#core/contract/ended.ts';
import { outcomeText } from '../task-text.ts';

/** Which attempt is read: by its number, else the one before the latest, else the latest. */
export interface AttemptChoice {
  readonly attempt?: number;
  readonly previous?: boolean;
}

/** The attempt whose log is read. */
export interface ChosenAttempt {
  readonly number: number;
  readonly podName: string;
  /** What the status keeps of it; absent while it runs. */
  readonly kept?: Attempt;
}

/** Throws, in words, where there was no such attempt, or it had no Pod. */
export function chosenAttempt(task: Task, choice: AttemptChoice): ChosenAttempt {
  const number = numberOf(task, choice);
  const kept = task.status?.attempts?.find((attempt) => attempt.number === number);
  const podName = kept?.podName ?? (number === latestOf(task) ? task.status?.podName : undefined);
  if (podName === undefined) throw new Error(noPodText(task, number));
  return { number, podName, ...(kept === undefined ? {} : { kept }) };
}

export function latestOf({ status }: Task): number {
  return Math.max(1, status?.attemptCount ?? 1, status?.attempts?.at(-1)?.number ?? 1);
}

function numberOf(task: Task, { attempt, previous }: AttemptChoice): number {
  const latest = latestOf(task);
  const number = attempt ?? (previous === true ? latest - 1 : latest);
  if (number >= 1 && number <= latest) return number;
  const had = latest === 1 ? '1 attempt' : `${latest} attempts`;
  const lacks = attempt === undefined ? 'none before the latest' : `no attempt ${attempt}`;
  throw new Error(`read logs of task ${task.metadata.name}: there was ${lacks}; it has had ${had}`);
}

function noPodText(task: Task, number: number): string {
  const before = `read logs of task ${task.metadata.name}`;
  if (number < latestOf(task)) return `${before}: the status does not say which pod attempt ${number} had`;
  return isFinished(task)
    ? `${before}: it ended without a pod: ${outcomeText(task)}`
    : `${before}: it has no pod yet: ${outcomeText(task)}; -f waits for it`;
}
