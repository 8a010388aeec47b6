import { isOwnKind, SCHEMAS } from '#core/api/manifest.ts';
import { jsonEqual } from '../json.ts';
import type { FieldError } from './errors.ts';
import type { StoredObject } from './kinds.ts';
import { fieldErrors, type Issue } from './schema-issues.ts';

/** What a CRD makes of an object. */
export interface Conformed {
  /** Without the fields that the CRD does not know, and with its defaults. */
  readonly object: StoredObject;
  readonly errors: readonly FieldError[];
}

/**
 * Judges a custom resource by the schema that its CRD is made from, as an API server does without strict field validation. Of an update, what was wrong before
 * and is left alone is tolerated (`ratcheting`), and what may not change is looked at. Objects of other kinds pass.
 */
export function conform(object: StoredObject, old?: StoredObject): Conformed {
  const { kind } = object;
  if (!isOwnKind(kind)) return { object, errors: [] };
  const schema = SCHEMAS[kind];
  // Of metadata a CRD can only judge the name.
  let fields: unknown = { ...object, metadata: { name: object.metadata.name } };
  let result = schema.safeParse(fields);
  const unknown = issuesOf(result).filter(({ code }) => code === 'unrecognized_keys');
  if (unknown.length > 0) {
    fields = unknown.reduce((pruned, { path, keys = [] }) => without(pruned, path, keys), fields);
    result = schema.safeParse(fields);
  }
  const kept = (result.success ? result.data : fields) as StoredObject;
  const issues = issuesOf(result).filter(({ path }) => old === undefined || !isUnchanged(path, object, old));
  const errors = [...fieldErrors(issues, (path) => valueAt(object, path)), ...immutable(object, old)];
  return { object: { ...kept, apiVersion: object.apiVersion, kind, metadata: object.metadata }, errors };
}

function issuesOf(result: { readonly error?: { readonly issues: readonly unknown[] } | undefined }): readonly Issue[] {
  return (result.error?.issues ?? []) as readonly Issue[];
}

/** The CRD's rules over `oldSelf`. */
function immutable(object: StoredObject, old: StoredObject | undefined): readonly FieldError[] {
  if (old === undefined || object.kind !== 'Task' || object.spec?.managedBy === old.spec?.managedBy) return [];
  return [{ field: 'spec.managedBy', message: 'Invalid value: managedBy is immutable' }];
}

function isUnchanged(path: readonly PropertyKey[], object: StoredObject, old: StoredObject): boolean {
  const before = valueAt(old, path);
  return before !== undefined && jsonEqual(before, valueAt(object, path));
}

function valueAt(object: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => {
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<PropertyKey, unknown>>)[key] : undefined;
  }, object);
}

function without(value: unknown, [next, ...rest]: readonly PropertyKey[], keys: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (next === undefined) return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
  if (Array.isArray(value)) return value.map((item, index) => (index === next ? without(item, rest, keys) : item));
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, key === next ? without(field, rest, keys) : field]));
}
