import type { Task } from '#core/api/task.ts';
import { ANNOTATIONS } from '#core/contract/names.ts';
import { mergePatch } from '#host/cluster/memory/merge-patch.ts';
import type { Case } from '../cluster/case.ts';
import type { WhyAgain } from '../contract/why-changes.ts';
import { askingFor } from '../retry/next-attempt.ts';
import type { Asker } from './asker.ts';
import { type Situation, without } from './changes/change.ts';
import { type Judged, leadsTo } from './course.ts';
import { tried } from './tried.ts';

/** What `kubectl opencode retry` would come to now, and what would have to change before; undefined where the core starts no other attempt. */
export async function againOf(situation: Situation, task: Task, asker: Asker): Promise<WhyAgain | undefined> {
  const { kubectl } = situation;
  const start = await reopened(situation, task, asker);
  if (start === undefined) return undefined;
  const judged = await asker.settle(start.case);
  return {
    command: kubectl.opencode('retry', task.metadata.name),
    attempt: start.attempt,
    leadsTo: leadsTo(judged),
    course: judged.course,
    changes: await tried({ case: start.case, judged, kubectl, near: situation.near }, asker),
  };
}

/** The Task as the core opens it again when one more attempt is asked for, and the number of that; undefined where it does not. */
export async function reopened(
  { case: base }: Situation,
  task: Task,
  asker: Asker,
): Promise<{ readonly attempt: number; readonly case: Case } | undefined> {
  const asking = askingFor(task);
  if (asking.type === 'Refused') return undefined;
  const annotations = { ...without(task.metadata.annotations ?? {}, ANNOTATIONS.stop), [ANNOTATIONS.retry]: String(asking.attempt) };
  const asked: Task = { ...task, metadata: { ...task.metadata, annotations } };
  const { finishedRank: _, finishedRankOfOutcome: __, granted: ___, ...facts } = base.facts;
  const before: Case = { ...base, facts: { ...facts, task: asked, outcomes: [] } };
  const open = written(asked, await asker.decide(before));
  return open === undefined ? undefined : { attempt: asking.attempt, case: { ...before, facts: { ...before.facts, task: open } } };
}

/** The Task as the decision writes it; undefined where that does not open it again. */
function written(task: Task, { decided }: Judged): Task | undefined {
  if (!decided.reasons.some(({ rule }) => rule === 'task/retry-requested')) return undefined;
  return decided.actions.reduce<Task>((object, action) => {
    const isStatus = action.type === 'Patch' && action.ref.kind === 'Task' && action.subresource === 'status';
    return isStatus ? (mergePatch(object, action.patch) as Task) : object;
  }, task);
}
