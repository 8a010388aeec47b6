import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { type Kind, RESOURCES } from '#core/contract/kinds.ts';
import { LABELS } from '#core/contract/names.ts';
import { PROJECTIONS } from '#core/contract/projection.ts';
import type { Address } from './cluster.ts';
import { compileProjection, copyWhole, type Projection } from './projection.ts';
import { isAtLeast } from './resource-version.ts';
import { drop, put, type StoreChange } from './store-change.ts';
import { Tables } from './store-index.ts';
import { type Share, stringTable } from './strings.ts';

export type ChangeListener = (change: StoreChange) => void;
/** The store has now seen everything of `kind` (in `namespace`; absent: in all) up to `resourceVersion`. */
export type VersionListener = (seen: { readonly kind: Kind; readonly namespace?: string; readonly resourceVersion: string }) => void;

/** Where a reflector puts what it reads: one a kind, or one a kind and namespace. */
export interface StoreSink {
  /** A list begins; what no page brings until `endList` will have been deleted. A list that is begun again starts over. */
  beginList(): void;
  page(objects: readonly KubernetesObject[]): void;
  endList(resourceVersion: string): void;
  upsert(object: KubernetesObject): void;
  remove(object: KubernetesObject): void;
  bookmark(resourceVersion: string): void;
}

export interface StoreOptions {
  /** Paths by kind; a kind without any is kept whole, less its managedFields. Default: `PROJECTIONS`. */
  readonly projections?: Readonly<Partial<Record<Kind, readonly string[]>>>;
}

/** What one sink has delivered so far. */
interface Source {
  readonly namespace: string | undefined;
  seen: string | undefined;
  isSynced: boolean;
  /** Number of the list that is under way or was the last. */
  epoch: number;
}

/**
 * The watched objects, projected to what the core reads, in memory. Answers are the store's own objects: read them, never change them.
 * Listeners are called after the store holds the new state; one that throws stops neither the others nor the store, and the first error is thrown
 * once the whole call is done.
 */
export class Store {
  readonly #projections: Readonly<Partial<Record<Kind, readonly string[]>>>;
  readonly #share: Share = stringTable();
  readonly #tables = new Map<Kind, Tables>();
  readonly #sources = new Map<Kind, Source[]>();
  readonly #compiled = new Map<Kind, Projection>();
  readonly #changeListeners = new Set<ChangeListener>();
  readonly #versionListeners = new Set<VersionListener>();

  constructor(options: StoreOptions = {}) {
    this.#projections = options.projections ?? PROJECTIONS;
  }

  /** Calls `listener` for each change, in the order in which they are read; the answer ends that. */
  onChange(listener: ChangeListener): () => void {
    this.#changeListeners.add(listener);
    return () => this.#changeListeners.delete(listener);
  }

  /** Calls `listener` each time that a source gets further, also when nothing that is kept has changed; the answer ends that. */
  onVersion(listener: VersionListener): () => void {
    this.#versionListeners.add(listener);
    return () => this.#versionListeners.delete(listener);
  }

  get(address: Address): KubernetesObject | undefined {
    return this.#tables.get(address.kind)?.get(address.namespace, address.name)?.object;
  }

  byUid(kind: Kind, uid: string): KubernetesObject | undefined {
    return this.#tables.get(kind)?.byUid.first(uid);
  }

  /** Objects of `kind` whose controller owner has this UID, ordered by name. */
  ownedBy(kind: Kind, ownerUid: string): readonly KubernetesObject[] {
    return this.#tables.get(kind)?.byOwner.all(ownerUid) ?? [];
  }

  /** Objects of `kind` with this value of the label `kubeopencode.io/task-uid`, ordered by name. */
  labelledFor(kind: Kind, taskUid: string): readonly KubernetesObject[] {
    return this.#tables.get(kind)?.byLabel.all(taskUid) ?? [];
  }

  /** All objects of a kind, or those of one namespace, in no particular order. */
  *list(kind: Kind, namespace?: string): IterableIterator<KubernetesObject> {
    const tables = this.#tables.get(kind);
    if (tables !== undefined) for (const entry of tables.entries(namespace)) yield entry.object;
  }

  count(kind: Kind): number {
    return this.#tables.get(kind)?.size ?? 0;
  }

  /** resourceVersion of the object as last delivered, also where that changed nothing that is kept. */
  resourceVersionOf(address: Address): string | undefined {
    return this.get(address)?.metadata.resourceVersion;
  }

