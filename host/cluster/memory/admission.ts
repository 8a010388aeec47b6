import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import type { Kind } from '#core/contract/kinds.ts';
import type { ClusterError } from '../cluster.ts';
import { forbidden } from './errors.ts';
import type { StoredObject } from './kinds.ts';

export interface AdmissionRequest {
  readonly operation: 'create' | 'update' | 'delete';
  /** Who asks: the name of a `MemoryCluster`. */
  readonly client: string;
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  /** As asked for; of a deletion the stored one. */
  readonly object: KubernetesObject;
  readonly subresource?: 'status';
  /** Objects of a kind in the request's namespace, as quota and policies look at them. */
  readonly existing: (kind: Kind) => readonly StoredObject[];
}

export type AdmissionAnswer =
  | { readonly type: 'Refuse'; readonly error: ClusterError }
  /** A mutating webhook: what is stored instead. */
  | { readonly type: 'Change'; readonly object: KubernetesObject };

/** Answers a write before it happens, as an admission plugin or webhook does; undefined lets it pass. */
export type Admission = (request: AdmissionRequest) => AdmissionAnswer | undefined;

/** A ResourceQuota `pods: <hard>` in each namespace: Pods that have not ended count. */
export function podQuota(hard: number, quotaName = 'pods'): Admission {
  return ({ operation, kind, name, existing }) => {
    if (operation !== 'create' || kind !== 'Pod') return undefined;
    const used = existing('Pod').filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed').length;
    if (used < hard) return undefined;
    const text = `exceeded quota: ${quotaName}, requested: pods=1, used: pods=${used}, limited: pods=${hard}`;
    return { type: 'Refuse', error: forbidden('Pod', name, text) };
  };
}

/** Classes that every cluster has. Source: kubernetes pkg/apis/scheduling/v1/helpers.go. */
const SYSTEM_CLASSES: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
};

/** PriorityClasses by name: a Pod's class becomes its priority, one that is not there is refused. */
export function priorityClasses(classes: Readonly<Record<string, number>>): Admission {
  const known = { ...SYSTEM_CLASSES, ...classes };
  return ({ operation, kind, name, object }) => {
    const { spec } = object as Partial<Pod>;
    if (operation !== 'create' || kind !== 'Pod' || spec?.priorityClassName === undefined) return undefined;
    const { priorityClassName } = spec;
    const priority = Object.hasOwn(known, priorityClassName) ? known[priorityClassName] : undefined;
    if (priority === undefined) {
      return { type: 'Refuse', error: forbidden('Pod', name, `no PriorityClass with name ${priorityClassName} was found`) };
    }
    return { type: 'Change', object: { ...object, spec: { ...spec, priority } } as KubernetesObject };
  };
}
