import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { PlannedObject } from '../input/objects.ts';

/** Where `kubectl apply` keeps the manifest that it applied last. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** What apply merges of a manifest's metadata. */
const MERGED_METADATA = ['labels', 'annotations'];

/**
 * The manifest with null for each field that was applied before and is not in it any longer: what a three-way merge removes. Lists are replaced whole, as
 * for every custom resource.
 */
export function withRemovals(manifest: PlannedObject, live: KubernetesObject): PlannedObject {
  const last = lastApplied(live);
  if (last === undefined) return manifest;
  const { metadata: lastMetadata, status: _, ...lastFields } = last;
  const { metadata, ...fields } = manifest;
  // kubectl writes an annotation of its own, so there are always some.
  const own: Fields = { annotations: {}, ...metadata };
  const removed = removals(pick(isMap(lastMetadata) ? lastMetadata : {}, MERGED_METADATA), own);
  return {
    ...merged(fields, removals(lastFields, fields)),
    metadata: merged(own, removed),
  } as unknown as PlannedObject;
}

type Fields = Readonly<Record<string, unknown>>;

function lastApplied({ metadata }: KubernetesObject): Fields | undefined {
  const text = metadata.annotations?.[LAST_APPLIED];
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isMap(value) ? value : undefined;
  } catch {
    // Somebody's own text: then kubectl can't know either.
    return undefined;
  }
}

/** null at each field of `before` that `now` lacks. */
function removals(before: Fields, now: Fields): Fields {
  const entries = Object.entries(before).flatMap(([key, was]): readonly (readonly [string, unknown])[] => {
    const is = now[key];
    if (is === undefined) return [[key, null]];
    const below = isMap(was) && isMap(is) ? removals(was, is) : {};
    return Object.keys(below).length === 0 ? [] : [[key, below]];
  });
  return Object.fromEntries(entries);
}

function merged(fields: Fields, removed: Fields): Fields {
  const entries = Object.entries(removed).map(([key, value]) => {
    const own = fields[key];
    return [key, isMap(value) && isMap(own) ? merged(own, value) : value] as const;
  });
  return { ...fields, ...Object.fromEntries(entries) };
}

function pick(fields: Fields, keys: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => keys.includes(key)));
}

function isMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
