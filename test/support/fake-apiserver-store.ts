import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { apiVersionOf, type Kind } from '#core/contract/kinds.ts';

export interface StoredEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubernetesObject;
  readonly resourceVersion: number;
}

export interface StatusAnswer {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
}

export type WriteAnswer = { readonly object: KubernetesObject } | StatusAnswer;

/** Objects, versions and history of the fake API server: as little as the transport and the reflector can notice. */
export class FakeStore {
  readonly #objects = new Map<string, KubernetesObject>();
  readonly #listeners = new Set<(kind: Kind, event: StoredEvent) => void>();
  #history: { readonly kind: Kind; readonly event: StoredEvent }[] = [];
  #version = 100;
  #compactedAt = 0;

  get version(): number {
    return this.#version;
  }

  onEvent(listener: (kind: Kind, event: StoredEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  list(kind: Kind, namespace: string | undefined): readonly KubernetesObject[] {
    const objects = [...this.#objects].filter(([key]) => key.startsWith(`${kind}/${namespace === undefined ? '' : `${namespace}/`}`));
    return objects.sort(([left], [right]) => (left < right ? -1 : 1)).map(([, object]) => object);
  }

  get(kind: Kind, namespace: string, name: string): KubernetesObject | undefined {
    return this.#objects.get(`${kind}/${namespace}/${name}`);
  }

  /** Events after a version; undefined when they are forgotten. */
  since(kind: Kind, version: number): readonly StoredEvent[] | undefined {
    if (version < this.#compactedAt) return undefined;
    return this.#history.filter((entry) => entry.kind === kind && entry.event.resourceVersion > version).map((entry) => entry.event);
  }

  /** Forgets all history: a watch from an earlier version is answered 410. */
  compact(): void {
    this.#history = [];
    this.#compactedAt = ++this.#version;
  }

  /** A version passes without any object: another kind was written. */
  tick(): string {
    return String(++this.#version);
  }

  put(kind: Kind, object: KubernetesObject): KubernetesObject {
    const { name, namespace = '' } = object.metadata;
    const key = `${kind}/${namespace}/${name}`;
    const before = this.#objects.get(key);
    const resourceVersion = ++this.#version;
    const uid = object.metadata.uid ?? before?.metadata.uid ?? `uid-${resourceVersion}`;
    const after = {
      apiVersion: apiVersionOf(kind),
      kind,
      ...object,
      metadata: { ...object.metadata, uid, resourceVersion: String(resourceVersion) },
    };
    if (before !== undefined && before.metadata.uid !== uid) this.#tell(kind, { type: 'DELETED', object: before, resourceVersion });
    this.#objects.set(key, after);
    const isNew = before === undefined || before.metadata.uid !== uid;
    this.#tell(kind, { type: isNew ? 'ADDED' : 'MODIFIED', object: after, resourceVersion });
    return after;
  }

  remove(kind: Kind, namespace: string, name: string): KubernetesObject | undefined {
    const key = `${kind}/${namespace}/${name}`;
    const before = this.#objects.get(key);
    if (before === undefined) return undefined;
    this.#objects.delete(key);
    const resourceVersion = ++this.#version;
    const object = { ...before, metadata: { ...before.metadata, resourceVersion: String(resourceVersion) } };
    this.#tell(kind, { type: 'DELETED', object, resourceVersion });
    return object;
  }

  create(kind: Kind, object: KubernetesObject): WriteAnswer {
    const { name, namespace = '' } = object.metadata;
    if (this.get(kind, namespace, name) !== undefined)
      return { code: 409, reason: 'AlreadyExists', message: `${kind} "${name}" already exists` };
    return { object: this.put(kind, object) };
  }

  replace(kind: Kind, namespace: string, name: string, object: KubernetesObject): WriteAnswer {
    const before = this.get(kind, namespace, name);
    if (before === undefined) return notFound(kind, name);
    if (object.metadata.resourceVersion !== before.metadata.resourceVersion) return conflict(kind, name);
    return { object: this.put(kind, object) };
  }

  merge(kind: Kind, namespace: string, name: string, patch: Readonly<Record<string, unknown>>): WriteAnswer {
    const before = this.get(kind, namespace, name);
    if (before === undefined) return notFound(kind, name);
    const wanted = patch.metadata as { readonly uid?: string; readonly resourceVersion?: string } | undefined;
    if (wanted?.uid !== undefined && wanted.uid !== before.metadata.uid) {
      return {
        code: 422,
        reason: 'Invalid',
        message: `${kind} "${name}" is invalid: metadata.uid: Invalid value: "${wanted.uid}": field is immutable`,
      };
    }
    if (wanted?.resourceVersion !== undefined && wanted.resourceVersion !== before.metadata.resourceVersion) return conflict(kind, name);
    return { object: this.put(kind, merged(before, patch) as KubernetesObject) };
  }

  #tell(kind: Kind, event: StoredEvent): void {
    this.#history.push({ kind, event });
    for (const listener of this.#listeners) listener(kind, event);
  }
}

function merged(before: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const after: Record<string, unknown> = typeof before === 'object' && before !== null ? { ...before } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete after[key];
    else after[key] = merged(after[key], value);
  }
  return after;
}

function notFound(kind: Kind, name: string): StatusAnswer {
  return { code: 404, reason: 'NotFound', message: `${kind} "${name}" not found` };
}

function conflict(kind: Kind, name: string): StatusAnswer {
  return { code: 409, reason: 'Conflict', message: `Operation cannot be fulfilled on ${kind} "${name}": the object has been modified` };
}
