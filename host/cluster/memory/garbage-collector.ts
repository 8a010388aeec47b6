import type { OwnerReference } from '#core/api/kubernetes.ts';
import { type Kind, RESOURCES } from '#core/contract/kinds.ts';
import type { Address, DeleteOptions } from '../cluster.ts';
import type { ApiServer } from './api-server.ts';
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from './deletion.ts';
import type { StoredObject } from './kinds.ts';
import type { Change } from './object-store.ts';

export interface GarbageCollectorOptions {
  /** From a change to what it brings about. Default 50. */
  readonly delayMs?: number;
}

/**
 * Deletes what has no owner left, and carries out deletion in the foreground and orphaning. Source: kubernetes pkg/controller/garbagecollector
 * (attemptToDeleteItem, processDeletingDependentsItem, orphanDependents).
 */
export class GarbageCollector {
  readonly #server: ApiServer;
  readonly #delayMs: number;
  /** Where the object of each UID is. */
  readonly #addresses = new Map<string, Address>();
  /** UIDs of the dependents of each owner's UID. */
  readonly #dependents = new Map<string, Set<string>>();
  readonly #queue = new Set<string>();
  #isScheduled = false;

  constructor(server: ApiServer, options: GarbageCollectorOptions = {}) {
    this.#server = server;
    this.#delayMs = options.delayMs ?? 50;
    for (const kind of Object.keys(RESOURCES) as Kind[]) {
      for (const object of server.store.values(kind)) this.#index(object);
      server.store.listen(kind, (change) => this.#follow(change));
    }
    for (const uid of this.#addresses.keys()) this.#enqueue(uid);
  }

  #follow({ type, object, previous }: Change): void {
    const { uid, ownerReferences = [] } = object.metadata;
    if (type === 'DELETED') {
      this.#forget(object);
      for (const dependent of this.#dependents.get(uid) ?? []) this.#enqueue(dependent);
      // Who deletes in the foreground may have waited for this one.
      for (const owner of ownerReferences) this.#enqueue(owner.uid);
      return;
    }
    if (previous?.metadata.ownerReferences !== ownerReferences) {
      if (previous !== undefined) this.#forget(previous);
      this.#index(object);
      if (ownerReferences.length > 0) this.#enqueue(uid);
      for (const owner of previous?.metadata.ownerReferences ?? []) this.#enqueue(owner.uid);
    }
    if (object.metadata.deletionTimestamp !== undefined && collectorFinalizer(object) !== undefined) this.#enqueue(uid);
  }

  #index({ kind, metadata }: StoredObject): void {
    this.#addresses.set(metadata.uid, { kind, namespace: metadata.namespace ?? '', name: metadata.name });
    for (const owner of metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(owner.uid) ?? new Set();
      this.#dependents.set(owner.uid, dependents.add(metadata.uid));
    }
  }

  #forget({ metadata }: StoredObject): void {
    this.#addresses.delete(metadata.uid);
    for (const owner of metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(owner.uid);
      dependents?.delete(metadata.uid);
      if (dependents?.size === 0) this.#dependents.delete(owner.uid);
    }
  }

