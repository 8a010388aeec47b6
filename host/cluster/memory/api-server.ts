import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import { type Kind, RESOURCES } from '#core/contract/kinds.ts';
import type { Clock } from '../../clock.ts';
import { seededRandom } from '../../virtual-clock.ts';
import type { Address, ClusterError, DeleteOptions, ListOptions, LogOptions, ObjectList, PatchOptions, Result } from '../cluster.ts';
import type { Admission, AdmissionRequest } from './admission.ts';
import { planDeletion } from './deletion.ts';
import { alreadyExists, badRequest, invalid, notFound, resourceNotFound, unsupportedMediaType } from './errors.ts';
import { copyJson, KIND_RULES, metaTime, type StoredObject } from './kinds.ts';
import { listPage } from './list.ts';
import type { WrittenLog } from './log-stream.ts';
import { mergePatch, strategicMergePatch } from './merge-patch.ts';
import { Namespaces } from './namespaces.ts';
import { keyOf, ObjectStore } from './object-store.ts';
import { type Judged, prepareCreate, prepareUpdate } from './write.ts';

export interface ApiServerOptions {
  readonly clock: Clock;
  /** Seed of UIDs and generated names. Default 1. */
  readonly seed?: number;
  readonly admission?: readonly Admission[];
  /** Namespaces that exist; absent: every one. */
  readonly namespaces?: readonly string[];
  /** Stored objects can't be changed by those who are given them. Default false: it costs time. */
  readonly freeze?: boolean;
  /** Default `Everything`. */
  readonly judged?: Judged;
}

/** What was asked for of a container's log, or why there is none. */
export type LogSource = (pod: Pod, options: LogOptions) => Result<string>;

/** What a container has written, for a reader that has its log open; undefined: its kubelet does not know it any more. */
export type WrittenLogSource = (pod: Pod, container: string) => WrittenLog | undefined;

type Draft = KubernetesObject & { readonly kind: Kind };

/** Semantics of an API server: each call happens at once and whole. Clients reach it through `MemoryCluster`, the models of Kubernetes' own components directly. */
export class ApiServer {
  readonly clock: Clock;
  readonly store: ObjectStore;
  readonly namespaces: Namespaces;
  readonly #admission: Admission[];
  readonly #random: () => number;
  #writtenLogSource: WrittenLogSource = () => undefined;
  readonly #judged: Judged;
  #logSource: LogSource = () => ({ ok: false, error: badRequest('no kubelet has logs') });

  constructor(options: ApiServerOptions) {
    this.clock = options.clock;
    this.store = new ObjectStore(options.freeze);
    this.namespaces = new Namespaces(options.namespaces ?? null);
    this.#admission = [...(options.admission ?? [])];
    this.#random = seededRandom(options.seed ?? 1);
    this.#judged = options.judged ?? 'Everything';
  }

  /** Adds an admission plugin behind the others; the returned function takes it away. */
  addAdmission(admission: Admission): () => void {
    this.#admission.push(admission);
    return () => {
      const at = this.#admission.indexOf(admission);
      if (at >= 0) this.#admission.splice(at, 1);
    };
  }

  setLogSource(source: LogSource, written: WrittenLogSource): void {
    this.#logSource = source;
    this.#writtenLogSource = written;
  }

  find({ kind, namespace, name }: Address): StoredObject | undefined {
    return this.store.get(kind, keyOf(namespace, name));
  }

  get(address: Address): Result<StoredObject> {
    const object = this.find(address);
    return object === undefined ? failure(notFound(address.kind, address.name)) : success(object);
  }

  /** `atRevision`: what a stale cache holds. */
  list(options: ListOptions, atRevision?: number): Result<ObjectList> {
    return listPage(this.store, options, atRevision);
  }

