import type { Decided } from '../contract/decision.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { reason, type TaskContext } from './context.ts';
import { decided } from './decided.ts';
import { deletePod, releasePod } from './pods.ts';

/** A Task that is confirmed gone: nobody is left to tell how its Pods ended, so they are let go; garbage collection does the rest. */
export function afterTaskGone(snapshot: Snapshot): Decided {
  return decided({
    actions: snapshot.pods.flatMap((pod) => releasePod(snapshot, pod)),
    reasons: [reason('task/gone', 'the task is gone: its pods are released', { pods: snapshot.pods.map((pod) => pod.metadata.name) })],
  });
}

/** A Task under deletion that somebody's finalizer (or foreground deletion) still holds: nothing starts, what runs is ended, and no Pod stands in the way. */
export function whileDeleted(context: TaskContext): Decided {
  const { snapshot } = context;
  return decided({
    actions: [...snapshot.pods.flatMap((pod) => deletePod(snapshot, pod)), ...snapshot.pods.flatMap((pod) => releasePod(snapshot, pod))],
    reasons: [
      reason('task/being-deleted', 'the task is being deleted: its pods are deleted and released', {
        pods: snapshot.pods.map((pod) => pod.metadata.name),
      }),
    ],
  });
}
