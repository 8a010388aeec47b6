import type { Attempt, Task } from '#core/api/task.ts';
import { ANNOTATIONS } from '#core/contract/names.ts';
import { jsonEqual } from '#host/cluster/json.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import type { Deliberation } from '#host/controller/deliberate.ts';
import { faultOfAttempt } from './ends.ts';
import type { Ledger } from './ledger.ts';
import { faultOfBudget } from './life-budget.ts';
import { attemptsIn, lastNumberIn } from './life-records.ts';
import { isFinished, type PodRecord, type TaskRecord } from './records.ts';

/** A fault under the name of its invariant, once it is said of what. */
export type Fault = (what: string) => readonly [rule: string, says: string];

/** `status.attempts` lists this many. */
const MOST_LISTED = 10;

const fault =
  (rule: string, says: string): Fault =>
  (what) => [rule, `${what}: ${says}`];

/** What a status does to the list of attempts that it must not: leave one out, change one, skip a number. */
export function faultsOfAttempts(before: StoredObject & Task, { latest }: TaskRecord): readonly string[] {
  const [was, is] = [attemptsIn(before.status), attemptsIn(latest.status)];
  const faults: string[] = [];
  for (const attempt of was) {
    const still = is.find(({ number }) => number === attempt.number);
    const isCut = is.length === MOST_LISTED && attempt.number < (is[0]?.number ?? 0);
    if (still === undefined && !isCut) faults.push(`attempt ${attempt.number} is not listed any more`);
    if (still !== undefined && !jsonEqual(withoutLog(still), withoutLog(attempt)))
      faults.push(`attempt ${attempt.number} was told otherwise`);
  }
  const numbers = is.map(({ number }) => number);
  if (numbers.some((number, index) => index > 0 && number !== (numbers[index - 1] ?? 0) + 1)) faults.push(`lists attempts ${numbers}`);
  if (was.length > 0 && lastNumberIn(latest.status) > lastNumberIn(before.status) + 1) faults.push(`lists attempts ${numbers} at once`);
  return faults;
}

function withoutLog({ log: _, ...attempt }: Attempt): object {
  return attempt;
}

/** Why a finished Task must not have been opened again. */
export function faultOfReopening({ status, metadata }: StoredObject & Task, task: TaskRecord): string | null {
  const asked = metadata.annotations?.[ANNOTATIONS.retry];
  const last = lastNumberIn(status);
  // A Pod of another controller may not be listed.
  const next = last === 0 && status?.podName !== undefined ? 2 : last + 1;
  if (asked !== String(next)) return `attempt ${next} is opened, and a person asks for ${asked ?? 'none'}`;
  if (status?.phase === 'Completed' && status.cause === undefined) return 'it had succeeded';
  if (metadata.annotations?.[ANNOTATIONS.stop] === 'true') return 'it is to be stopped';
  return lastNumberIn(task.latest.status) < last ? 'its attempts are gone' : null;
}

/** What is wrong with an attempt that has just been recorded. */
export function faultOfNewAttempt(ledger: Ledger, before: StoredObject & Task, task: TaskRecord, attempt: Attempt): Fault | null {
  if (isFinished(task)) return null;
  const { nextAttemptTime } = task.latest.status ?? {};
  if (before.metadata.annotations?.[ANNOTATIONS.stop] === 'true')
    return fault('nothing-is-tried-again-after-a-stop', `attempt ${attempt.number} is to be followed, and a stop was asked for`);
  if (nextAttemptTime === undefined) return fault('every-task-ends', 'the next attempt has no time');
  const says = attempt.podName === undefined ? 'it had no pod' : faultOfAttempt(ledger, task, attempt);
  return says === null ? null : fault('an-attempt-says-what-its-pod-did', `attempt ${attempt.number}: ${says}`);
}

/** Since when something must have been so for a host to know of it, and for its writes to have come, in milliseconds: no watch and no write is longer on its way. */
const KNOWN_MS = { calm: 2_000, otherwise: 195_000 } as const;

/** What was so at this time, or came to be so later, a host whose write comes now may have gone by, milliseconds since the epoch. */
export function knownSinceMs({ isCalm, nowMs }: Ledger): number {
  return nowMs - KNOWN_MS[isCalm ? 'calm' : 'otherwise'];
}

/** What is wrong with the Pod of an attempt that has just been made. */
export function faultOfPodOfAttempt(ledger: Ledger, task: TaskRecord, pod: PodRecord, isLate: boolean): Fault | null {
  const { status } = task.latest;
  const last = lastNumberIn(status);
  if (pod.attempt > last + 1) return fault('attempts-come-one-after-the-other', `attempt ${pod.attempt} is made, ${last} have ended`);
  if (isLate) return null;
  const isToStop = task.latest.metadata.annotations?.[ANNOTATIONS.stop] === 'true';
  if (isToStop && (task.stopAskedMs ?? ledger.nowMs) < knownSinceMs(ledger))
    return fault('nothing-is-tried-again-after-a-stop', `attempt ${pod.attempt} is made, and a stop was asked for`);
  const dueMs = Date.parse(status?.nextAttemptTime ?? '');
  if (pod.attempt > 1 && dueMs > ledger.nowMs)
    return fault('no-attempt-before-its-time', `attempt ${pod.attempt} is made, it is due at ${status?.nextAttemptTime}`);
  const says = faultOfBudget(ledger, task, pod.attempt);
  return says === null ? null : fault('attempts-are-within-their-budgets', says);
}

/** Why a decision must not hold a place: its Task waits for its next attempt. */
export function faultOfPlace(deliberation: Deliberation): string | null {
  if (deliberation.type === 'Faulted') return null;
  const { decided, snapshot } = deliberation;
  const { status } = snapshot.task ?? {};
  const dueMs = Date.parse(status?.nextAttemptTime ?? '');
  const isWaiting = status?.phase === 'Pending' && Date.parse(snapshot.now) < dueMs && snapshot.pods.every(hasEnded);
  return isWaiting && decided.queue !== undefined ? `it waits until ${status.nextAttemptTime} and ${decided.queue.state} a place` : null;
}

function hasEnded({ status }: { readonly status?: { readonly phase?: string } }): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}
