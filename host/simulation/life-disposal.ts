import type { Attempt } from '#core/api/task.ts';
import { outcomeOfTask } from '#core/contract/task-outcome.ts';
import { isTimedOut } from './ends.ts';
import type { Ledger } from './ledger.ts';
import { type Fault, knownSinceMs } from './life-attempts.ts';
import { attemptsIn, givenUpFor, startedWithOf } from './life-records.ts';
import { isFinished, type PodRecord, type TaskRecord } from './records.ts';

type Source = Readonly<Record<string, unknown>> | null | undefined;

/** Why a host must not delete a Pod that has ended, of a Task that stays; null where it may. */
export function faultOfDisposal(ledger: Ledger, task: TaskRecord, pod: PodRecord): Fault | null {
  const attempt = attemptsIn(task.latest.status).find(({ podUID }) => podUID === pod.uid);
  // Its end crossed a deletion that was for a reason, which is judged elsewhere.
  if (attempt === undefined) return null;
  const own = task.cleanups.map(podOf);
  const started = startedWithOf(pod).podCleanup as Source;
  const sources = [...own, started, ...ledger.configs.map(({ spec }) => podOf(spec.cleanup))];
  const fields = outcomesFor(task, attempt);
  const isWanted = sources.some((source) => fields.some((field) => source?.[field] === 'Delete'));
  const isByStop = isStopped(ledger, task, pod, attempt) && (task.latest.spec.stop ?? startedWithOf(pod).stop)?.mode !== 'Retain';
  if (!isWanted && !isByStop)
    return (what) => [
      'pods-are-disposed-only-where-that-is-wanted',
      `${what} has ended and is to be kept, and is deleted (${fields.join(', ')})`,
    ];
  const { completionTime } = task.latest.status ?? {};
  const delays = configsKnown(ledger).flatMap((config) => own.map((each) => delayIn([each, started, config])));
  const delayMs = isByStop ? 0 : Math.min(...delays) * 1_000;
  const sinceMs = isFinished(task) ? Date.parse(completionTime ?? '') : ledger.nowMs;
  if (sinceMs + delayMs > ledger.nowMs)
    return (what) => ['no-pod-is-disposed-before-its-time', `${what} is deleted, it is to stay ${delayMs / 1_000} s after the end`];
  const isSilent = attempt.log === undefined && pod.hasAgentStarted && pod.hadFinalizer && ledger.isEvidenceKept;
  return isSilent ? (what) => ['a-log-that-goes-is-accounted-for', `${what} is deleted, and nothing says what became of its log`] : null;
}

function podOf(cleanup: unknown): Source {
  return (cleanup as { readonly pod?: Source } | null | undefined)?.pod;
}

/** The clean-up of Pods of each configuration that a host whose write comes now may have gone by. */
function configsKnown(ledger: Ledger): readonly Source[] {
  const first = ledger.configs.findLastIndex(({ sinceMs }) => sinceMs <= knownSinceMs(ledger));
  const known = ledger.configs.slice(Math.max(0, first)).map(({ spec }) => podOf(spec.cleanup));
  // Before the first there was none.
  return first < 0 ? [undefined, ...known] : known;
}

/** In seconds: who says one first; else at once. */
function delayIn(sources: readonly Source[]): number {
  const isDelay = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
  return sources.map((source) => source?.delaySeconds).find(isDelay) ?? 0;
}

function isStop({ cause }: Attempt): boolean {
  return cause === 'Stopped' || cause === 'Timeout';
}

/** Also where what was asked for came too late. */
function isStopped(ledger: Ledger, task: TaskRecord, pod: PodRecord, attempt: Attempt): boolean {
  if (isStop(attempt)) return true;
  const atMs = ledger.nowMs;
  return task.stopAskedMs !== undefined || isTimedOut(ledger, task, pod, atMs) || givenUpFor(task, pod, atMs).length > 0;
}

/** Under which fields of `cleanup.pod` it may go: by its own outcome when that is recorded, and by the Task's once that has ended. */
function outcomesFor(task: TaskRecord, attempt: Attempt): readonly string[] {
  const own = isStop(attempt) ? 'stopped' : 'failed';
  const outcome = outcomeOfTask(task.latest.status)?.toLowerCase();
  return [...(outcome === undefined ? [] : [outcome]), ...(attempt.cause === undefined ? [] : [own])];
}
