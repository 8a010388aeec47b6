import type { Attempt, Task } from '#core/api/task.ts';
import type { WhyAdvice } from '../../contract/why-changes.ts';
import type { Asker } from '../asker.ts';
import type { Situation } from '../changes/change.ts';
import { type NextStart, nextStart } from './next-start.ts';
import { memoryRaised } from './of-memory.ts';
import { timeoutDoubled } from './of-timeout.ts';

const ADVISERS: Readonly<Record<string, (next: NextStart, last: Attempt, asker: Asker) => Promise<readonly WhyAdvice[]>>> = {
  OutOfMemory: memoryRaised,
  Timeout: timeoutDoubled,
};

/**
 * What is likely to help the next attempt, by what ended the last one. It is no change that was tried: how much an agent needs, no core can tell. That the next
 * Pod is made so, is asked of the core.
 */
export async function adviceOf(situation: Situation, task: Task, asker: Asker): Promise<readonly WhyAdvice[]> {
  const last = task.status?.attempts?.at(-1);
  const advise = ADVISERS[last?.cause ?? ''];
  if (last === undefined || advise === undefined) return [];
  const next = await nextStart(situation, task, asker);
  return next === undefined ? [] : advise(next, last, asker);
}
