import type { Pod } from '#core/api/kubernetes.ts';
import { hasEnded } from '#core/contract/ended.ts';
import { ANNOTATIONS } from '#core/contract/names.ts';

/** The Pod of the latest attempt among a Task's Pods; by name `-10` would come before `-2`. */
export function latestPod(pods: readonly Pod[]): Pod | undefined {
  return pods.reduce<Pod | undefined>(
    (latest, pod) => (latest === undefined || attemptOf(pod) >= attemptOf(latest) ? pod : latest),
    undefined,
  );
}

/** Pods of other controllers do not say: theirs are the first. */
function attemptOf({ metadata }: Pod): number {
  const number = Number(metadata.annotations?.[ANNOTATIONS.attempt]);
  return Number.isSafeInteger(number) && number > 0 ? number : 1;
}

/** Whether this controller has asked the kubelet to end a Pod and keep it, and it has not done so yet. */
export function isEndedByDeadline(pod: Pod): boolean {
  return pod.metadata.annotations?.[ANNOTATIONS.endedFor] !== undefined && pod.metadata.deletionTimestamp === undefined && !hasEnded(pod);
}
