import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import type { Kind } from '#core/contract/kinds.ts';
import { LABELS } from '#core/contract/names.ts';
import { PROJECTIONS } from '#core/contract/projection.ts';
import { type ReadResult, type Ref, type RefKey, refKey, type Settings } from '#core/contract/snapshot.ts';
import type { Scope } from '#host/cluster/cluster.ts';
import { compileProjection, copyWhole, type Projection } from '#host/cluster/projection.ts';
import type { Reading } from './read.ts';
import { createReadings, type Lack } from './readings.ts';

/** The reads that an explanation stands on: each object once, projected as the host's store does, nothing written. */
export interface ClusterReader {
  /** Answers of the API server by ref key. A refusal is kept as a lack. */
  read(refs: readonly Ref[]): Promise<Readonly<Record<RefKey, ReadResult>>>;
  /** Pods of the namespace that bear our label; none, and a lack, where they can't be listed. */
  pods(namespace: string): Promise<readonly Pod[]>;
  /** Every Task of the namespace; undefined, and a lack, where they can't be listed. */
  tasks(namespace: string): Promise<readonly Task[] | undefined>;
  /** Those that have not ended, and perhaps others; undefined, and a lack, where they can't be listed. */
  unfinishedTasks(namespace: string): Promise<readonly Task[] | undefined>;
  settings(): Promise<Settings>;
  lacks(): readonly Pick<Lack, 'what' | 'message'>[];
}

/** What the host's flags are by default. */
const HOST_DEFAULTS = { referenceGraceSeconds: 60, unreachableAfterSeconds: 300 } as const;
/** Selects Tasks that have not ended; a CRD of upstream's can't, and gives all. */
export const UNFINISHED = 'status.phase!=Completed,status.phase!=Failed';

export function createClusterReader(cluster: Reading): ClusterReader {
  const readings = createReadings(cluster);

  async function read({ kind, namespace, name }: Ref): Promise<ReadResult> {
    const got = await readings.get({ kind, namespace, name });
    if ('found' in got) return { found: projected(kind, got.found) };
    if ('absent' in got) return got;
    const { failed } = got;
    return { unavailable: { code: failed.type === 'Refused' ? failed.code : 0, message: failed.message } };
  }

  /** Each list is projected once: whoever explains a long line asks for it once a Task. */
  const lists = new Map<string, Promise<readonly KubernetesObject[] | undefined>>();
  function list(scope: Scope, what: string): Promise<readonly KubernetesObject[] | undefined> {
    const key = JSON.stringify(scope);
    const known = lists.get(key) ?? readings.list(scope, what).then((items) => items?.map((item) => projected(scope.kind, item)));
    lists.set(key, known);
    return known;
  }

  return {
    read: async (refs) => Object.fromEntries(await Promise.all(refs.map(async (ref) => [refKey(ref), await read(ref)] as const))),
    pods: async (namespace) => ((await list({ kind: 'Pod', namespace, labelSelector: LABELS.taskUid }, 'Pods')) ?? []) as readonly Pod[],
    tasks: async (namespace) => (await list({ kind: 'Task', namespace }, 'Tasks')) as readonly Task[] | undefined,
    unfinishedTasks: async (namespace) =>
      (await list({ kind: 'Task', namespace, fieldSelector: UNFINISHED }, 'the queue')) as readonly Task[] | undefined,
    settings: async () => ({ config: specOf(await readings.config()), ...HOST_DEFAULTS }),
    lacks: () => readings.lacks().map(({ what, message }) => ({ what, message })),
  };
}

const COMPILED = new Map<Kind, Projection>(
  Object.entries(PROJECTIONS).map(([kind, paths]) => [kind as keyof typeof PROJECTIONS, compileProjection(paths)]),
);

function projected(kind: Kind, object: KubernetesObject): KubernetesObject {
  return COMPILED.get(kind)?.(object) ?? copyWhole(object);
}

function specOf(config: KubernetesObject | undefined): Settings['config'] {
  return config !== undefined && 'spec' in config && typeof config.spec === 'object' && config.spec !== null ? config.spec : {};
}
