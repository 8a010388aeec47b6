import { type Kind, RESOURCES } from '#core/contract/kinds.ts';
import type { StoredObject } from './kinds.ts';

/** One write, as watches see it. */
export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  /** As written; of a deletion the last state, with the deletion's version. */
  readonly object: StoredObject;
  /** Before the write; undefined for ADDED. */
  readonly previous: StoredObject | undefined;
}

export type ChangeListener = (change: Change) => void;

interface Table {
  readonly objects: Map<string, StoredObject>;
  /** Every change that compaction has left, oldest first. */
  log: Change[];
  readonly listeners: Set<ChangeListener>;
}

/** Changes kept per kind when nobody compacts: enough for every watch that is not far behind. */
const LOG_LIMIT = 20_000;

/**
 * Objects by kind and key with one counter of versions, the changes since the last compaction, and listeners, who are told in order while the write is made.
 * The log holds what was there before each change, so the state at any version since can be had back.
 */
export class ObjectStore {
  readonly #tables = new Map<Kind, Table>();
  readonly #freeze: boolean;
  #revision = 1;
  #compacted = 1;

  /** `freeze`: what is stored can't be changed by those who are given it; for tests. */
  constructor(freeze = false) {
    this.#freeze = freeze;
    for (const kind of Object.keys(RESOURCES) as Kind[]) this.#tables.set(kind, { objects: new Map(), log: [], listeners: new Set() });
  }

  /** Version of the newest write. */
  get revision(): number {
    return this.#revision;
  }

  /** Nothing before this version can be watched or listed. */
  get compactedRevision(): number {
    return this.#compacted;
  }

  get(kind: Kind, key: string): StoredObject | undefined {
    return this.#table(kind).objects.get(key);
  }

  /** All objects of a kind, in no order. */
  values(kind: Kind): IterableIterator<StoredObject> {
    return this.#table(kind).objects.values();
  }

  /** Objects of a kind in order of their keys, now or at an earlier version (at least `compactedRevision`). */
  sorted(kind: Kind, revision: number = this.#revision): StoredObject[] {
    const { objects, log } = this.#table(kind);
    const entries = new Map(objects);
    for (let index = log.length - 1; index >= 0; index--) {
      const change = log[index];
      if (change === undefined || change.revision <= revision) break;
      const key = keyOf(change.object.metadata.namespace, change.object.metadata.name);
      if (change.previous === undefined) entries.delete(key);
      else entries.set(key, change.previous);
    }
    return [...entries.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /** Changes of a kind after a version, oldest first. */
  since(kind: Kind, revision: number): readonly Change[] {
    const { log } = this.#table(kind);
    let index = log.length;
    while (index > 0 && (log[index - 1]?.revision ?? 0) > revision) index--;
    return log.slice(index);
  }

  /** Stores an object under its next version and returns it as stored. */
  put(object: StoredObject): StoredObject {
    const stored = this.#versioned(object);
    const key = keyOf(object.metadata.namespace, object.metadata.name);
    const { objects } = this.#table(object.kind);
    const previous = objects.get(key);
    objects.set(key, stored);
    this.#record({ type: previous === undefined ? 'ADDED' : 'MODIFIED', revision: this.#revision, object: stored, previous });
    return stored;
  }

  /** Removes an object; `last` is its state as the deletion leaves it. */
  remove(last: StoredObject): void {
    const { objects } = this.#table(last.kind);
    const key = keyOf(last.metadata.namespace, last.metadata.name);
    const previous = objects.get(key);
    if (previous === undefined) return;
    const stored = this.#versioned(last);
    objects.delete(key);
    this.#record({ type: 'DELETED', revision: this.#revision, object: stored, previous });
  }

  listen(kind: Kind, listener: ChangeListener): () => void {
    const { listeners } = this.#table(kind);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Forgets changes up to a version, by default all: watches and pages from before are answered 410. */
  compact(revision: number = this.#revision): void {
    this.#compacted = Math.max(this.#compacted, Math.min(revision, this.#revision));
    for (const table of this.#tables.values()) table.log = table.log.filter((change) => change.revision > this.#compacted);
  }

  #versioned(object: StoredObject): StoredObject {
    this.#revision += 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#revision) } };
    return this.#freeze ? deepFreeze(stored) : stored;
  }

  #record(change: Change): void {
    const table = this.#table(change.object.kind);
    table.log.push(change);
    if (table.log.length > LOG_LIMIT) this.compact(table.log[LOG_LIMIT / 2]?.revision);
    for (const listener of [...table.listeners]) listener(change);
  }

  #table(kind: Kind): Table {
    const table = this.#tables.get(kind);
    if (table === undefined) throw new Error(`memory cluster: no table for kind ${kind}`);
    return table;
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const field of Object.values(value)) deepFreeze(field);
  }
  return value;
}

/** Order of keys is the order of lists. */
export function keyOf(namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}
