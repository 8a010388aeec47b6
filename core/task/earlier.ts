import type { Pod } from '../api/kubernetes.ts';
import type { Attempt } from '../api/task.ts';
import type { Action, Decided, Decision } from '../contract/decision.ts';
import { ANNOTATIONS } from '../contract/names.ts';
import type { Ref } from '../contract/snapshot.ts';
import { parseTime } from '../units/time.ts';
import { recordOf } from './attempt.ts';
import { isControlledBy, isOfEarlierAttempt, liveAnswerFor, podRef, reason, type TaskContext } from './context.ts';
import { decided, reads } from './decided.ts';
import { isDisposedWith } from './disposal.ts';
import { fateOf, lostAfterMs } from './fate.ts';
import { podUnknown } from './live.ts';
import { deletePod, hasEndedForCertain, releasePod } from './pods.ts';
import { patchStatus } from './status.ts';
import { relookAtMs, waitForStart, waitsSinceMs } from './wait.ts';

/**
 * What a crash behind the record of an attempt's end has left undone: its Pod is let go, so that nothing of ours holds it, and deleted where that is wanted. A Pod of an
 * attempt that is over and that nobody has recorded was made by a leader that had been paused: it must not run.
 */
export function settleEarlier(context: TaskContext): readonly Action[] {
  const { snapshot, task } = context;
  return snapshot.pods
    .filter((pod) => pod.metadata.name !== context.podName && (isOfEarlierAttempt(task, pod) || attemptNumberOf(pod) < context.attempt))
    .flatMap((pod) => {
      const attempt = recordOf(task, pod);
      const goes = attempt === undefined ? !hasEndedForCertain(pod) : isDisposedWith(context, pod, attempt);
      return [...(goes ? deletePod(snapshot, pod) : []), ...releasePod(snapshot, pod)];
    });
}

/** Pods of other controllers do not say: theirs are the first. What a hand has written there counts only where the status does not list the Pod. */
function attemptNumberOf(pod: Pod): number {
  const text = pod.metadata.annotations?.[ANNOTATIONS.attempt] ?? '';
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : 1;
}

/**
 * The proof that the attempt before has ended, asked for right before the next Pod is created: its Pod is in a final phase, or not there by a live read. Null when there is
 * nothing to wait for.
 */
export function untilEarlierEnded(context: TaskContext): Decision | null {
  const { snapshot, task } = context;
  const seen = snapshot.pods.find((pod) => pod.metadata.name !== context.podName && !hasEndedForCertain(pod));
  if (seen !== undefined) return earlierLives(context, seen, null);
  const before = (task.status?.attempts ?? []).filter(({ podName }) => podName !== undefined).at(-1);
  const name = before?.podName;
  if (before === undefined || name === undefined || snapshot.pods.some((pod) => pod.metadata.name === name)) return null;
  const ref = podRef(context, name);
  const answer = liveAnswerFor(snapshot, ref);
  if (answer === undefined) return reads([{ ...ref, live: true }]);
  if ('unavailable' in answer) return podUnknown({ ...context, podName: name }, answer.unavailable);
  if ('absent' in answer || !isOf(context, answer.found as Pod, before)) return null;
  const found = answer.found as Pod;
  return hasEndedForCertain(found) ? null : earlierLives(context, found, ref);
}

/**
 * What the end of a Task between two attempts waits for: a Pod that a leader which had been paused made for an attempt that is over, and that is being ended. Its containers must not outlive
 * the Task. Null when there is none, or when its node does not end it in its time.
 */
export function untilStrayEnded(context: TaskContext): Decided | null {
  const { snapshot, task, podName } = context;
  const stray = snapshot.pods.find(
    (pod) => pod.metadata.name !== podName && recordOf(task, pod) === undefined && fateOf(context, pod).type === 'Lives',
  );
  if (stray === undefined) return null;
  const { name, deletionTimestamp } = stray.metadata;
  const deletesAtMs = parseTime(deletionTimestamp);
  const message = `pod ${name} of an earlier attempt is being ended; the task ends when it has ended, or when it is gone`;
  return decided({
    // No condition of its own: how long something missing has been waited for counts from the one that says so, and that wait is over.
    actions: patchStatus(context, 'status/waiting', { set: { message } }),
    wakeAtMs: deletesAtMs === null ? null : lostAfterMs(context, deletesAtMs),
    reasons: [reason('task/earlier-pod-lives', message, { pod: name, phase: stray.status?.phase ?? 'Pending' })],
  });
}

/** Another controller may not have written the UID of its Pod. */
function isOf({ snapshot }: TaskContext, pod: Pod, { podUID }: Attempt): boolean {
  return podUID === undefined ? isControlledBy(pod, snapshot.subject.uid) : pod.metadata.uid === podUID;
}

/** `unwatched`: no event tells when it ends, so it is looked for again. */
function earlierLives(context: TaskContext, pod: Pod, unwatched: Ref | null): Decided {
  const { name } = pod.metadata;
  const message = `pod ${name} of an earlier attempt has not ended for certain; attempt ${context.attempt} starts when it has, or when it is gone`;
  return waitForStart(context, {
    reason: 'EarlierPodLives',
    cause: 'NodeLost',
    message,
    wakeAtMs: unwatched === null ? null : relookAtMs(context, waitsSinceMs(context, 'EarlierPodLives', message)),
    dependsOn: unwatched === null ? [] : [unwatched],
    trail: [reason('task/earlier-pod-lives', message, { pod: name, phase: pod.status?.phase ?? 'Pending' })],
  });
}
