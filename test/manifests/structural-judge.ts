import type { Schema } from '#scripts/crds/structural.ts';

/** Whether a structural schema accepts a value, as an API server with strict field validation judges: only the keywords that `structural` writes, CEL aside. Integers beyond 2^53 are left out. */
export function accepts(schema: Schema, value: unknown): boolean {
  if (schema['x-kubernetes-int-or-string'] === true)
    return Number.isSafeInteger(value) || (typeof value === 'string' && acceptsText(schema, value));
  switch (schema.type) {
    case undefined:
      return schema['x-kubernetes-preserve-unknown-fields'] === true;
    case 'string':
      return typeof value === 'string' && acceptsText(schema, value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value) && acceptsNumber(schema, value);
    case 'array':
      return (
        Array.isArray(value) &&
        value.length <= Number(schema.maxItems ?? Number.POSITIVE_INFINITY) &&
        value.every((item) => accepts(schema.items as Schema, item))
      );
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value) && acceptsFields(schema, { ...value });
    default:
      throw new Error(`judging a value: no such type in a structural schema: ${String(schema.type)}`);
  }
}

function acceptsText(schema: Schema, text: string): boolean {
  const length = [...text].length;
  return (
    (!Array.isArray(schema.enum) || schema.enum.includes(text)) &&
    length >= Number(schema.minLength ?? 0) &&
    length <= Number(schema.maxLength ?? Number.POSITIVE_INFINITY) &&
    (typeof schema.pattern !== 'string' || new RegExp(schema.pattern, 'u').test(text))
  );
}

function acceptsNumber(schema: Schema, value: number): boolean {
  const fits = schema.format === 'int32' ? value === (value | 0) : schema.format === 'int64' && Number.isSafeInteger(value);
  return fits && value >= Number(schema.minimum ?? Number.NEGATIVE_INFINITY) && value <= Number(schema.maximum ?? Number.POSITIVE_INFINITY);
}

function acceptsFields(schema: Schema, value: Readonly<Record<string, unknown>>): boolean {
  const properties = (schema.properties ?? {}) as Readonly<Record<string, Schema>>;
  const required = (schema.required ?? []) as readonly string[];
  return (
    required.every((name) => Object.hasOwn(value, name)) &&
    Object.entries(value).every(([name, item]) => {
      const property = Object.hasOwn(properties, name) ? properties[name] : (schema.additionalProperties as Schema | undefined);
      return property === undefined ? schema['x-kubernetes-preserve-unknown-fields'] === true : accepts(property, item);
    })
  );
}
