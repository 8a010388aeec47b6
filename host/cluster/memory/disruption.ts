import type { Pod } from '#core/api/kubernetes.ts';
import type { Address } from '../cluster.ts';
import type { ApiServer } from './api-server.ts';
import { metaTime, type StoredObject } from './kinds.ts';

/** The scheduler takes a Pod's place for one with higher priority: condition, then deletion with the Pod's grace. */
export function preempt(server: ApiServer, pod: StoredObject): void {
  disrupt(server, pod, 'PreemptionByScheduler', 'default-scheduler: preempting to accommodate a higher priority pod');
}

/** What `kubectl drain` asks for: the Eviction API's condition, then deletion with the Pod's grace. */
export function evictByApi(server: ApiServer, address: Address): void {
  const pod = server.find(address);
  if (pod !== undefined) disrupt(server, pod, 'EvictionByEvictionAPI', 'Eviction API: evicting');
}

/** The taint manager gives up Pods on a node that is unreachable: condition, then deletion with the Pod's grace, which nobody there hears of. */
export function evictByTaint(server: ApiServer, node: string): void {
  for (const object of [...server.store.values('Pod')]) {
    const { spec, metadata } = object as StoredObject & Pod;
    if (spec.nodeName !== node || metadata.deletionTimestamp !== undefined) continue;
    disrupt(server, object, 'DeletionByTaintManager', 'Taint manager: deleting due to NoExecute taint');
  }
}

function disrupt(server: ApiServer, object: StoredObject, reason: string, message: string): void {
  const { metadata } = object;
  server.overwrite<Pod>(object, (pod) => {
    const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'DisruptionTarget');
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason,
      message,
      lastTransitionTime: metaTime(server.clock.now()),
    } as const;
    return { ...pod, status: { ...pod.status, conditions: [...others, { ...condition, ...{ lastProbeTime: null } }] } };
  });
  server.delete({ kind: 'Pod', namespace: metadata.namespace ?? '', name: metadata.name }, { uid: metadata.uid }, 'disruption');
}
