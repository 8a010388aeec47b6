import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import type { Kind } from '#core/contract/kinds.ts';
import { CONFIG_NAME, LABELS } from '#core/contract/names.ts';
import { PROJECTIONS } from '#core/contract/projection.ts';
import { type ReadResult, type Ref, type RefKey, refKey, type Settings } from '#core/contract/snapshot.ts';
import type { Address, Cluster, ClusterError, Scope } from '#host/cluster/cluster.ts';
import { compileProjection, copyWhole, type Projection } from '#host/cluster/projection.ts';
import { failureText, isAbsent } from './failure.ts';
import { listAll } from './read.ts';

/** Something that this user may not read, and what the explanation lacks for it. */
export interface Lack {
  readonly what: string;
  readonly message: string;
}

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
  lacks(): readonly Lack[];
}

/** What the host's flags are by default. */
const HOST_DEFAULTS = { referenceGraceSeconds: 60, unreachableAfterSeconds: 300 } as const;

export function createClusterReader(cluster: Pick<Cluster, 'get' | 'list'>): ClusterReader {
  const answers = new Map<string, Promise<ReadResult>>();
  const lists = new Map<string, Promise<readonly KubernetesObject[] | undefined>>();
  const lacks = new Map<string, Lack>();

  function lack(what: string, message: string): void {
    lacks.set(what, { what, message });
  }

  async function get(address: Address): Promise<ReadResult> {
    const { kind, namespace, name } = address;
    const result = await cluster.get(address);
    if (result.ok) return { found: projected(kind, result.value) };
    if (isAbsent(result.error)) return { absent: true };
    const { error } = result;
    lack(`${kind} ${name}`, failureText({ verb: 'get', kind, namespace, name }, error));
    return { unavailable: { code: codeOf(error), message: error.message } };
  }

  function once(address: Address): Promise<ReadResult> {
    const key = `${address.kind}/${address.namespace}/${address.name}`;
    const known = answers.get(key) ?? get(address);
    answers.set(key, known);
    return known;
  }

  async function list(scope: Scope & { readonly namespace: string }, what: string): Promise<readonly KubernetesObject[] | undefined> {
    const selected = await listAll(cluster, scope);
    const { fieldSelector, ...whole } = scope;
    // A CRD of upstream's has no selectable fields.
    const isUnselectable = !selected.ok && fieldSelector !== undefined && codeOf(selected.error) === 400;
    const listed = isUnselectable ? await listAll(cluster, whole) : selected;
    if (listed.ok) return listed.items.map((item) => projected(scope.kind, item));
    lack(what, failureText({ verb: 'list', kind: scope.kind, namespace: scope.namespace }, listed.error));
    return undefined;
  }

  function listOnce(scope: Scope & { readonly namespace: string }, what: string): Promise<readonly KubernetesObject[] | undefined> {
    const key = `${scope.kind}/${scope.namespace}/${scope.fieldSelector ?? ''}`;
    const known = lists.get(key) ?? list(scope, what);
    lists.set(key, known);
    return known;
  }

  return {
    read: async (refs) => {
      const entries = await Promise.all(refs.map(async (ref) => [refKey(ref), await once(ref)] as const));
      return Object.fromEntries(entries);
    },
    pods: async (namespace) =>
      ((await listOnce({ kind: 'Pod', namespace, labelSelector: LABELS.taskUid }, 'Pods')) ?? []) as readonly Pod[],
    tasks: async (namespace) => (await listOnce({ kind: 'Task', namespace }, 'Tasks')) as readonly Task[] | undefined,
    unfinishedTasks: async (namespace) =>
      (await listOnce({ kind: 'Task', namespace, fieldSelector: UNFINISHED }, 'the queue')) as readonly Task[] | undefined,
    settings: async () => {
      const config = await cluster.get({ kind: 'KubeOpenCodeConfig', namespace: '', name: CONFIG_NAME });
      if (config.ok) return { config: specOf(config.value), ...HOST_DEFAULTS };
      // Neither a configuration nor its CRD has to be there.
      const isNone = config.error.type === 'Refused' && config.error.code === 404;
      if (!isNone) lack('KubeOpenCodeConfig', failureText({ verb: 'get', kind: 'KubeOpenCodeConfig', name: CONFIG_NAME }, config.error));
      return { config: {}, ...HOST_DEFAULTS };
    },
    lacks: () => [...lacks.values()],
  };
}

const UNFINISHED = 'status.phase!=Completed,status.phase!=Failed';

const COMPILED = new Map<Kind, Projection>(
  Object.entries(PROJECTIONS).map(([kind, paths]) => [kind as keyof typeof PROJECTIONS, compileProjection(paths)]),
);

function projected(kind: Kind, object: KubernetesObject): KubernetesObject {
  return COMPILED.get(kind)?.(object) ?? copyWhole(object);
}

function specOf(config: KubernetesObject): Settings['config'] {
  return 'spec' in config && typeof config.spec === 'object' && config.spec !== null ? config.spec : {};
}

function codeOf(error: ClusterError): number {
  return error.type === 'Refused' ? error.code : 0;
}
