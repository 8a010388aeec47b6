import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Kind } from '#core/contract/kinds.ts';
import type { ClusterError, ObjectList } from '#host/cluster/cluster.ts';
import type { Fields } from './conformance-kit.ts';
import { COMPARED_NAMES } from './conformance-random-calls.ts';

/** Shows what a cluster answers without what differs from cluster to cluster: UIDs become numbers, versions `new` or `same`, times `some`. */
export class Lens {
  readonly #uids = new Map<string, number>();
  readonly #versions = new Map<string, string>();
  readonly #known = new Map<string, KubernetesObject[]>();

  /** The first or last answer about an object, for calls that name a UID or version. */
  known(kind: Kind, name: string, age: 'first' | 'last'): KubernetesObject | undefined {
    return this.#known.get(`${kind}/${name}`)?.at(age === 'first' ? 0 : -1);
  }

  value(value: unknown): unknown {
    if (value === null || typeof value !== 'object') return value;
    if ('items' in value) return (value as ObjectList).items.filter(isCompared).map((item) => this.#object(item));
    return this.#object(value as KubernetesObject);
  }

  error(error: ClusterError): unknown {
    if (error.type !== 'Refused') return error.type;
    return { code: error.code, reason: error.reason, fields: [...new Set(error.fields ?? [])].sort() };
  }

  event(type: string, object: KubernetesObject): Fields {
    const { name, uid = '', generation, labels, finalizers, deletionGracePeriodSeconds } = object.metadata;
    const uidNumber = this.#numberOf(uid);
    return {
      type,
      name,
      uid: uidNumber,
      generation,
      labels,
      finalizers,
      deletionGracePeriodSeconds,
      spec: specOf(object),
      status: statusOf(object),
    };
  }

  #object(object: KubernetesObject): Fields {
    this.#remember(object);
    const { apiVersion: _, kind: __, metadata, ...fields } = object as KubernetesObject & Fields;
    const {
      managedFields: ___,
      uid = '',
      resourceVersion = '',
      creationTimestamp,
      deletionTimestamp,
      namespace: ____,
      ...kept
    } = metadata as typeof metadata & Fields;
    const isNew = this.#versions.get(uid) !== resourceVersion;
    this.#versions.set(uid, resourceVersion);
    return {
      ...fields,
      spec: specOf(object),
      status: statusOf(object),
      metadata: {
        ...kept,
        uid: this.#numberOf(uid),
        version: isNew ? 'new' : 'same',
        created: creationTimestamp === undefined ? undefined : 'some',
        deletion: deletionTimestamp === undefined ? undefined : 'some',
      },
    };
  }

  #remember(object: KubernetesObject): void {
    // Items of lists of builtin kinds bear no kind.
    if (object.kind === undefined) return;
    const key = `${object.kind}/${object.metadata.name}`;
    this.#known.set(key, [...(this.#known.get(key) ?? []), object]);
  }

  #numberOf(uid: string): number {
    const known = this.#uids.get(uid) ?? this.#uids.size;
    this.#uids.set(uid, known);
    return known;
  }
}

/** Not so what a controller puts into each namespace, such as the ConfigMap `kube-root-ca.crt`. */
export function isCompared({ metadata }: KubernetesObject): boolean {
  return COMPARED_NAMES.some((name) => name === metadata.name);
}

/** The API server writes an old name of the ServiceAccount beside the new one. */
function specOf(object: KubernetesObject): unknown {
  const { spec } = object as KubernetesObject & { readonly spec?: Fields };
  if (spec === undefined) return undefined;
  const { serviceAccount: _, serviceAccountName: __, ...kept } = spec;
  return kept;
}

/** It prints times of conditions that nobody set as null. */
function statusOf(object: KubernetesObject): unknown {
  const { status } = object as KubernetesObject & { readonly status?: { readonly conditions?: readonly Fields[] } & Fields };
  if (status?.conditions === undefined) return status;
  const conditions = status.conditions.map((condition) =>
    Object.fromEntries(Object.entries(condition).filter(([, value]) => value !== null)),
  );
  return { ...status, conditions };
}
