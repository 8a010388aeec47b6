import type { Task } from '#core/api/task.ts';
import { timestamp } from '#host/clock.ts';
import type { Why } from '../contract/why.ts';
import { retryBudgets } from '../retries.ts';
import type { Situation } from './changes/change.ts';
import { factOf } from './course.ts';
import { wholeSeconds } from './facts.ts';

type AttemptFacts = Pick<Why, 'attempts' | 'retries' | 'next' | 'blocked'>;

/** What there was before, what comes next, and what keeps the present attempt from running; of a Task that has not ended. */
export function attemptFacts({ judged, case: { facts } }: Situation, task: Task): AttemptFacts {
  const { status } = task;
  const budgets = retryBudgets(task);
  const blocked = blockedOf(task);
  const untilMs = factOf(judged, 'task/pending-timeout-ahead', 'untilMs');
  const next = nextOf(task, Date.parse(facts.now));
  return {
    ...(status?.attempts === undefined || status.attempts.length === 0 ? {} : { attempts: status.attempts }),
    ...(budgets.length === 0 ? {} : { retries: budgets }),
    ...(next === undefined ? {} : { next }),
    ...(blocked === undefined
      ? {}
      : { blocked: { ...blocked, ...(typeof untilMs === 'number' ? { givenUpAt: timestamp(untilMs) } : {}) } }),
  };
}

function nextOf({ status }: Task, nowMs: number): AttemptFacts['next'] {
  const retrying = status?.conditions?.find(({ type, status: is }) => type === 'Retrying' && is === 'True');
  if (retrying === undefined) return undefined;
  const dueAt = status?.nextAttemptTime;
  return {
    attempt: (status?.attempts?.at(-1)?.number ?? 0) + 1,
    // When that is, is said beside it.
    because: retrying.message.replace(/; the next starts at \S+$/, ''),
    ...(dueAt === undefined ? {} : { dueAt, in: wholeSeconds(Date.parse(dueAt) - nowMs) }),
  };
}

function blockedOf({ status }: Task): Omit<NonNullable<AttemptFacts['blocked']>, 'givenUpAt'> | undefined {
  const condition = status?.conditions?.find(({ type, status: is }) => type === 'PodBlocked' && is === 'True');
  return condition === undefined
    ? undefined
    : { reason: condition.reason, message: condition.message, since: condition.lastTransitionTime };
}
