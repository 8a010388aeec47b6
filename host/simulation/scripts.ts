import type { Pod } from '#core/api/kubernetes.ts';
import { ANNOTATIONS } from '#core/contract/names.ts';
import type { PodScript } from '#host/cluster/memory/pod-script.ts';

/** How the Pods of each Task go, attempt by attempt. */
export class Scripts {
  readonly #ofTask = new Map<string, readonly Partial<PodScript>[]>();

  /** By attempt, the first first; the last is also that of all further ones. */
  set(taskUid: string, scripts: readonly Partial<PodScript>[]): void {
    this.#ofTask.set(taskUid, scripts);
  }

  /** `attempt`: from 1. */
  of(taskUid: string, attempt: number): Partial<PodScript> | undefined {
    const scripts = this.#ofTask.get(taskUid) ?? [];
    return scripts[Math.min(attempt, scripts.length) - 1];
  }

  /** By the Task that it belongs to; undefined: to none. */
  ofPod(pod: Pod): Partial<PodScript> | undefined {
    const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true);
    return owner === undefined ? undefined : this.of(owner.uid, attemptOf(pod));
  }
}

/** Number of the attempt that a Pod is of, from 1. */
export function attemptOf({ metadata }: Pod): number {
  return Number(metadata.annotations?.[ANNOTATIONS.attempt] ?? 1);
}
