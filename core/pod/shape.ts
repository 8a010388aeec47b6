/**
 * What a value must look like before the builder works with it. The API server checks far more; this is for objects that were stored under an older CRD and for
 * files: they must cost their own Task a message, never the builder its footing.
 */
export type Shape =
  | 'text'
  /** Text that is not empty: names. */
  | 'name'
  | 'integer'
  | 'boolean'
  | 'object'
  | 'anything'
  | { readonly listOf: Shape }
  | { readonly mapOf: Shape }
  | { readonly fields: Readonly<Record<string, Shape>>; readonly required?: readonly string[]; readonly others?: 'kept' };

export type Conformed = { readonly value: unknown } | { readonly fault: string };

/** The value in this shape, without nulls (the API server drops them too) and, where the shape names the fields, without fields that it does not name; or the first fault, with its path. */
export function conform(value: unknown, shape: Shape, path: string): Conformed {
  if (typeof shape === 'string') return FITS[shape](value) ? { value } : fault(path, WORDS[shape], value);
  if ('listOf' in shape) {
    if (!Array.isArray(value)) return fault(path, 'a list', value);
    const items: unknown[] = [];
    for (const item of value) {
      const conformed = conform(item, shape.listOf, `${path}[${items.length}]`);
      if ('fault' in conformed) return conformed;
      items.push(conformed.value);
    }
    return { value: items };
  }
  if (!isObject(value)) return fault(path, 'an object', value);
  const isMap = 'mapOf' in shape;
  const missing = isMap ? undefined : shape.required?.find((key) => !isGiven(value[key]));
  if (missing !== undefined) return { fault: `${path}.${missing} is missing` };
  const entries: (readonly [string, unknown])[] = [];
  for (const key of Object.keys(value)) {
    const item = value[key];
    if (!isGiven(item)) continue;
    const field = isMap
      ? shape.mapOf
      : Object.hasOwn(shape.fields, key)
        ? shape.fields[key]
        : shape.others === 'kept'
          ? 'anything'
          : undefined;
    if (field === undefined) continue;
    const conformed = conform(item, field, `${path}.${key}`);
    if ('fault' in conformed) return conformed;
    entries.push([key, conformed.value]);
  }
  return { value: Object.fromEntries(entries) };
}

/** Answers whether a value is in a shape as it is, fields that the shape does not name aside. */
export type Conforms = (value: unknown) => boolean;

/**
 * The question, made of the shape once: it is asked of every Task at every decision, the answer is nearly always yes, and walking through the shape again would
 * cost several times as much.
 */
export function conformsTo(shape: Shape): Conforms {
  if (shape === 'anything') return isGiven;
  if (typeof shape === 'string') return FITS[shape];
  if ('listOf' in shape) {
    const isItem = conformsTo(shape.listOf);
    return (value) => Array.isArray(value) && value.every(isItem);
  }
  if ('mapOf' in shape) {
    const isItem = conformsTo(shape.mapOf);
    return (value) => isObject(value) && Object.values(value).every(isItem);
  }
  const required = shape.required ?? [];
  const names = new Set([...required, ...Object.keys(shape.fields)]);
  const fields = [...names].map((name) => {
    return { name, isRight: conformsTo(shape.fields[name] ?? 'anything'), isRequired: required.includes(name) };
  });
  return (value) => {
    if (!isObject(value)) return false;
    for (const { name, isRight, isRequired } of fields) {
      const item = value[name];
      if (item === undefined ? isRequired : !isRight(item)) return false;
    }
    return true;
  };
}

function isGiven(value: unknown): boolean {
  return value !== null && value !== undefined;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a JSON value is, for messages. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'string' ? 'text' : typeof value === 'object' ? 'an object' : `the ${typeof value} ${String(value)}`;
}

const WORDS = {
  text: 'text',
  name: 'text that is not empty',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  anything: 'anything',
} as const;

const FITS: Readonly<Record<keyof typeof WORDS, Conforms>> = {
  text: (value) => typeof value === 'string',
  name: (value) => typeof value === 'string' && value !== '',
  integer: Number.isSafeInteger,
  boolean: (value) => typeof value === 'boolean',
  object: isObject,
  anything: () => true,
};

function fault(path: string, expected: string, value: unknown): Conformed {
  return { fault: `${path} must be ${expected}, but is ${value === '' ? 'empty' : kindOf(value)}` };
}
