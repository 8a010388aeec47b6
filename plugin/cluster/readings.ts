import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Kind } from '#core/contract/kinds.ts';
import { CONFIG_NAME } from '#core/contract/names.ts';
import type { Address, ClusterError, Scope } from '#host/cluster/cluster.ts';
import { failureText, isAbsent, resourceName } from './failure.ts';
import { type Listed, listAll, type Reading } from './read.ts';

/** Something that this user may not read, or that could not be read. */
export interface Lack {
  /** `Pods`, `ConfigMap guide`: once each. */
  readonly what: string;
  readonly verb: 'get' | 'list';
  readonly kind: Kind;
  /** As RBAC names it: `pods`, `tasks.kubeopencode.io`. */
  readonly resource: string;
  /** Absent: all namespaces, or a kind without any. */
  readonly namespace?: string;
  readonly name?: string;
  /** What was asked, what came, what to do. */
  readonly message: string;
  /** HTTP code of the answer; 0: none came. */
  readonly code: number;
}

/** What came of looking for one object. */
export type Got = { readonly found: KubernetesObject } | { readonly absent: true } | { readonly failed: ClusterError };

/** Reads of a cluster, each made once, whole objects; what fails is kept as a lack. Nothing is written. */
export interface Readings {
  get(address: Address): Promise<Got>;
  /** undefined, and a lack of `what`, where it fails. */
  list(scope: Scope, what: string): Promise<readonly KubernetesObject[] | undefined>;
  /** The KubeOpenCodeConfig; undefined where there is none: neither it nor its CRD has to be there. */
  config(): Promise<KubernetesObject | undefined>;
  /** In the order in which they came up. */
  lacks(): readonly Lack[];
}

export function createReadings(cluster: Reading): Readings {
  const objects = new Map<string, Promise<Got>>();
  const lists = new Map<string, Promise<readonly KubernetesObject[] | undefined>>();
  const lacks = new Map<string, Lack>();
  let settings: Promise<KubernetesObject | undefined> | undefined;

  async function get(address: Address): Promise<Got> {
    const { kind, namespace, name } = address;
    const result = await cluster.get(address);
    if (result.ok) return { found: result.value };
    if (isAbsent(result.error)) return { absent: true };
    const place = namespace === '' ? { name } : { namespace, name };
    lack(`${kind} ${name}`, { verb: 'get', kind, ...place }, result.error);
    return { failed: result.error };
  }

  async function list(scope: Scope, what: string): Promise<readonly KubernetesObject[] | undefined> {
    const listed = await selected(cluster, scope);
    if (listed.ok) return listed.items;
    lack(what, { verb: 'list', kind: scope.kind, ...(scope.namespace === undefined ? {} : { namespace: scope.namespace }) }, listed.error);
    return undefined;
  }

  async function config(): Promise<KubernetesObject | undefined> {
    const result = await cluster.get({ kind: 'KubeOpenCodeConfig', namespace: '', name: CONFIG_NAME });
    if (result.ok) return result.value;
    const isNone = result.error.type === 'Refused' && result.error.code === 404;
    if (!isNone) lack('KubeOpenCodeConfig', { verb: 'get', kind: 'KubeOpenCodeConfig', name: CONFIG_NAME }, result.error);
    return undefined;
  }

  function lack(what: string, asked: Omit<Lack, 'what' | 'resource' | 'message' | 'code'>, error: ClusterError): void {
    const code = error.type === 'Refused' ? error.code : 0;
    const told = { resource: resourceName(asked.kind), message: failureText(asked, error, cluster), code };
    lacks.set(`${what}/${asked.namespace ?? ''}`, { what, ...asked, ...told });
  }

  return {
    get: (address) => once(objects, `${address.kind}/${address.namespace}/${address.name}`, () => get(address)),
    list: (scope, what) => once(lists, JSON.stringify(scope), () => list(scope, what)),
    config: () => {
      settings ??= config();
      return settings;
    },
    lacks: () => [...lacks.values()],
  };
}

/** A CRD of upstream's has no selectable fields: then all is read, and who asked has to choose. */
async function selected(cluster: Reading, scope: Scope): Promise<Listed> {
  const listed = await listAll(cluster, scope);
  if (listed.ok || scope.fieldSelector === undefined || listed.error.type !== 'Refused' || listed.error.code !== 400) return listed;
  const { fieldSelector: _, ...whole } = scope;
  return listAll(cluster, whole);
}

function once<T>(known: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const answer = known.get(key) ?? ask();
  known.set(key, answer);
  return answer;
}
