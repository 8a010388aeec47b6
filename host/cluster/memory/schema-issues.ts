import type { FieldError } from './errors.ts';

/** A refusal as zod words it. */
export interface Issue {
  readonly code?: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** Of `unrecognized_keys`. */
  readonly keys?: readonly string[];
  /** Of `too_big` and `too_small`: what kind of value. */
  readonly origin?: string;
  readonly maximum?: number | bigint;
  readonly minimum?: number | bigint;
  /** Of `invalid_value`: what it may be. */
  readonly values?: readonly unknown[];
  /** Of `invalid_type`: what it should be. */
  readonly expected?: string;
}

/** What the API server names where a refusal is about the whole object, or about none of its fields. */
const NO_FIELD = '<nil>';
const UNCHECKED = {
  field: NO_FIELD,
  message:
    'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
};
const INT32 = [2_147_483_647, -2_147_483_648];

/**
 * The refusals of a schema as the API server words them, of an object whose fields `valueAt` tells. What breaks the schema's types keeps the CEL rules from being
 * checked. Source: apiextensions-apiserver pkg/registry/customresource/validator.go and strategy.go (hasBlockingErr).
 */
export function fieldErrors(issues: readonly Issue[], valueAt: (path: readonly PropertyKey[]) => unknown): readonly FieldError[] {
  const judged = issues.map((issue) => ({ issue, error: fieldError(issue, valueAt(issue.path)) }));
  const isBlocked = judged.some(({ issue }) => isBlocking(issue));
  const told = judged.filter(({ issue }) => !isBlocked || !isRule(issue)).map(({ error }) => error);
  return isBlocked ? [...told, UNCHECKED] : told;
}

function isRule({ code, message }: Issue): boolean {
  return code === 'custom' && !message.startsWith('duplicate value');
}

function isBlocking({ code, origin }: Issue): boolean {
  return (
    code === 'invalid_type' ||
    code === 'invalid_value' ||
    code === 'invalid_union' ||
    (code === 'too_big' && origin !== 'number' && origin !== 'int')
  );
}

function fieldError({ code, path, message, origin, maximum, minimum, values = [], expected }: Issue, value: unknown): FieldError {
  const field = path.length === 0 ? NO_FIELD : fieldPath(path);
  const given = typeof value === 'object' || value === undefined ? '' : `${JSON.stringify(value)}: `;
  switch (code) {
    case 'invalid_type':
    case 'invalid_union':
      if (value === undefined) return { field, message: 'Required value' };
      return {
        field,
        message: `Invalid value: "${typeOf(value)}": ${field} in body must be of type ${expected ?? 'integer or string'}: "${typeOf(value)}"`,
      };
    case 'invalid_value':
      if (value === undefined) return { field, message: 'Required value' };
      return {
        field,
        message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${values.map((each) => JSON.stringify(each)).join(', ')}`,
      };
    case 'too_big':
    case 'too_small': {
      const bound = Number(code === 'too_big' ? maximum : minimum);
      if (INT32.includes(bound))
        return { field: NO_FIELD, message: `Invalid value: "": Checked value must be of type integer with format int32 in ${field}` };
      if (code === 'too_big' && origin === 'string') return { field, message: `Too long: may not be more than ${bound} bytes` };
      if (code === 'too_big' && origin === 'array') return { field, message: `Too many: must have at most ${bound} items` };
      return {
        field,
        message: `Invalid value: ${given}${field} in body should be ${code === 'too_big' ? 'less' : 'greater'} than or equal to ${bound}`,
      };
    }
    default:
      if (message.startsWith('duplicate value')) return { field, message: `Duplicate value: ${JSON.stringify(value)}` };
      return { field, message: `Invalid value: ${given}${message}` };
  }
}

function typeOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value;
}

/** `['spec', 'contexts', 0, 'name']` as the API server writes it: `spec.contexts[0].name`. */
function fieldPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    return typeof key === 'number' ? `${text}[${key}]` : `${text}${text === '' ? '' : '.'}${String(key)}`;
  }, '');
}
