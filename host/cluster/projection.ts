import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { put } from './json.ts';
import type { Share } from './strings.ts';

/** Copies what the paths name out of an object. The copy shares nothing with the original but strings. */
export type Projection = (object: KubernetesObject) => KubernetesObject;

/** What is kept below one place of an object. */
interface Shape {
  /** All below it. */
  whole: boolean;
  readonly fields: Part[];
  readonly prefixes: Part[];
  /** Shape of each item, when the place holds a list. */
  items?: Shape;
}

interface Part {
  /** Name of a field, or how it begins. */
  readonly name: string;
  readonly shape: Shape;
}

/** By the list of paths itself: each store asks for the same few. */
const COMPILED = new WeakMap<readonly string[], Shape>();

const PATH = /^[^.[\]]+(?:\.[^.[\]]+|\[[^\]]*\])*$/;
const STEP = /\.?([^.[\]]+)|\[([^\]]*)\]/g;

/**
 * Compiles the paths of `core/contract/projection.ts` (grammar there) into one function. Strings go through `share`; the order of fields is that of the
 * paths, so that objects of a kind have one layout. Throws on a path that the grammar does not know.
 */
export function compileProjection(paths: readonly string[], share: Share = (text) => text): Projection {
  const root = COMPILED.get(paths) ?? shapeOf(paths);
  COMPILED.set(paths, root);
  return (object) => {
    const projected = project(object, root, share);
    return isMetadataBearer(projected) ? projected : { metadata: { name: object.metadata.name } };
  };
}

/** A copy of a whole object without what no reader wants: `metadata.managedFields`. For kinds without a projection. */
export function copyWhole(object: KubernetesObject, share: Share = (text) => text): KubernetesObject {
  const { managedFields: _, ...metadata } = object.metadata as KubernetesObject['metadata'] & { readonly managedFields?: unknown };
  return copy({ ...object, metadata }, share) as KubernetesObject;
}

function shapeOf(paths: readonly string[]): Shape {
  const root = emptyShape();
  for (const path of paths) addPath(root, path);
  return root;
}

function emptyShape(): Shape {
  return { whole: false, fields: [], prefixes: [] };
}

function addPath(root: Shape, path: string): void {
  if (!PATH.test(path)) {
    throw new Error(
      `projection path "${path}": expected fields joined by ".", each with [] or [key] behind it; see core/contract/projection.ts`,
    );
  }
  let shape = root;
  for (const [, field, bracket = ''] of path.matchAll(STEP)) shape = descend(shape, field, bracket);
  shape.whole = true;
}

function descend(shape: Shape, field: string | undefined, bracket: string): Shape {
  if (field !== undefined) return child(shape.fields, field);
  if (bracket === '') {
    shape.items ??= emptyShape();
    return shape.items;
  }
  return bracket.endsWith('*') ? child(shape.prefixes, bracket.slice(0, -1)) : child(shape.fields, bracket);
}

function child(parts: Part[], name: string): Shape {
  const known = parts.find((part) => part.name === name);
  if (known !== undefined) return known.shape;
  const shape = emptyShape();
  parts.push({ name, shape });
  return shape;
}

/** The part of `value` that `shape` keeps; undefined when that is nothing. */
function project(value: unknown, shape: Shape, share: Share): unknown {
  if (shape.whole) return copy(value, share);
  if (Array.isArray(value)) {
    const { items } = shape;
    // An item of which nothing is kept stays as {}: the others keep their places.
    return items === undefined ? undefined : value.map((item) => project(item, items, share) ?? {});
  }
  if (typeof value !== 'object' || value === null) return undefined;
  return projectFields(value as Readonly<Record<string, unknown>>, shape, share);
}

function projectFields(source: Readonly<Record<string, unknown>>, shape: Shape, share: Share): Record<string, unknown> | undefined {
  let kept: Record<string, unknown> | undefined;
  for (const { name, shape: below } of shape.fields) {
    if (source[name] === undefined || !Object.hasOwn(source, name)) continue;
    const value = project(source[name], below, share);
    if (value === undefined) continue;
    kept ??= {};
    put(kept, name, value);
  }
  if (shape.prefixes.length === 0) return kept;
  for (const key of Object.keys(source)) {
    const part = shape.prefixes.findLast(({ name }) => key.startsWith(name));
    const value = part === undefined ? undefined : project(source[key], part.shape, share);
    if (value === undefined) continue;
    kept ??= {};
    put(kept, key, value);
  }
  return kept;
}

function copy(value: unknown, share: Share): unknown {
  if (typeof value === 'string') return share(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => copy(item, share));
  // A clone keeps the compact layout that the JSON parser chose; building key by key costs a tenth more memory.
  const copied: Record<string, unknown> = { ...value };
  for (const key of Object.keys(copied)) {
    const below = copied[key];
    if (typeof below === 'string' || typeof below === 'object') copied[key] = copy(below, share);
  }
  return copied;
}

function isMetadataBearer(value: unknown): value is KubernetesObject {
  return typeof value === 'object' && value !== null && 'metadata' in value;
}
