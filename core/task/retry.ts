import type { Pod } from '../api/kubernetes.ts';
import type { Retry, RetryableCause } from '../api/retry.ts';
import type { Cause, TaskStatus } from '../api/task.ts';
import { parseDuration } from '../units/duration.ts';
import { fnv1a32 } from '../units/hash.ts';
import { stopRequested, type TaskContext } from './context.ts';
import type { Fate } from './fate.ts';
import { agentStarted } from './pending.ts';
import { startedWithOf } from './started-with.ts';

/** Defaults of `retry.backoff`: those of the Job controller's own kind of wait. */
const INITIAL_MS = 10_000;
const FACTOR = 2;
const LONGEST_MS = 600_000;
/** Up to so much longer waits a Task, by its UID and attempt: those that failed together do not come back together. */
const JITTER = 0.2;
/** How often a Pod is replaced for nothing: a node that ends every Pod at once must not go on for ever. */
const MAX_UNSTARTED = 10;

/** Ends that nobody but the platform brought about: where the agent had not started, the next Pod takes nothing from anybody. */
const BY_PLATFORM: ReadonlySet<Cause> = new Set(['Evicted', 'Preempted', 'NodeLost', 'Unschedulable']);

/** Whether the common limit covers a cause. What is not here can't be tried again at all, or (Timeout) only where it is named. */
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
export function retryVerdict(context: TaskContext, fate: Exclude<Fate, { type: 'Lives' }>, pod: Pod | null): RetryVerdict {
  const policy = policyOf(context, pod);
  const cause = causeOf(fate);
  if (policy === null || cause === null || stopRequested(context.task)) return { type: 'Final', says: null };
  const { retries = {} } = context.task.status ?? {};
  const own = policy.causes?.[cause];
  if (own === 0) return { type: 'Final', says: `not tried again: retry.causes.${cause} is 0` };
  if (fate.type === 'Missing' && context.snapshot.settings.config.evidence !== 'BestEffort') {
    const says =
      'not tried again: the pod was held by a finalizer and is gone all the same, so nobody knows whether its containers have ended';
    return { type: 'Final', says };
  }
  const again = (spent: Spent, says: string): RetryVerdict => ({ type: 'Again', dueMs: dueMs(context, policy), spent, says });
  const { limit = 0, unstarted = 0, causes = {} } = retries;
  if (isForNothing(fate, cause, pod) && unstarted < MAX_UNSTARTED) {
    return again({ ...retries, unstarted: unstarted + 1 }, 'the agent had not started: this spends no retry');
  }
  if (own !== undefined) {
    const used = causes[cause] ?? 0;
    if (used >= own) return { type: 'Final', says: `not tried again: ${used} of ${own} retries for ${cause} are spent` };
    return again({ ...retries, causes: { ...causes, [cause]: used + 1 } }, `retry ${used + 1} of ${own} for ${cause}`);
  }
  const most = COMMON[cause] ? (policy.limit ?? 0) : 0;
  if (limit >= most) return { type: 'Final', says: most === 0 ? null : `not tried again: ${limit} of ${most} retries are spent` };
  return again({ ...retries, limit: limit + 1 }, `retry ${limit + 1} of ${most}`);
}

/** The Task's own word, else what it was started with, else the cluster's default (a Pod that is gone no longer tells what it was started with). */
function policyOf({ task, snapshot }: TaskContext, pod: Pod | null): Retry | null {
  const started = pod === null ? snapshot.settings.config.taskDefaults?.retry : startedWithOf(pod).retry;
  return task.spec.retry ?? started ?? null;
}

function causeOf(fate: Exclude<Fate, { type: 'Lives' }>): RetryableCause | null {
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
  return pod !== null && fate.type === 'Failed' && fate.isByUs !== true && BY_PLATFORM.has(cause) && !agentStarted(pod);
}

function dueMs(context: TaskContext, { backoff }: Retry): number {
  const { limit = 0, unstarted = 0, causes = {} } = context.task.status?.retries ?? {};
  const before = limit + unstarted + Object.values(causes).reduce((sum, count) => sum + count, 0);
  const longestMs = durationMs(backoff?.max, LONGEST_MS);
  const plainMs = Math.min(
    longestMs,
    durationMs(backoff?.initial, INITIAL_MS) * Math.max(1, backoff?.factor ?? FACTOR) ** Math.min(before, 30),
  );
  const chance = Number.parseInt(fnv1a32(`${context.snapshot.subject.uid}/${context.attempt}`), 16) / 0x1_0000_0000;
  return context.nowMs + Math.ceil(plainMs * (1 + JITTER * chance));
}

function durationMs(text: string | undefined, otherwise: number): number {
  const parsed = parseDuration(text);
  return parsed.ok ? Math.max(0, parsed.ms) : otherwise;
}