  #enqueue(uid: string): void {
    this.#queue.add(uid);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#server.clock.after(this.#delayMs, () => {
      this.#isScheduled = false;
      const uids = [...this.#queue];
      this.#queue.clear();
      for (const each of uids) this.#process(each);
    });
  }

  #process(uid: string): void {
    const object = this.#find(uid);
    if (object === undefined) return;
    const isDeleted = object.metadata.deletionTimestamp !== undefined;
    const finalizer = isDeleted ? collectorFinalizer(object) : undefined;
    if (finalizer === ORPHAN_FINALIZER) this.#orphan(object);
    else if (finalizer === FOREGROUND_FINALIZER) this.#deleteDependents(object);
    else if (!isDeleted) this.#deleteIfUnowned(object);
  }

  #orphan(object: StoredObject): void {
    for (const dependent of this.#dependentsOf(object)) this.#removeOwners(dependent, [object.metadata.uid]);
    this.#removeFinalizer(object, ORPHAN_FINALIZER);
  }

  #deleteDependents(object: StoredObject): void {
    const dependents = this.#dependentsOf(object);
    for (const dependent of dependents) if (dependent.metadata.deletionTimestamp === undefined) this.#deleteIfUnowned(dependent);
    const blocks = ({ uid, blockOwnerDeletion }: OwnerReference): boolean => uid === object.metadata.uid && blockOwnerDeletion === true;
    const isBlocked = this.#dependentsOf(object).some(({ metadata }) => metadata.ownerReferences?.some(blocks));
    if (!isBlocked) this.#removeFinalizer(object, FOREGROUND_FINALIZER);
  }

  #deleteIfUnowned(object: StoredObject): void {
    const owners = object.metadata.ownerReferences ?? [];
    if (owners.length === 0) return;
    const waiting = owners.filter(({ uid }) => this.#isDeletingDependents(uid));
    const absent = owners.filter(({ uid }) => this.#find(uid) === undefined);
    if (waiting.length + absent.length < owners.length) {
      this.#removeOwners(
        object,
        [...waiting, ...absent].map(({ uid }) => uid),
      );
      return;
    }
    const hasDependents = (this.#dependents.get(object.metadata.uid)?.size ?? 0) > 0;
    this.#delete(object, waiting.length > 0 && hasDependents ? 'Foreground' : 'Background');
  }

  #delete(object: StoredObject, propagationPolicy: NonNullable<DeleteOptions['propagationPolicy']>): void {
    const finalizer = collectorFinalizer(object);
    const own = finalizer === ORPHAN_FINALIZER ? 'Orphan' : finalizer === FOREGROUND_FINALIZER ? 'Foreground' : undefined;
    const options = { uid: object.metadata.uid, propagationPolicy: own ?? propagationPolicy };
    // A refusal means that it changed meanwhile, and then it is looked at again.
    this.#server.delete(addressOf(object), options, 'garbage-collector');
  }

  #removeOwners(object: StoredObject, uids: readonly string[]): void {
    if (uids.length === 0) return;
    this.#server.overwrite(object, (current) => {
      const { ownerReferences = [], ...metadata } = current.metadata;
      const kept = ownerReferences.filter(({ uid }) => !uids.includes(uid));
      return { ...current, metadata: kept.length === 0 ? metadata : { ...metadata, ownerReferences: kept } };
    });
  }

  #removeFinalizer(object: StoredObject, finalizer: string): void {
    this.#server.overwrite(object, (current) => {
      const { finalizers = [], ...metadata } = current.metadata;
      const kept = finalizers.filter((other) => other !== finalizer);
      return { ...current, metadata: kept.length === 0 ? metadata : { ...metadata, finalizers: kept } };
    });
  }

  #isDeletingDependents(uid: string): boolean {
    const object = this.#find(uid);
    return object?.metadata.deletionTimestamp !== undefined && object.metadata.finalizers?.includes(FOREGROUND_FINALIZER) === true;
  }

  #dependentsOf({ metadata }: StoredObject): StoredObject[] {
    return [...(this.#dependents.get(metadata.uid) ?? [])].flatMap((uid) => this.#find(uid) ?? []);
  }

  #find(uid: string): StoredObject | undefined {
    const address = this.#addresses.get(uid);
    return address === undefined ? undefined : this.#server.find(address);
  }
}

function collectorFinalizer({ metadata }: StoredObject): typeof ORPHAN_FINALIZER | typeof FOREGROUND_FINALIZER | undefined {
  if (metadata.finalizers?.includes(ORPHAN_FINALIZER)) return ORPHAN_FINALIZER;
  return metadata.finalizers?.includes(FOREGROUND_FINALIZER) ? FOREGROUND_FINALIZER : undefined;
}

function addressOf({ kind, metadata }: StoredObject): Address {
  return { kind, namespace: metadata.namespace ?? '', name: metadata.name };
}
