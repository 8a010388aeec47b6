import type { Action, Decided } from '../contract/decision.ts';
import { hasEnded } from '../contract/ended.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { earliest, parseTime } from '../units/time.ts';
import { isControlledBy, reason, type TaskContext } from './context.ts';
import { decided } from './decided.ts';
import { abortSession } from './ending.ts';
import { fateOf, lostAfterMs } from './fate.ts';
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
export function whileDeleted(context: TaskContext): Decided {
  const { snapshot, task } = context;
  const isOrphaning = task.metadata.finalizers?.includes(ORPHAN_FINALIZER) === true;
  const deletes = isOrphaning ? [] : snapshot.pods.flatMap((pod) => deletePod(snapshot, pod));
  const alive = snapshot.pods.filter((pod) => fateOf(context, pod).type === 'Lives');
  const lostAt = alive
    .map((pod) => parseTime(pod.metadata.deletionTimestamp))
    .map((atMs) => (atMs === null ? null : lostAfterMs(context, atMs)));
  return decided({
    actions: [...(isOrphaning ? [] : abortSessions(snapshot)), ...deletes, ...snapshot.pods.flatMap((pod) => releasePod(snapshot, pod))],
    ...(alive.length > 0 ? heldPlace(context) : {}),
    wakeAtMs: lostAt.reduce(earliest, null),
    reasons: [
      reason('task/being-deleted', `the task is being deleted: its pods are ${isOrphaning ? 'left behind' : 'deleted'} and released`, {
        pods: snapshot.pods.map((pod) => pod.metadata.name),
      }),
    ],
  });
}
