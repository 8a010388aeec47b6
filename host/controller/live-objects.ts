import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Address } from '../cluster/cluster.ts';
import { isAtLeast } from '../cluster/resource-version.ts';
import type { Store } from '../cluster/store.ts';
import type { SubjectKey } from './subject.ts';

/** What is known of an object: the later of what the watch brought and what was read live. */
export type Known =
  | { readonly type: 'Found'; readonly object: KubernetesObject }
  | { readonly type: 'Absent' }
  | { readonly type: 'Unread' };

/**
 * Objects that were read live for one subject and stand over the store until the watch has come as far. The store itself takes only what its watches
 * bring, so that it never goes back in time.
 */
export class LiveObjects {
  readonly #store: Pick<Store, 'get' | 'hasSeen'>;
  readonly #bySubject = new Map<SubjectKey, Map<string, Reading>>();

  constructor(store: Pick<Store, 'get' | 'hasSeen'>) {
    this.#store = store;
  }

  /** Subjects of which something is kept. */
  get size(): number {
    return this.#bySubject.size;
  }

  /** Takes in what a live GET answered: an object, or that there is none. */
  put(subject: SubjectKey, address: Address, object: KubernetesObject | null): void {
    const readings = this.#bySubject.get(subject) ?? new Map<string, Reading>();
    this.#bySubject.set(subject, readings);
    readings.set(`${address.kind}/${address.namespace}/${address.name}`, {
      address,
      object,
      cachedUid: this.#store.get(address)?.metadata.uid,
    });
  }

  /** What stands over the store for one object; `Unread` when the store knows better. */
  known(subject: SubjectKey, address: Address): Known {
    const readings = this.#bySubject.get(subject);
    const text = `${address.kind}/${address.namespace}/${address.name}`;
    const reading = readings?.get(text);
    if (readings === undefined || reading === undefined) return { type: 'Unread' };
    if (this.#isOvertaken(reading)) {
      readings.delete(text);
      if (readings.size === 0) this.#bySubject.delete(subject);
      return { type: 'Unread' };
    }
    return reading.object === null ? { type: 'Absent' } : { type: 'Found', object: reading.object };
  }

  /** All that stands over the store for a subject. */
  all(subject: SubjectKey): readonly { readonly address: Address; readonly known: Known }[] {
    const addresses = [...(this.#bySubject.get(subject)?.values() ?? [])].map(({ address }) => address);
    return addresses.map((address) => ({ address, known: this.known(subject, address) }));
  }

  forget(subject: SubjectKey): void {
    this.#bySubject.delete(subject);
  }

  #isOvertaken({ address, object, cachedUid }: Reading): boolean {
    const cached = this.#store.get(address);
    // Absence: as long as the store shows the same object as then, or none, it is only behind, or right.
    if (object === null) return cached !== undefined && cached.metadata.uid !== cachedUid;
    const { resourceVersion } = object.metadata;
    if (resourceVersion === undefined) return true;
    const cachedVersion = cached?.metadata.uid === object.metadata.uid ? cached?.metadata.resourceVersion : undefined;
    // What the store has of it tells more than how far the watch has got: should the watch have lost an event, the store is behind all the same.
    if (cachedVersion !== undefined) return isAtLeast(cachedVersion, resourceVersion);
    return this.#store.hasSeen(address.kind, resourceVersion, address.namespace);
  }
}

interface Reading {
  readonly address: Address;
  readonly object: KubernetesObject | null;
  /** UID of what the store had under the name at that time. */
  readonly cachedUid: string | undefined;
}
