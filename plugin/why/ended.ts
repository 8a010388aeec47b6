import type { Task } from '#core/api/task.ts';
import { outcomeOfTask } from '#core/contract/task-outcome.ts';
import { timestamp } from '#host/clock.ts';
import type { Case } from '../cluster/case.ts';
import type { WhyEnd, WhyKept } from '../contract/why.ts';
import type { Asker } from './asker.ts';
import type { Situation } from './changes/change.ts';
import { retryRaised } from './changes/of-retry.ts';

/**
 * How a Task ended: what its status keeps of it, and the rules that fired, by asking the core about the Pods that are still there as if the end had not been
 * written. Where that gives another end (a Pod was deleted since), the rules are left out.
 */
export async function endOf(situation: Situation, task: Task, asker: Asker): Promise<WhyEnd> {
  const { case: base } = situation;
  const { status = {} } = task;
  const { phase = '', cause, message, completionTime, attempts = [], result } = status;
  const told = {
    phase,
    ...(cause === undefined ? {} : { cause }),
    ...(message === undefined ? {} : { message }),
    ...(completionTime === undefined ? {} : { at: completionTime }),
    attempts,
    ...(result === undefined ? {} : { result }),
  };
  if (base.facts.pods.length === 0) return told;
  const { finishedRank: _, finishedRankOfOutcome: __, ...facts } = base.facts;
  const { completionTime: ___, cause: ____, message: _____, ...before } = status;
  const stopped = status.conditions?.find(({ type, status: is }) => type === 'Stopped' && is === 'True');
  const conditions = (status.conditions ?? []).filter(({ type }) => type !== 'Finished' && type !== 'Stopping' && type !== 'Stopped');
  const stopping =
    stopped === undefined ? [] : [{ ...stopped, type: 'Stopping', lastTransitionTime: status.startTime ?? stopped.lastTransitionTime }];
  const unended: Task = {
    ...task,
    status: { ...before, phase: 'Running', conditions: [...conditions, ...stopping], attempts: attempts.slice(0, -1) },
  };
  const then = { ...base, facts: { ...facts, task: unended, now: completionTime ?? facts.now } };
  const judged = await asker.settle({ ...then, facts: { ...then.facts, now: timestamp(Date.parse(then.facts.now)) } });
  if (judged.course !== 'Ends' || judged.phase !== phase || judged.cause !== cause) return told;
  const [raised] = retryRaised(
    { ...situation, case: { ...then, facts: { ...then.facts, now: timestamp(Date.parse(then.facts.now)) } }, judged },
    unended,
  );
  const isHelp = raised !== undefined && (await asker.settle(raised.case)).decided.reasons.some(({ rule }) => rule === 'task/retry');
  const { change = '', command = '' } = raised ?? {};
  return { ...told, reasons: judged.decided.reasons, ...(isHelp ? { retriedWith: { change, command } } : {}) };
}

/** How long a finished Task is kept: until its time is over, or until so many more have ended. The core is asked when it would delete it. */
export async function keptOf({ case: base, until }: Situation, task: Task, asker: Asker): Promise<WhyKept> {
  const { finishedRank, finishedRankOfOutcome, settings } = base.facts;
  const { cleanup } = settings.config;
  const outcome = outcomeOfTask(task.status) ?? 'Completed';
  const isDeletedAt = async (facts: Partial<Case['facts']>): Promise<boolean> => {
    const { decided } = await asker.decide({ ...base, facts: { ...base.facts, ...facts } });
    return decided.actions.some((action) => action.type === 'Delete' && action.ref.kind === 'Task');
  };
  const byTime = until !== undefined && (await isDeletedAt({ now: until }));
  const counted = [
    { field: 'finishedRank', rank: finishedRank, limit: cleanup?.maxRetainedTasks, told: {} },
    {
      field: 'finishedRankOfOutcome',
      rank: finishedRankOfOutcome,
      limit: cleanup?.[`maxRetained${outcome}Tasks`],
      told: { ofOutcome: outcome },
    },
  ] as const;
  const limits: WhyKept[] = [];
  for (const { field, rank, limit, told } of counted) {
    if (rank === undefined || limit === undefined || !(await isDeletedAt({ [field]: limit }))) continue;
    limits.push({ ...told, rank, limit, deletedAfter: Math.max(0, limit - rank) });
  }
  const [first] = limits.toSorted((a, b) => (a.deletedAfter ?? 0) - (b.deletedAfter ?? 0));
  return { ...(byTime ? { deletedAt: until } : {}), ...first };
}
