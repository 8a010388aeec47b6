import { put } from '../json.ts';

type Fields = Readonly<Record<string, unknown>>;

/** JSON merge patch (RFC 7386): null removes a field, a map is merged, anything else, lists too, replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return withoutNulls(patch);
  const merged: Record<string, unknown> = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else if (value !== undefined) put(merged, key, mergePatch(Object.hasOwn(merged, key) ? merged[key] : undefined, value));
  }
  return merged;
}

/**
 * Lists of a Pod or another builtin that a strategic merge patch merges, by the name of their field: the key of their items, or `primitive`.
 * Source: the patchMergeKey tags of k8s.io/api/core/v1 and meta/v1. All others are replaced.
 */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  finalizers: 'primitive',
  ownerReferences: 'uid',
  conditions: 'type',
  containers: 'name',
  initContainers: 'name',
  volumes: 'name',
  env: 'name',
  volumeMounts: 'mountPath',
  imagePullSecrets: 'name',
  podIPs: 'ip',
  hostIPs: 'ip',
};

const DELETE_PREFIX = '$deleteFromPrimitiveList/';

/** Strategic merge patch as builtin kinds take it: like a merge patch, but the lists above are merged, and directives (`$patch`, `$deleteFromPrimitiveList/…`) obeyed. */
export function strategicMergePatch(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return withoutNulls(patch);
  if (patch.$patch === 'replace') return withoutDirectives(patch);
  const merged: Record<string, unknown> = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(DELETE_PREFIX)) {
      const field = key.slice(DELETE_PREFIX.length);
      const current = merged[field];
      if (Array.isArray(current) && Array.isArray(value)) merged[field] = current.filter((item) => !value.includes(item));
    } else if (key.startsWith('$') || value === undefined) {
      // Directives about order and kept keys change nothing in what is merged here.
    } else if (value === null) delete merged[key];
    else put(merged, key, mergeField(key, Object.hasOwn(merged, key) ? merged[key] : undefined, value));
  }
  return merged;
}

function mergeField(key: string, current: unknown, patch: unknown): unknown {
  const mergeKey = MERGE_KEYS[key];
  if (!Array.isArray(patch) || mergeKey === undefined) return strategicMergePatch(current, patch);
  const items: readonly unknown[] = Array.isArray(current) ? current : [];
  const keyOf = (item: unknown): unknown => (mergeKey === 'primitive' ? item : isMap(item) ? item[mergeKey] : undefined);
  const result = [...items];
  for (const item of patch) {
    const at = result.findIndex((other) => keyOf(other) === keyOf(item));
    if (isMap(item) && item.$patch === 'delete') {
      if (at >= 0) result.splice(at, 1);
    } else if (at >= 0) result[at] = strategicMergePatch(result[at], item);
    else result.push(withoutDirectives(item));
  }
  return ordered(result, patch.map(keyOf), items.map(keyOf), keyOf);
}

/**
 * Order of a merged list: what the patch names is in the order of the patch, the rest in that of the server, and of the next of both the server's goes first
 * only where both were there before. Source: apimachinery pkg/util/strategicpatch/patch.go, mergeSortedSlice.
 */
function ordered(
  items: readonly unknown[],
  patchKeys: readonly unknown[],
  serverKeys: readonly unknown[],
  keyOf: (item: unknown) => unknown,
): unknown[] {
  const patched = items.filter((item) => patchKeys.includes(keyOf(item)));
  patched.sort((a, b) => patchKeys.indexOf(keyOf(a)) - patchKeys.indexOf(keyOf(b)));
  const others = items.filter((item) => !patchKeys.includes(keyOf(item)));
  const result: unknown[] = [];
  while (patched.length > 0 && others.length > 0) {
    const patchedAt = serverKeys.indexOf(keyOf(patched[0]));
    const isOtherFirst = patchedAt >= 0 && serverKeys.indexOf(keyOf(others[0])) < patchedAt;
    result.push(isOtherFirst ? others.shift() : patched.shift());
  }
  return [...result, ...patched, ...others];
}

function withoutDirectives(value: unknown): unknown {
  if (!isMap(value)) return withoutNulls(value);
  return strategicMergePatch({}, Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith('$'))));
}

/** What stands in a list replaces what was there; the API server drops null fields of its items. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isMap(value)) return value;
  const kept: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) if (field !== null && field !== undefined) put(kept, key, withoutNulls(field));
  return kept;
}

function isMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
