import type { KubernetesObject } from '#core/api/kubernetes.ts';

/** The place of one object in the store; indexes point to it, so that a new state is one assignment. */
export interface Entry {
  object: KubernetesObject;
  /** Number of the last list that had it. */
  epoch: number;
}

/** Entries by one property of theirs. A single entry stands for itself, because nearly all properties are unique and a list for each costs memory. */
export class Index {
  readonly #entries = new Map<string, Entry | readonly Entry[]>();

  add(value: string | undefined, entry: Entry): void {
    if (value === undefined) return;
    const there = this.#entries.get(value);
    if (there === undefined) this.#entries.set(value, entry);
    else this.#entries.set(value, [...asList(there), entry].sort(byName));
  }

  remove(value: string | undefined, entry: Entry): void {
    if (value === undefined) return;
    const rest = asList(this.#entries.get(value)).filter((other) => other !== entry);
    const [only] = rest;
    if (only === undefined) this.#entries.delete(value);
    else this.#entries.set(value, rest.length === 1 ? only : rest);
  }

  first(value: string): KubernetesObject | undefined {
    return asList(this.#entries.get(value))[0]?.object;
  }

  all(value: string): readonly KubernetesObject[] {
    return asList(this.#entries.get(value)).map((entry) => entry.object);
  }
}

/** The objects of one kind, by namespace and name, and their indexes. */
export class Tables {
  readonly byUid = new Index();
  /** By the UID of the owner with `controller: true`. */
  readonly byOwner = new Index();
  /** By the value of one label. */
  readonly byLabel = new Index();
  readonly #byNamespace = new Map<string, Map<string, Entry>>();
  readonly #label: string;
  #size = 0;

  constructor(label: string) {
    this.#label = label;
  }

  get size(): number {
    return this.#size;
  }

  get(namespace: string, name: string): Entry | undefined {
    return this.#byNamespace.get(namespace)?.get(name);
  }

  /** Entries of one namespace, or all. */
  *entries(namespace?: string): IterableIterator<Entry> {
    if (namespace !== undefined) {
      yield* this.#byNamespace.get(namespace)?.values() ?? [];
      return;
    }
    for (const names of this.#byNamespace.values()) yield* names.values();
  }

  insert(object: KubernetesObject, epoch: number): void {
    const { name, namespace = '' } = object.metadata;
    const names = this.#byNamespace.get(namespace) ?? new Map<string, Entry>();
    this.#byNamespace.set(namespace, names);
    const entry = { object, epoch };
    names.set(name, entry);
    this.#size++;
    this.byUid.add(object.metadata.uid, entry);
    this.byOwner.add(controllerUid(object), entry);
    this.byLabel.add(this.#labelOf(object), entry);
  }

  /** Puts a new state of the same object (same UID) in its place. */
  replace(entry: Entry, object: KubernetesObject): void {
    const before = entry.object;
    entry.object = object;
    move(this.byOwner, controllerUid(before), controllerUid(object), entry);
    move(this.byLabel, this.#labelOf(before), this.#labelOf(object), entry);
  }

  delete(entry: Entry): void {
    const { object } = entry;
    const { name, namespace = '' } = object.metadata;
    const names = this.#byNamespace.get(namespace);
    if (names?.delete(name)) this.#size--;
    if (names?.size === 0) this.#byNamespace.delete(namespace);
    this.byUid.remove(object.metadata.uid, entry);
    this.byOwner.remove(controllerUid(object), entry);
    this.byLabel.remove(this.#labelOf(object), entry);
  }

  #labelOf(object: KubernetesObject): string | undefined {
    return object.metadata.labels?.[this.#label];
  }
}

function move(index: Index, from: string | undefined, to: string | undefined, entry: Entry): void {
  if (from === to) return;
  index.remove(from, entry);
  index.add(to, entry);
}

function controllerUid(object: KubernetesObject): string | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true)?.uid;
}

function asList(entries: Entry | readonly Entry[] | undefined): readonly Entry[] {
  if (entries === undefined) return [];
  return 'object' in entries ? [entries] : entries;
}

function byName(left: Entry, right: Entry): number {
  if (left.object.metadata.name === right.object.metadata.name) return 0;
  return left.object.metadata.name < right.object.metadata.name ? -1 : 1;
}
