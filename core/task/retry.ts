import type { Pod } from '../api/kubernetes.ts';
import type { Retry, RetryableCause } from '../api/retry.ts';
import type { Cause, TaskStatus } from '../api/task.ts';
import { conformsTo } from '../pod/shape.ts';
import { RETRY } from '../pod/task-defaults.ts';
import { parseDuration } from '../units/duration.ts';
import { fnv1a32 } from '../units/hash.ts';
import { stopRequested, type TaskContext } from './context.ts';
import { LATEST_MS } from './decided.ts';
import type { Fate, FinalFate } from './fate.ts';
import { mayHaveStarted } from './pending.ts';
import { startedWithOf } from './started-with.ts';

const isRetry = conformsTo(RETRY);

/** Defaults of `retry.backoff`: those of the Job controller's own kind of wait. */
const INITIAL_MS = 10_000;
const FACTOR = 2;
/** As the CRD has it; what an older one let in counts as this. */
const MOST_FACTOR = 10;
const LONGEST_MS = 600_000;
/** Up to so much longer waits a Task, by its UID and attempt: those that failed together do not come back together. */
const JITTER = 0.2;
/** How often a Pod is replaced for nothing: a node that ends every Pod at once must not go on for ever. */
const MAX_UNSTARTED = 10;

/** Ends that nobody but the platform brought about: where the agent had not started, the next Pod takes nothing from anybody. */
const BY_PLATFORM: ReadonlySet<Cause> = new Set(['Evicted', 'Preempted', 'NodeLost', 'Unschedulable']);

/** Whether the common limit covers a cause; where not, only a limit of its own does. What is not here can't be tried again at all. */
const COMMON: Readonly<Record<RetryableCause, boolean>> = {
  Application: true,
  OutOfMemory: true,
  Evicted: true,
  Preempted: true,
  NodeLost: true,
  PodDeleted: true,
  Image: true,
  Configuration: true,
  Unschedulable: true,
  InitContainer: true,
  Timeout: false,
};

type Spent = NonNullable<TaskStatus['retries']>;

export type RetryVerdict =
  /** `spent` is what `status.retries` says from then on. */
  | { readonly type: 'Again'; readonly dueMs: number; readonly spent: Spent; readonly says: string }
  /** `says` is null where nobody wanted a retry. */
  | { readonly type: 'Final'; readonly says: string | null };

/** Whether an attempt that ended so is followed by another, and when. The budgets are counters in the status: whatever crashes, an attempt is paid for once. */
export function retryVerdict(context: TaskContext, fate: FinalFate, pod: Pod | null): RetryVerdict {
  const policy = policyOf(context, pod);
  const cause = causeOf(fate);
  if (policy === null || cause === null || stopRequested(context.task)) return { type: 'Final', says: null };
  const own = policy.causes?.[cause];
  if (own === 0) return final(`retry.causes.${cause} is 0`);
  if (pod === null && context.snapshot.settings.config.evidence !== 'BestEffort') {
    return final('the pod was held by a finalizer and is gone all the same, so nobody knows whether its containers have ended');
  }
  const { retries = {} } = context.task.status ?? {};
  const spent = { limit: countOf(retries.limit), unstarted: countOf(retries.unstarted), own: countOf(retries.causes?.[cause]) };
  const again = (paid: Spent, says: string): RetryVerdict => ({ type: 'Again', dueMs: dueMs(context, policy), spent: paid, says });
  const forNothing = isForNothing(fate, cause, pod);
  if (forNothing && spent.unstarted < MAX_UNSTARTED) {
    return again({ ...retries, unstarted: spent.unstarted + 1 }, 'the agent had not started: this spends no retry');
  }
  if (own !== undefined) {
    if (spent.own >= own) return final(`${spent.own} of ${own} retries for ${cause} are spent`);
    return again({ ...retries, causes: { ...retries.causes, [cause]: spent.own + 1 } }, `retry ${spent.own + 1} of ${own} for ${cause}`);
  }
  const most = countOf(policy.limit);
  if (!COMMON[cause]) return final(`retry.limit does not cover ${cause}; retry.causes.${cause} would`);
  if (spent.limit < most) return again({ ...retries, limit: spent.limit + 1 }, `retry ${spent.limit + 1} of ${most}`);
  if (forNothing)
    return final(
      `its pods were ended ${spent.unstarted} times before the agent had started, and ${spent.limit} of ${most} retries are spent`,
    );
  return most === 0 ? { type: 'Final', says: null } : final(`${spent.limit} of ${most} retries are spent`);
}

function final(why: string): RetryVerdict {
  return { type: 'Final', says: `not tried again: ${why}` };
}

/** What somebody has stored by hand is at most a wrong count. */
function countOf(value: number | undefined): number {
  return Math.max(0, value ?? 0);
}

/** The Task's own word, else what it was started with, else the cluster's default (a Pod that is gone no longer tells what it was started with). */
function policyOf({ task, snapshot }: TaskContext, pod: Pod | null): Retry | null {
  if (task.spec.retry !== undefined) return task.spec.retry;
  if (pod !== null) return startedWithOf(pod).retry ?? null;
  const byDefault = snapshot.settings.config.taskDefaults?.retry;
  return byDefault !== undefined && isRetry(byDefault) ? byDefault : null;
}

function causeOf(fate: FinalFate): RetryableCause | null {
  const cause = ((): Cause | null => {
    switch (fate.type) {
      case 'Succeeded':
        return null;
      case 'Failed':
        return fate.cause;
      case 'Missing':
        return 'PodDeleted';
      case 'EndedByUs':
        return fate.ending === 'Timeout' ? 'Timeout' : null;
    }
  })();
  return cause !== null && Object.hasOwn(COMMON, cause) ? (cause as RetryableCause) : null;
}

/** A Pod that was kept waiting until we ended it was ended by us, and is paid for. */
function isForNothing(fate: Fate, cause: Cause, pod: Pod | null): boolean {
  return pod !== null && fate.type === 'Failed' && fate.isByUs !== true && BY_PLATFORM.has(cause) && !mayHaveStarted(pod);
}

function dueMs(context: TaskContext, { backoff }: Retry): number {
  const { limit, unstarted, causes = {} } = context.task.status?.retries ?? {};
  const before = [limit, unstarted, ...Object.values(causes)].reduce<number>((sum, count) => sum + countOf(count), 0);
  const factor = Math.min(MOST_FACTOR, Math.max(1, backoff?.factor ?? FACTOR));
  const plainMs = Math.min(durationMs(backoff?.max, LONGEST_MS), durationMs(backoff?.initial, INITIAL_MS) * factor ** Math.min(before, 30));
  const chance = Number.parseInt(fnv1a32(`${context.snapshot.subject.uid}/${context.attempt}`), 16) / 0x1_0000_0000;
  return Math.min(LATEST_MS, context.nowMs + Math.ceil(plainMs * (1 + JITTER * chance)));
}

function durationMs(text: string | undefined, otherwise: number): number {
  const parsed = parseDuration(text);
  return parsed.ok ? Math.max(0, parsed.ms) : otherwise;
}
