import type { Pod } from '../api/kubernetes.ts';
import type { Action, Decided, Decision } from '../contract/decision.ts';
import { hasEnded, isFinished } from '../contract/ended.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { earliest, parseTime } from '../units/time.ts';
import { isControlledBy, reason, type TaskContext } from './context.ts';
import { decided } from './decided.ts';
import { abortSession } from './ending.ts';
import { fateOf, lostAfterMs } from './fate.ts';
import { RELOOK_AT_POD_MS, withOwnPod } from './live.ts';
import { heldPlace } from './place.ts';
import { deletePod, releasePod } from './pods.ts';

/** A Task that is confirmed gone: nobody is left to tell how its Pods ended, so they are let go; garbage collection does the rest. */
export function afterTaskGone(snapshot: Snapshot): Decided {
  return decided({
    actions: [...abortSessions(snapshot), ...snapshot.pods.flatMap((pod) => releasePod(snapshot, pod))],
    reasons: [reason('task/gone', 'the task is gone: its pods are released', { pods: snapshot.pods.map((pod) => pod.metadata.name) })],
  });
}

/** The work of an Attach Task goes on in the Agent's server after its Pod. A Pod without an owner was orphaned on purpose. */
function abortSessions(snapshot: Snapshot): readonly Action[] {
  const abandoned = snapshot.pods.filter((pod) => !hasEnded(pod) && isControlledBy(pod, snapshot.subject.uid));
  return abandoned.flatMap((pod) => abortSession(snapshot, pod));
}

/** Kubernetes' own finalizer for a deletion that leaves the dependents. Source: apimachinery metav1.FinalizerOrphanDependents. */
const ORPHAN_FINALIZER = 'orphan';

/**
 * A Task under deletion that somebody's finalizer (or foreground deletion) still holds: nothing starts, what runs is ended unless it is to be orphaned, and no Pod
 * stands in the way. Containers that still run hold the Task's place.
 */
export function whileDeleted(context: TaskContext): Decision {
  return mayHaveUnseenPod(context) ? withOwnPod(context, (pod) => letAllGo(context, pod)) : letAllGo(context, null);
}

/**
 * Whether there may be a Pod that no watch shows, because somebody has taken our label from it: foreground deletion waits for it, our finalizer holds it, and nothing else is ever
 * decided of it.
 */
function mayHaveUnseenPod({ snapshot, task, podName }: TaskContext): boolean {
  const isSeen = snapshot.pods.some(({ metadata }) => metadata.name === podName);
  return !isSeen && !isFinished(task) && task.status?.phase !== 'Queued';
}

function letAllGo(context: TaskContext, unseen: Pod | null): Decided {
  const { task } = context;
  const snapshot = unseen === null ? context.snapshot : { ...context.snapshot, pods: [...context.snapshot.pods, unseen] };
  const isOrphaning = task.metadata.finalizers?.includes(ORPHAN_FINALIZER) === true;
  const deletes = isOrphaning ? [] : snapshot.pods.flatMap((pod) => deletePod(snapshot, pod));
  const alive = snapshot.pods.filter((pod) => fateOf(context, pod).type === 'Lives');
  const lostAt = alive
    .map((pod) => parseTime(pod.metadata.deletionTimestamp))
    .map((atMs) => (atMs === null ? null : lostAfterMs(context, atMs)));
  const lookAtMs = alive.some((pod) => pod === unseen) ? context.nowMs + RELOOK_AT_POD_MS : null;
  return decided({
    actions: [...(isOrphaning ? [] : abortSessions(snapshot)), ...deletes, ...snapshot.pods.flatMap((pod) => releasePod(snapshot, pod))],
    ...(alive.length > 0 ? heldPlace(context) : {}),
    wakeAtMs: lostAt.reduce(earliest, lookAtMs),
    reasons: [
      reason('task/being-deleted', `the task is being deleted: its pods are ${isOrphaning ? 'left behind' : 'deleted'} and released`, {
        pods: snapshot.pods.map((pod) => pod.metadata.name),
      }),
    ],
  });
}
