import type { Pod } from '#core/api/kubernetes.ts';
import { ApiServer } from '#host/cluster/memory/api-server.ts';
import { GarbageCollector } from '#host/cluster/memory/garbage-collector.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import { Kubelet } from '#host/cluster/memory/kubelet.ts';
import { MemoryCluster } from '#host/cluster/memory/memory-cluster.ts';
import type { PodScript } from '#host/cluster/memory/pod-script.ts';
import { Scheduler } from '#host/cluster/memory/scheduler.ts';
import { VirtualClock } from '#host/virtual-clock.ts';
import type { Assumption } from './assumptions.ts';

export interface PlanWorldOptions {
  /** Milliseconds since the epoch. Default: a fixed moment, so that plans of files repeat to the letter. */
  readonly startMs?: number;
  readonly assume?: Assumption;
  readonly runForMs?: number;
  /** What a cluster holds, as it stores it. */
  readonly stored?: readonly StoredObject[];
}

export interface PlanWorld {
  readonly clock: VirtualClock;
  readonly server: ApiServer;
  readonly cluster: MemoryCluster;
}

/** When somebody deletes the Pod, under that assumption: so long after its containers began. */
const DELETED_AFTER_MS = 1_000;

const OUTCOMES = {
  succeeded: 'succeed',
  failed: 'fail',
  'out-of-memory': 'out-of-memory',
  evicted: 'evicted',
  'image-pull': 'image-pull',
  unschedulable: 'unschedulable',
  deleted: 'never',
} as const satisfies Record<Assumption, PodScript['outcome']>;

/** A cluster in memory and virtual time with one node that has room, whose Pods end as assumed. */
export function createPlanWorld({ startMs, assume, runForMs, stored = [] }: PlanWorldOptions): PlanWorld {
  const clock = new VirtualClock(startMs === undefined ? {} : { startMs });
  const server = new ApiServer({ clock });
  for (const object of stored) server.store.put(object);
  const script: Partial<PodScript> = {
    ...(assume === undefined ? {} : { outcome: OUTCOMES[assume] }),
    ...(runForMs === undefined ? {} : { runForMs }),
  };
  const kubelet = new Kubelet(server, { assume: () => script });
  // A plan is about Tasks, not about the room on nodes.
  new Scheduler(server, { nodes: [{ name: 'node-1', pods: 1_000_000 }], scriptOf: (pod) => kubelet.scriptOf(pod) });
  new GarbageCollector(server);
  if (assume === 'deleted') deleteRunningPods(server);
  return { clock, server, cluster: new MemoryCluster(server, { client: 'plan' }) };
}

function deleteRunningPods(server: ApiServer): void {
  server.store.listen('Pod', ({ object, previous }) => {
    if (phaseOf(object) !== 'Running' || (previous !== undefined && phaseOf(previous) === 'Running')) return;
    const { namespace = '', name, uid } = object.metadata;
    server.clock.after(DELETED_AFTER_MS, () => server.delete({ kind: 'Pod', namespace, name }, { uid }, 'somebody'));
  });
}

function phaseOf(object: StoredObject): string | undefined {
  return (object as StoredObject & Partial<Pod>).status?.phase;
}
