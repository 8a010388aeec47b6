import type { Pod } from '#core/api/kubernetes.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import type { PodScript } from '#host/cluster/memory/pod-script.ts';
import { createWorld, type World } from '#host/cluster/memory/world.ts';
import { type Assumption, OUTCOME_OF } from './assumptions.ts';
import { standingScript } from './standing-pod.ts';

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

/** A plan is about Tasks, not about the room on nodes. */
const NODES = [{ name: 'node-1', pods: 1_000_000 }];

/** A cluster in memory and virtual time with one node that has room, whose Pods end as assumed; those that it holds already go on from where they are. */
export function createPlanWorld({ startMs, assume, runForMs, stored = [] }: PlanWorldOptions): World {
  const script: Partial<PodScript> = {
    ...(assume === undefined ? {} : { outcome: OUTCOME_OF[assume] }),
    ...(runForMs === undefined ? {} : { runForMs }),
  };
  const pods = stored.filter((object): object is StoredObject & Pod => object.kind === 'Pod');
  const standing = new Map(pods.map((pod) => [pod.metadata.uid, standingScript(pod, script, startMs ?? 0)]));
  const world = createWorld({
    nodes: NODES,
    kubelet: { assume: ({ metadata }) => standing.get(metadata.uid ?? '') ?? script },
    stored: stored.map((object) => withKnownOwners(object)),
    ...(startMs === undefined ? {} : { startMs }),
  });
  if (assume === 'deleted') deleteRunningPods(world);
  return world;
}

function deleteRunningPods({ server, clock }: World): void {
  const schedule = ({ metadata }: StoredObject): void => {
    const { namespace = '', name, uid } = metadata;
    clock.after(DELETED_AFTER_MS, () => server.delete({ kind: 'Pod', namespace, name }, { uid }, 'somebody'));
  };
  for (const pod of server.store.values('Pod')) if (phaseOf(pod) === 'Running') schedule(pod);
  server.store.listen('Pod', ({ object, previous }) => {
    if (phaseOf(object) === 'Running' && (previous === undefined || phaseOf(previous) !== 'Running')) schedule(object);
  });
}

/** Only Tasks own what a plan is about; the garbage collector would take what belongs to anything else, which is not here, for left behind. */
function withKnownOwners(object: StoredObject): StoredObject {
  const { ownerReferences, ...metadata } = object.metadata;
  const kept = (ownerReferences ?? []).filter(({ kind }) => kind === 'Task' && object.kind !== 'Task');
  return { ...object, metadata: kept.length === 0 ? metadata : { ...metadata, ownerReferences: kept } };
}

function phaseOf(object: StoredObject): string | undefined {
  return (object as StoredObject & Partial<Pod>).status?.phase;
}
