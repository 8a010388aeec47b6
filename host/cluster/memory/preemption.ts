import type { Pod } from '#core/api/kubernetes.ts';
import { hasEnded } from '#core/contract/ended.ts';
import type { ApiServer } from './api-server.ts';
import type { StoredPod } from './pod-run.ts';

/** What priority admission puts into a Pod's spec. */
interface Priority {
  readonly priority?: number;
  readonly preemptionPolicy?: string;
}

/** What a Pod that finds no place can do about it. */
export type Preemption =
  /** This Pod gives way to it. */
  | { readonly type: 'Victim'; readonly pod: StoredPod; readonly node: string }
  /** One gives way already. */
  | { readonly type: 'UnderWay' }
  | { readonly type: 'None' };

/**
 * The Pod on one of these full nodes that gives way to another with higher priority: the one with the lowest, and of those the one that started last. Source:
 * kubernetes pkg/scheduler/framework/preemption (pickOneNodeForPreemption).
 */
export function findVictim(server: ApiServer, pod: StoredPod, nodes: readonly string[]): Preemption {
  const { preemptionPolicy } = pod.spec as Priority;
  if (preemptionPolicy === 'Never' || nodes.length === 0) return { type: 'None' };
  const lesser = ([...server.store.values('Pod')] as StoredPod[]).filter(
    (other) => nodes.includes(other.spec.nodeName ?? '') && !hasEnded(other) && priorityOf(other) < priorityOf(pod),
  );
  if (lesser.some(({ metadata }) => metadata.deletionTimestamp !== undefined)) return { type: 'UnderWay' };
  const [victim] = lesser.sort((a, b) => priorityOf(a) - priorityOf(b) || (startOf(a) < startOf(b) ? 1 : -1));
  return victim === undefined ? { type: 'None' } : { type: 'Victim', pod: victim, node: victim.spec.nodeName ?? '' };
}

function priorityOf({ spec }: Pod): number {
  return (spec as Priority).priority ?? 0;
}

function startOf({ status, metadata }: StoredPod): string {
  return status?.startTime ?? metadata.creationTimestamp;
}