  create(wanted: Draft, client = 'system'): Result<StoredObject> {
    const { kind } = wanted;
    if (wanted.metadata.resourceVersion !== undefined && wanted.metadata.resourceVersion !== '') {
      return failure({ type: 'Refused', code: 500, reason: '', message: 'resourceVersion should not be set on objects to be created' });
    }
    const named = this.#named(wanted);
    const namespace = RESOURCES[kind].namespaced ? (named.metadata.namespace ?? '') : '';
    const { name } = named.metadata;
    if (RESOURCES[kind].namespaced) {
      if (namespace === '') return failure(badRequest('an empty namespace may not be set during creation'));
      const refusal = this.namespaces.refusal(namespace, kind, name);
      if (refusal !== undefined) return failure(refusal);
    }
    const admitted = this.#admit({ operation: 'create', client, kind, namespace, name, object: named });
    if (!admitted.ok) return admitted;
    const prepared = prepareCreate(admitted.value as Draft, this.#uid(), this.clock.now(), this.#judged);
    if (!prepared.ok) return prepared;
    const existing = this.find({ kind, namespace, name });
    if (existing !== undefined) return failure(alreadyExists(kind, name, existing.metadata.deletionTimestamp !== undefined));
    return success(this.store.put(prepared.value));
  }

  patch(address: Address, patch: unknown, { patchType, subresource }: PatchOptions, client = 'system'): Result<StoredObject> {
    const rules = KIND_RULES[address.kind];
    if (patchType === 'strategic' && rules.custom) return failure(unsupportedMediaType());
    if (subresource === 'status' && !rules.statusSubresource) return failure(resourceNotFound());
    const old = this.find(address);
    if (old === undefined) return failure(notFound(address.kind, address.name));
    const patched = patchType === 'merge' ? mergePatch(old, patch) : strategicMergePatch(old, patch);
    return this.#update(patched as KubernetesObject, old, client, subresource);
  }

  replace(wanted: Draft, client = 'system'): Result<StoredObject> {
    const { kind, metadata } = wanted;
    const old = this.find({ kind, namespace: metadata.namespace ?? '', name: metadata.name });
    if (old === undefined) {
      if (!KIND_RULES[kind].createOnReplace) return failure(notFound(kind, metadata.name));
      const { resourceVersion: _, ...rest } = metadata;
      return this.create({ ...wanted, metadata: rest }, client);
    }
    if (metadata.resourceVersion === undefined || metadata.resourceVersion === '') {
      return failure(
        invalid(kind, metadata.name, [{ field: 'metadata.resourceVersion', message: 'Invalid value: 0: must be specified for an update' }]),
      );
    }
    return this.#update(copyJson(wanted), old, client);
  }

  /** The object as it stands afterwards; null when it is gone. */
  delete(address: Address, options: DeleteOptions, client = 'system'): Result<StoredObject | null> {
    const object = this.find(address);
    if (object === undefined) return failure(notFound(address.kind, address.name));
    const admitted = this.#admit({ operation: 'delete', client, ...address, object });
    if (!admitted.ok) return admitted;
    const step = planDeletion(object, options, this.clock.now());
    switch (step.type) {
      case 'Refused':
        return failure(step.error);
      case 'Unchanged':
        return success(object);
      case 'Marked':
        return success(this.store.put(step.object));
      case 'Removed':
        this.store.remove(step.marked === undefined ? object : this.store.put(step.marked));
        return success(null);
    }
  }

  logs(address: Address, options: LogOptions): Result<string> {
    const object = this.find(address);
    if (object === undefined) return failure(notFound('Pod', address.name));
    return this.#logSource(object as StoredObject & Pod, options);
  }

  writtenLog(address: Address, container: string): WrittenLog | undefined {
    const object = this.find(address);
    return object === undefined ? undefined : this.#writtenLogSource(object as StoredObject & Pod, container);
  }

  /** Writes past admission and validation what Kubernetes' own components write (binding, Pod status); nothing when it is gone, replaced or unchanged. */
  overwrite<T extends KubernetesObject>(object: StoredObject, change: (current: StoredObject & T) => T): void {
    const { kind, metadata } = object;
    const old = this.find({ kind, namespace: metadata.namespace ?? '', name: metadata.name });
    if (old === undefined || old.metadata.uid !== metadata.uid) return;
    const changed = change(old as StoredObject & T);
    if (changed !== (old as KubernetesObject)) this.#store(changed as unknown as StoredObject, old);
  }

  /** Puts an object as it is read from elsewhere (a live cluster), with its UID, times and status. */
  load(object: Draft): StoredObject {
    const copy = copyJson(object) as unknown as StoredObject;
    const { metadata } = copy;
    const { uid = this.#uid() } = object.metadata;
    const { creationTimestamp = metaTime(this.clock.now()) } = object.metadata;
    return this.store.put({ ...copy, metadata: { ...metadata, uid, creationTimestamp } });
  }

  /** `wanted` shares nothing with the caller, but whatever it likes with `old`. */
  #update(wanted: KubernetesObject, old: StoredObject, client: string, subresource?: 'status'): Result<StoredObject> {
    const { kind, metadata } = old;
    if (wanted.metadata.name !== metadata.name) {
      return failure(badRequest(`the name of the object (${wanted.metadata.name}) does not match the name on the URL (${metadata.name})`));
    }
    const namespace = metadata.namespace ?? '';
    if ((wanted.metadata.namespace ?? namespace) !== namespace) {
      return failure(badRequest('the namespace of the provided object does not match the namespace sent on the request'));
    }
    const request = { operation: 'update', client, kind, namespace, name: metadata.name, object: wanted } as const;
    const admitted = this.#admit(subresource === undefined ? request : { ...request, subresource });
    if (!admitted.ok) return admitted;
    const prepared = prepareUpdate(admitted.value === wanted ? wanted : copyJson(admitted.value), old, this.#judged, subresource);
    if (!prepared.ok) return prepared;
    return success(prepared.value === old ? old : this.#store(prepared.value, old));
  }

  /** Removes instead when the last finalizer went and no grace period holds it; the answer then bears the old version, as the API server's does. */
  #store(object: StoredObject, old: StoredObject): StoredObject {
    const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata;
    const isReleased = deletionTimestamp !== undefined && deletionGracePeriodSeconds === 0 && finalizers.length === 0;
    if (!isReleased) return this.store.put(object);
    this.store.remove(old);
    return object;
  }

  #admit(request: Omit<AdmissionRequest, 'existing'>): Result<KubernetesObject> {
    if (this.#admission.length === 0) return success(request.object);
    let { object } = request;
    const existing = (kind: Kind): readonly StoredObject[] => {
      return [...this.store.values(kind)].filter(({ metadata }) => (metadata.namespace ?? '') === request.namespace);
    };
    for (const admission of this.#admission) {
      const answer = admission({ ...request, object, existing });
      if (answer?.type === 'Refuse') return failure(answer.error);
      if (answer?.type === 'Change') object = answer.object;
    }
    return success(object);
  }

  #named(wanted: Draft): Draft {
    const { generateName } = wanted.metadata as { readonly generateName?: string };
    if (wanted.metadata.name !== undefined && wanted.metadata.name !== '') return wanted;
    const letters = 'bcdfghjklmnpqrstvwxz2456789';
    const suffix = Array.from({ length: 5 }, () => letters[Math.floor(this.#random() * letters.length)]).join('');
    return { ...wanted, metadata: { ...wanted.metadata, name: `${generateName ?? ''}${suffix}` } };
  }

  #uid(): string {
    const [a, b, c, d] = [this.#hex(), this.#hex(), this.#hex(), this.#hex()];
    return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-a${c.slice(1, 4)}-${c.slice(4)}${d}`;
  }

  /** Eight digits. */
  #hex(): string {
    return Math.floor(this.#random() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0');
  }
}

function success<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

function failure(error: ClusterError): { readonly ok: false; readonly error: ClusterError } {
  return { ok: false, error };
}
