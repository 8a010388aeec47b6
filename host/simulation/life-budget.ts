import type { Retry } from '#core/api/retry.ts';
import type { Cause } from '#core/api/task.ts';
import type { Ledger } from './ledger.ts';
import { startedWithOf } from './life-records.ts';
import type { TaskRecord } from './records.ts';

/** How often a Pod is replaced for nothing. */
const MOST_UNSTARTED = 10;
const BY_PLATFORM: ReadonlySet<Cause> = new Set(['Evicted', 'Preempted', 'NodeLost', 'Unschedulable']);

interface Paid {
  readonly cause: Cause | undefined;
  /** The platform ended the Pod before its agent had started. */
  readonly isForNothing: boolean;
}

/** Why an attempt must not be made by what its Task's spec allows and what the Pods before it did; the counters in its status have no part in it. */
export function faultOfBudget(ledger: Ledger, task: TaskRecord, attempt: number): string | null {
  const paid: Paid[] = [];
  for (let number = 1; number < attempt; number++) {
    const recorded = task.recorded.get(number);
    if (task.asked.has(number + 1) || recorded === undefined) continue;
    const { cause } = recorded.attempt;
    // One that no node took until we gave it up was ended by us; a node that was lost meanwhile was not.
    const isGivenUp = cause === 'Unschedulable' && recorded.wasEndedByUs;
    const isForNothing = cause !== undefined && BY_PLATFORM.has(cause) && !recorded.hadStarted && !isGivenUp;
    paid.push({ cause, isForNothing });
  }
  if (paid.length === 0) return null;
  const policies = policiesOf(ledger, task);
  const [policy] = policies;
  if (policy === undefined) return `attempt ${attempt} is made, and no retry was wanted`;
  return policies.length === 1 ? exactly(policy, paid, attempt) : roughly(policies, paid, attempt);
}

function policiesOf(ledger: Ledger, task: TaskRecord): readonly Retry[] {
  const inherited = task.pods.flatMap((pod) => startedWithOf(pod).retry ?? []);
  const byDefault = ledger.configs.flatMap(({ spec }) => spec.taskDefaults?.retry ?? []);
  const own = task.retries.filter((retry) => retry !== undefined) as Retry[];
  const all = task.retries.includes(undefined) ? [...own, ...inherited, ...byDefault] : own;
  return [...new Map(all.map((retry) => [JSON.stringify(retry), retry])).values()];
}

/** In the order in which they came: who is first replaced for nothing, and then pays. */
function exactly({ limit = 0, causes = {} }: Retry, all: readonly Paid[], attempt: number): string | null {
  const spent = { unstarted: 0, limit: 0, causes: new Map<string, number>() };
  for (const { cause, isForNothing } of all) {
    const own = causes[cause as keyof typeof causes];
    if (own === 0) return `attempt ${attempt} is made, and ${cause} is final`;
    if (isForNothing && spent.unstarted < MOST_UNSTARTED) spent.unstarted += 1;
    else if (own !== undefined && cause !== undefined) {
      const count = (spent.causes.get(cause) ?? 0) + 1;
      spent.causes.set(cause, count);
      if (count > own) return `attempt ${attempt} is made, and it is retry ${count} of ${own} for ${cause}`;
    } else {
      spent.limit += 1;
      if (cause === undefined || cause === 'Timeout' || cause === 'Stopped' || cause === 'Rejected')
        return `attempt ${attempt} is made after ${cause ?? 'success'}, which no limit covers`;
      if (spent.limit > limit) return `attempt ${attempt} is made, and it is retry ${spent.limit} of ${limit} after ${cause}`;
    }
  }
  return null;
}

/** Where the wish was changed meanwhile: no more than the most generous of all allows. */
function roughly(policies: readonly Retry[], all: readonly Paid[], attempt: number): string | null {
  const most = Math.max(...policies.map(({ limit = 0 }) => limit));
  const own = Math.max(...policies.map(({ causes = {} }) => Object.values(causes).reduce((sum, count) => sum + (count ?? 0), 0)));
  const unstarted = Math.min(MOST_UNSTARTED, all.filter(({ isForNothing }) => isForNothing).length);
  const count = all.length - unstarted;
  return count <= most + own * policies.length ? null : `attempt ${attempt} is made, and it is retry ${count} of ${most} and ${own}`;
}
