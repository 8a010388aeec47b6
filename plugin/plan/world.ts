import type { Pod } from '#core/api/kubernetes.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import type { PodScript } from '#host/cluster/memory/pod-script.ts';
import { createWorld, type World } from '#host/cluster/memory/world.ts';
import type { Assumption } from './assumptions.ts';

export interface PlanWorldOptions {
  /** Milliseconds since the epoch. Default: a fixed moment, so that plans of files repeat to the letter. */
  readonly startMs?: number;
  readonly assume?: Assumption;
  readonly runForMs?: number;
  /** What a cluster holds, as it stores it. */
  readonly stored?: readonly StoredObject[];
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

/** A plan is about Tasks, not about the room on nodes. */
const NODES = [{ name: 'node-1', pods: 1_000_000 }];

/** A cluster in memory and virtual time with one node that has room, whose Pods end as assumed. */
export function createPlanWorld({ startMs, assume, runForMs, stored = [] }: PlanWorldOptions): World {
  const script: Partial<PodScript> = {
    ...(assume === undefined ? {} : { outcome: OUTCOMES[assume] }),
    ...(runForMs === undefined ? {} : { runForMs }),
  };
  const world = createWorld({ nodes: NODES, kubelet: { assume: () => script }, stored, ...(startMs === undefined ? {} : { startMs }) });
  if (assume === 'deleted') deleteRunningPods(world);
  return world;
}

function deleteRunningPods({ server, clock }: World): void {
  server.store.listen('Pod', ({ object, previous }) => {
    if (phaseOf(object) !== 'Running' || (previous !== undefined && phaseOf(previous) === 'Running')) return;
    const { namespace = '', name, uid } = object.metadata;
    clock.after(DELETED_AFTER_MS, () => server.delete({ kind: 'Pod', namespace, name }, { uid }, 'somebody'));
  });
}

function phaseOf(object: StoredObject): string | undefined {
  return (object as StoredObject & Partial<Pod>).status?.phase;
}
