import type { Pod } from '#core/api/kubernetes.ts';
import { hasEnded } from '#core/contract/ended.ts';
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
  for (const pod of podsOn(server, node)) if (pod.metadata.deletionTimestamp === undefined) tainted(server, pod);
}

/** The node lifecycle controller: a node has not been heard of for a while, so its Pods count as not ready. */
export function markNotReady(server: ApiServer, node: string): void {
  for (const pod of podsOn(server, node)) notReady(server, pod);
}

/** The Pod garbage collector, when a node's object is gone: its Pods are Failed and removed, as no kubelet will ever do it. */
export function collectOrphans(server: ApiServer, node: string): void {
  for (const object of podsOn(server, node)) {
    server.overwrite<Pod>(object, (pod) => {
      return hasEnded(pod)
        ? pod
        : disrupted({ ...pod, status: { ...pod.status, phase: 'Failed' } }, 'DeletionByPodGC', 'PodGC: node no longer exists', server);
    });
    server.delete(addressOf(object), { uid: object.metadata.uid, gracePeriodSeconds: 0 }, 'pod-garbage-collector');
  }
}

/** From a node's last word to its being unreachable. Source: kube-controller-manager --node-monitor-grace-period. */
const NODE_GRACE_MS = 50_000;
/** How long a Pod tolerates that. Source: the admission plugin DefaultTolerationSeconds. */
const TOLERATION_MS = 300_000;

/** What becomes of a Pod in the cluster's eyes whose node has just fallen silent for ever. */
export function loseNodeOf(server: ApiServer, pod: StoredObject): void {
  server.clock.after(NODE_GRACE_MS, () => notReady(server, pod));
  server.clock.after(NODE_GRACE_MS + TOLERATION_MS, () => {
    const current = server.find(addressOf(pod));
    if (current?.metadata.uid === pod.metadata.uid && current.metadata.deletionTimestamp === undefined) tainted(server, current);
  });
}

function tainted(server: ApiServer, pod: StoredObject): void {
  disrupt(server, pod, 'DeletionByTaintManager', 'Taint manager: deleting due to NoExecute taint');
}

function notReady(server: ApiServer, object: StoredObject): void {
  server.overwrite<Pod>(object, (pod) => {
    const conditions = pod.status?.conditions ?? [];
    if (!conditions.some(({ type, status }) => type === 'Ready' && status === 'True')) return pod;
    const lastTransitionTime = metaTime(server.clock.now());
    const changed = conditions.map((each) => (each.type === 'Ready' ? { ...each, status: 'False' as const, lastTransitionTime } : each));
    return { ...pod, status: { ...pod.status, conditions: changed } };
  });
}

function disrupt(server: ApiServer, object: StoredObject, reason: string, message: string): void {
  server.overwrite<Pod>(object, (pod) => disrupted(pod, reason, message, server));
  server.delete(addressOf(object), { uid: object.metadata.uid }, 'disruption');
}

function disrupted<T extends Pod>(pod: T, reason: string, message: string, { clock }: ApiServer): T {
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'DisruptionTarget');
  const times = { lastProbeTime: null, lastTransitionTime: metaTime(clock.now()) };
  const condition = { type: 'DisruptionTarget', status: 'True', reason, message, ...times } as const;
  return { ...pod, status: { ...pod.status, conditions: [...others, condition] } };
}

function podsOn(server: ApiServer, node: string): readonly (StoredObject & Pod)[] {
  return ([...server.store.values('Pod')] as (StoredObject & Pod)[]).filter(({ spec }) => spec.nodeName === node);
}

function addressOf({ metadata }: StoredObject): Address {
  return { kind: 'Pod', namespace: metadata.namespace ?? '', name: metadata.name };
}