  /** Up to where everything of the kind was delivered; undefined before the first list is done, or when several namespaces differ. */
  seenVersion(kind: Kind, namespace?: string): string | undefined {
    const versions = new Set(this.#sourcesOf(kind, namespace).map((source) => source.seen));
    return versions.size === 1 ? [...versions][0] : undefined;
  }

  /** Whether the store holds all that happened to this kind up to `resourceVersion`: the answer of a write, or a later state, or its deletion. */
  hasSeen(kind: Kind, resourceVersion: string, namespace?: string): boolean {
    const sources = this.#sourcesOf(kind, namespace);
    return sources.length > 0 && sources.every(({ seen }) => seen !== undefined && isAtLeast(seen, resourceVersion));
  }

  /** Whether the first list of each of the kind's sources is done. */
  isSynced(kind: Kind, namespace?: string): boolean {
    const sources = this.#sourcesOf(kind, namespace);
    return sources.length > 0 && sources.every((source) => source.isSynced);
  }

  /** Opens the one sink of a kind, or of a kind in a namespace. Throws when it overlaps one that is open. */
  sink(kind: Kind, namespace?: string): StoreSink {
    const sources = this.#sources.get(kind) ?? [];
    const overlap = sources.find((source) => source.namespace === undefined || namespace === undefined || source.namespace === namespace);
    if (overlap !== undefined) {
      throw new Error(
        `open a store sink for ${kind} in ${namespace ?? 'all namespaces'}: expected no other, one is open for ${overlap.namespace ?? 'all namespaces'}`,
      );
    }
    const source: Source = { namespace, seen: undefined, isSynced: false, epoch: 0 };
    this.#sources.set(kind, [...sources, source]);
    return this.#sinkOf(kind, source, this.#tablesOf(kind));
  }

  #sinkOf(kind: Kind, source: Source, tables: Tables): StoreSink {
    const advance = (resourceVersion: string | undefined, calls: Calls): Calls => {
      if (resourceVersion === undefined || resourceVersion === source.seen) return calls;
      source.seen = resourceVersion;
      const { namespace } = source;
      const seen = { kind, resourceVersion, ...(namespace === undefined ? {} : { namespace }) };
      for (const listener of this.#versionListeners) calls.push(() => listener(seen));
      return calls;
    };
    const upsert = (object: KubernetesObject, calls: Calls): Calls =>
      this.#tell(put(tables, kind, this.#project(kind, object), source.epoch), calls);
    return {
      beginList: () => {
        source.epoch++;
      },
      page: (objects) => {
        const calls: Calls = [];
        for (const object of objects) upsert(object, calls);
        runAll(calls);
      },
      endList: (resourceVersion) => {
        const missing = [...tables.entries(source.namespace)].filter((entry) => entry.epoch !== source.epoch);
        const changes = missing.flatMap(({ object }) => drop(tables, kind, object, 'Missing'));
        source.isSynced = true;
        // Set even when it is lower: after a restore from a backup the list is what is true.
        runAll(advance(resourceVersion, this.#tell(changes, [])));
      },
      upsert: (object) => runAll(advance(object.metadata.resourceVersion, upsert(object, []))),
      remove: (object) => {
        const last = this.#project(kind, object);
        runAll(advance(object.metadata.resourceVersion, this.#tell(drop(tables, kind, last, 'Watched'), [])));
      },
      bookmark: (resourceVersion) => runAll(advance(resourceVersion, [])),
    };
  }

  #tell(changes: readonly StoreChange[], calls: Calls): Calls {
    for (const change of changes) for (const listener of this.#changeListeners) calls.push(() => listener(change));
    return calls;
  }

  #project(kind: Kind, object: KubernetesObject): KubernetesObject {
    let projection = this.#compiled.get(kind);
    if (projection === undefined) {
      const paths = this.#projections[kind];
      projection = paths === undefined ? (whole) => copyWhole(whole, this.#share) : compileProjection(paths, this.#share);
      this.#compiled.set(kind, projection);
    }
    return projection(object);
  }

  #tablesOf(kind: Kind): Tables {
    const tables = this.#tables.get(kind) ?? new Tables(LABELS.taskUid);
    this.#tables.set(kind, tables);
    return tables;
  }

  #sourcesOf(kind: Kind, namespace: string | undefined): readonly Source[] {
    const sources = this.#sources.get(kind) ?? [];
    if (namespace === undefined || !RESOURCES[kind].namespaced) return sources;
    return sources.filter((source) => source.namespace === undefined || source.namespace === namespace);
  }
}

/** What listeners are to be told, in its order, once the store holds all of it. */
type Calls = (() => void)[];

/** Calls all, then throws the first error there was. */
function runAll(calls: Calls): void {
  const errors: unknown[] = [];
  for (const call of calls) {
    try {
      call();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
