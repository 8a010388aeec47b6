import * as z from 'zod';
import type { SourceObject } from './documents.ts';
import type { Fault } from './fault.ts';

// Each schema is used once: compiling checks would take longer than they save.
z.config({ jitless: true });

/** Checks an object by its schema: its value with defaults filled in, or every fault with its place. */
export function check(document: SourceObject, schema: z.ZodType): { readonly data?: unknown; readonly faults: readonly Fault[] } {
  const result = schema.safeParse(document.value);
  return result.success
    ? { data: result.data, faults: [] }
    : { faults: result.error.issues.flatMap((issue) => issueFaults(document, issue)) };
}

function issueFaults(document: SourceObject, issue: z.core.$ZodIssue): readonly Fault[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => document.faultAtKey([...issue.path, key], `${fieldOf([...issue.path, key])}: unknown field`));
    case 'invalid_type':
      return [document.fault(issue.path, typeMessage(issue, valueAt(document.value, issue.path)))];
    case 'invalid_value':
      return [
        document.fault(
          issue.path,
          `${fieldOf(issue.path)}: ${shown(document, issue.path)} is not one of ${issue.values.map(String).join(', ')}`,
        ),
      ];
    default: {
      const value = valueAt(document.value, issue.path);
      const what = typeof value === 'string' || typeof value === 'number' ? `${JSON.stringify(value)} ` : '';
      const field = fieldOf(issue.path);
      return [document.fault(issue.path, `${field === '' ? '' : `${field}: `}${what}${issue.message}`)];
    }
  }
}

function typeMessage(issue: z.core.$ZodIssueInvalidType, value: unknown): string {
  const field = fieldOf(issue.path);
  if (value === undefined) return `${field}: is missing; want ${aTypeName(issue.expected)}`;
  return `${field}: want ${aTypeName(issue.expected)}, got ${value === null ? 'nothing' : aTypeName(Array.isArray(value) ? 'array' : typeof value)}`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'an object',
  record: 'a map',
  int: 'a whole number',
  number: 'a number',
  string: 'text',
  boolean: 'true or false',
};

function aTypeName(type: string): string {
  return TYPE_NAMES[type] ?? type;
}

function shown(document: SourceObject, path: readonly PropertyKey[]): string {
  return JSON.stringify(valueAt(document.value, path)) ?? 'nothing';
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (node, part) =>
      typeof node === 'object' && node !== null && part in node ? (node as Readonly<Record<PropertyKey, unknown>>)[part] : undefined,
    value,
  );
}

/** `spec.contexts[0].name`. */
function fieldOf(path: readonly PropertyKey[]): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`)).join('');
}
