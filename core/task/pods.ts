import type { Pod } from '../api/kubernetes.ts';
import type { Delete, Patch } from '../contract/decision.ts';
import { hasEnded } from '../contract/ended.ts';
import { isHeld } from '../contract/held.ts';
import { ANNOTATIONS, LABELS, POD_FINALIZER } from '../contract/names.ts';
import type { Snapshot } from '../contract/snapshot.ts';

/** Whether no container of a Pod runs, or ever will again, for certain: it says so itself, or it is being deleted without a node, and so is never bound to one. */
export function hasEndedForCertain(pod: Pod): boolean {
  return hasEnded(pod) || (pod.metadata.deletionTimestamp !== undefined && !isBound(pod));
}

/** Whether a node has the Pod. */
export function isBound(pod: Pod): boolean {
  return pod.spec.nodeName !== undefined && pod.spec.nodeName !== '';
}

/** Lets a Pod go. A strategic merge patch, so that the finalizers of others stay; nothing when ours is not there. */
export function releasePod(snapshot: Snapshot, pod: Pod): readonly Patch[] {
  if (!isHeld(pod)) return [];
  return [patchPod(snapshot, pod, `release/${pod.metadata.uid}`, { metadata: { '$deleteFromPrimitiveList/finalizers': [POD_FINALIZER] } })];
}

/** Deletes a Pod gracefully, by UID; nothing when its deletion was asked for already. */
export function deletePod(snapshot: Snapshot, pod: Pod): readonly Delete[] {
  if (pod.metadata.deletionTimestamp !== undefined) return [];
  return [
    {
      type: 'Delete',
      id: `delete/${pod.metadata.uid}`,
      ref: { kind: 'Pod', namespace: snapshot.subject.namespace, name: pod.metadata.name },
      uid: pod.metadata.uid ?? '',
    },
  ];
}

/**
 * Ends a Pod that lives by deleting it, only as it was judged: what it has come to since, by itself or by somebody else, is its own, and a late deletion would take its log
 * with it. One that has changed is judged again.
 */
export function endByDeletion(snapshot: Snapshot, pod: Pod, gracePeriodSeconds?: number): readonly Delete[] {
  const grace = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
  return deletePod(snapshot, pod).map((action) => ({ ...action, ...asJudged(pod), ...grace }));
}

/**
 * Has the kubelet end a running Pod and keep it: SIGTERM, the Pod's grace period, SIGKILL, and Pod and logs stay readable. The annotation in the same write is what
 * tells our deadline from anybody else's. A deadline can only be set or lowered, so 1 is always accepted. Only as it was judged: what has ended meanwhile was not ended for
 * this.
 */
export function endPod(snapshot: Snapshot, pod: Pod, why: 'Stopped' | 'Timeout' | 'AgentEnded'): readonly Patch[] {
  if (pod.metadata.annotations?.[ANNOTATIONS.endedFor] !== undefined) return [];
  const patch = { metadata: { annotations: { [ANNOTATIONS.endedFor]: why } }, spec: { activeDeadlineSeconds: 1 } };
  return [{ ...patchPod(snapshot, pod, `end/${pod.metadata.uid}`, patch), ...asJudged(pod) }];
}

/** Tells a running agent that it is going to be stopped, and why, before it is. */
export function announceStop(snapshot: Snapshot, pod: Pod, why: 'Stopped' | 'Timeout'): readonly Patch[] {
  if (pod.metadata.annotations?.[ANNOTATIONS.stopReason] !== undefined) return [];
  return [patchPod(snapshot, pod, `announce/${pod.metadata.uid}`, { metadata: { annotations: { [ANNOTATIONS.stopReason]: why } } })];
}

/** Puts a Pod that upstream's controller made into our watch, and holds it until its end is recorded. */
export function claimPod(snapshot: Snapshot, pod: Pod): Patch {
  const evidence = snapshot.settings.config.evidence ?? 'Finalizer';
  return patchPod(snapshot, pod, `claim/${pod.metadata.uid}`, {
    metadata: {
      labels: { [LABELS.taskUid]: snapshot.subject.uid },
      ...(evidence === 'Finalizer' && pod.metadata.deletionTimestamp === undefined ? { finalizers: [POD_FINALIZER] } : {}),
    },
  });
}

/** Binds a write to the version that was judged: a Pod that has changed since is not written, and the answer is a conflict. */
function asJudged({ metadata: { resourceVersion } }: Pod): { readonly resourceVersion?: string } {
  return resourceVersion === undefined ? {} : { resourceVersion };
}

function patchPod(snapshot: Snapshot, pod: Pod, id: string, patch: Readonly<Record<string, unknown>>): Patch {
  return {
    type: 'Patch',
    id,
    ref: { kind: 'Pod', namespace: snapshot.subject.namespace, name: pod.metadata.name },
    uid: pod.metadata.uid ?? '',
    patchType: 'strategic',
    patch,
  };
}
