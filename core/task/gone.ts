import type { Decided } from '../contract/decision.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { earliest, parseTime } from '../units/time.ts';
import { reason, type TaskContext } from './context.ts';
import { decided } from './decided.ts';
import { fateOf, lostAfterMs } from './fate.ts';
import { heldPlace } from './place.ts';
import { deletePod, releasePod } from './pods.ts';

/** A Task that is confirmed gone: nobody is left to tell how its Pods ended, so they are let go; garbage collection does the rest. */
export function afterTaskGone(snapshot: Snapshot): Decided {
  return decided({
    actions: snapshot.pods.flatMap((pod) => releasePod(snapshot, pod)),
    reasons: [reason('task/gone', 'the task is gone: its pods are released', { pods: snapshot.pods.map((pod) => pod.metadata.name) })],
  });
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
    actions: [...deletes, ...snapshot.pods.flatMap((pod) => releasePod(snapshot, pod))],
    ...(alive.length > 0 ? heldPlace(context) : {}),
    wakeAtMs: lostAt.reduce(earliest, null),
    reasons: [
      reason('task/being-deleted', `the task is being deleted: its pods are ${isOrphaning ? 'left behind' : 'deleted'} and released`, {
        pods: snapshot.pods.map((pod) => pod.metadata.name),
      }),
    ],
  });
}
