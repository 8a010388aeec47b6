import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Kind } from '#core/contract/kinds.ts';
import { VirtualClock } from '../../virtual-clock.ts';
import type { Admission } from './admission.ts';
import { ApiServer } from './api-server.ts';
import type { Faults } from './faults.ts';
import { GarbageCollector } from './garbage-collector.ts';
import { KIND_RULES, type StoredObject } from './kinds.ts';
import { Kubelet, type KubeletOptions } from './kubelet.ts';
import { MemoryCluster } from './memory-cluster.ts';
import { NamespaceController } from './namespace-controller.ts';
import { NodeOutages } from './node-outages.ts';
import { Scheduler, type SchedulerOptions } from './scheduler.ts';
import type { Judged } from './write.ts';

export interface WorldOptions {
  /** Seed of chance, UIDs and generated names: equal seeds and equal programs give equal histories. Default 1. */
  readonly seed?: number;
  /** Milliseconds since the epoch. Default 2026-01-01T00:00:00Z. */
  readonly startMs?: number;
  /** Default: one node `node-1` for 110 Pods. */
  readonly nodes?: NonNullable<SchedulerOptions['nodes']>;
  /** Namespaces that exist; absent: every one. */
  readonly namespaces?: readonly string[];
  readonly admission?: readonly Admission[];
  readonly kubelet?: Omit<KubeletOptions, 'outages'>;
  /** Objects of a live cluster, as it stores them: they keep UID, times and status, and what runs goes on. */
  readonly stored?: readonly (KubernetesObject & { readonly kind: Kind })[];
  /** Stored objects can't be changed by those who are given them. Default false: it costs time. */
  readonly freeze?: boolean;
  /** Default `Specs`. */
  readonly judged?: Judged;
}

/** A whole cluster in memory and virtual time: API server, scheduler, kubelets, garbage collector, namespace controller. Nothing happens but when its clock runs. */
export interface World {
  readonly clock: VirtualClock;
  readonly server: ApiServer;
  readonly namespaces: NamespaceController;
  /** Nodes that are lost and come back. */
  readonly outages: NodeOutages;
  /** A way to the API server under a name of its own, with the faults that befall it. */
  client(name: string, faults?: Faults): MemoryCluster;
  /** As `kubectl apply`: creates what is not there, else merges the manifest into it. Throws the API server's refusal. */
  apply(manifest: KubernetesObject & { readonly kind: Kind }): StoredObject;
}

export function createWorld(options: WorldOptions = {}): World {
  const { seed = 1, startMs, nodes, namespaces, admission, stored = [], freeze = false, judged = 'Specs' } = options;
  const clock = new VirtualClock({ seed, ...(startMs === undefined ? {} : { startMs }) });
  const server = new ApiServer({
    clock,
    seed,
    freeze,
    judged,
    ...(namespaces === undefined ? {} : { namespaces }),
    ...(admission === undefined ? {} : { admission }),
  });
  for (const object of stored) server.load(object);
  const outages = new NodeOutages();
  const kubelet = new Kubelet(server, { ...options.kubelet, outages });
  new Scheduler(server, { outages, scriptOf: (pod) => kubelet.scriptOf(pod), ...(nodes === undefined ? {} : { nodes }) });
  new GarbageCollector(server);
  return {
    clock,
    server,
    namespaces: new NamespaceController(server),
    outages,
    client: (name, faults) => new MemoryCluster(server, { client: name, ...(faults === undefined ? {} : { faults }) }),
    apply: (manifest) => apply(server, manifest),
  };
}

function apply(server: ApiServer, manifest: KubernetesObject & { readonly kind: Kind }): StoredObject {
  const { kind, metadata } = manifest;
  const address = { kind, namespace: metadata.namespace ?? '', name: metadata.name };
  const { apiVersion: _, kind: __, metadata: ___, ...fields } = manifest;
  const { labels = {}, annotations = {} } = metadata;
  const result =
    server.find(address) === undefined
      ? server.create(manifest, 'kubectl')
      : server.patch(
          address,
          { ...fields, metadata: { labels, annotations } },
          { patchType: KIND_RULES[kind].custom ? 'merge' : 'strategic' },
          'kubectl',
        );
  if (result.ok) return result.value;
  throw new Error(`apply ${kind} ${address.namespace}/${metadata.name}: the API server refused it: ${result.error.message}`);
}
