import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Kind } from '#core/contract/kinds.ts';
import { fieldsEqual } from './json.ts';
import type { Tables } from './store-index.ts';

/** What became different for the core: a change of nothing but resourceVersion, or outside the projection, is none. */
export type StoreChange =
  | { readonly type: 'Added'; readonly kind: Kind; readonly after: KubernetesObject }
  | { readonly type: 'Changed'; readonly kind: Kind; readonly before: KubernetesObject; readonly after: KubernetesObject }
  | {
      readonly type: 'Removed';
      readonly kind: Kind;
      /** The last state that was delivered. */
      readonly before: KubernetesObject;
      /** `Watched`: the deletion itself was delivered. `Missing`: a list no longer had it, later states were missed. `Replaced`: another UID has its name (an Added follows). */
      readonly how: 'Watched' | 'Missing' | 'Replaced';
    };

/** Puts an object in as it was delivered; of one that is the same for the core as before, only the version is taken over. */
export function put(tables: Tables, kind: Kind, after: KubernetesObject, epoch: number): readonly StoreChange[] {
  const { name, namespace = '' } = after.metadata;
  const entry = tables.get(namespace, name);
  if (entry === undefined || entry.object.metadata.uid !== after.metadata.uid) {
    const removed = entry === undefined ? [] : drop(tables, kind, entry.object, 'Replaced');
    tables.insert(after, epoch);
    return [...removed, { type: 'Added', kind, after }];
  }
  const before = entry.object;
  entry.epoch = epoch;
  if (!isSameForCore(before, after)) {
    tables.replace(entry, after);
    return [{ type: 'Changed', kind, before, after }];
  }
  // What is equal stays the same object in memory; only the version is fresh.
  const { resourceVersion } = after.metadata;
  if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion) {
    tables.replace(entry, { ...before, metadata: { ...before.metadata, resourceVersion } });
  }
  return [];
}

/** Takes the object with this UID out; nothing when the store has none, or another one under its name. */
export function drop(tables: Tables, kind: Kind, last: KubernetesObject, how: 'Watched' | 'Missing' | 'Replaced'): readonly StoreChange[] {
  const { name, namespace = '', uid } = last.metadata;
  const entry = tables.get(namespace, name);
  if (entry === undefined || entry.object.metadata.uid !== uid) return [];
  tables.delete(entry);
  return [{ type: 'Removed', kind, before: last, how }];
}

const METADATA = ['metadata'];
const VERSION = ['resourceVersion'];

/** The metadata first: what differs is most often there. */
function isSameForCore(before: KubernetesObject, after: KubernetesObject): boolean {
  return fieldsEqual(before.metadata, after.metadata, VERSION) && fieldsEqual(before, after, METADATA);
}
