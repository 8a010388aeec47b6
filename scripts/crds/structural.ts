/** A JSON schema as `z.toJSONSchema` writes it for OpenAPI 3.0, and the structural schema that a CRD wants: both are plain JSON. */
export type Schema = { readonly [keyword: string]: unknown };

/** Bounds that zod adds to `z.int()` and `z.int32()` on its own, and the OpenAPI format that says the same. */
const INTEGER_FORMATS = [
  { format: 'int32', minimum: -2_147_483_648, maximum: 2_147_483_647 },
  { format: 'int64', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
] as const;

/** Keywords that mean the same in both dialects. `default` included: the API server prunes and checks it like any value. */
const KEPT = [
  'description',
  'type',
  'format',
  'default',
  'enum',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'required',
  'nullable',
] as const;

const REWRITTEN = ['properties', 'items', 'additionalProperties', 'anyOf', 'pattern'] as const;

/**
 * Structural schema of `schema` (Kubernetes, "Specifying a structural schema"). Throws on a keyword that has no structural form,
 * with the path to it: a rule that the API server would not enforce must not vanish without a word.
 */
export function structural(schema: Schema, path = '$'): Schema {
  const unknown = Object.keys(schema).filter((keyword) => !isKnown(keyword));
  if (unknown.length > 0) {
    throw new Error(
      `rewriting ${path} to a structural schema: no rule for the keyword ${unknown.join(', ')}; state it as a CEL rule instead`,
    );
  }
  if (schema.anyOf !== undefined) return intOrString(schema, path);
  return compact({
    ...pick(schema, KEPT),
    ...integer(schema),
    ...(typeof schema.pattern === 'string' ? { pattern: schema.pattern.replaceAll('\\/', '/') } : {}),
    ...object(schema, path),
    ...(schema.items === undefined ? {} : { items: structural(asSchema(schema.items, `${path}[]`), `${path}[]`) }),
    ...extensions(schema),
  });
}

/** `properties` and `additionalProperties`, of which a structural schema may have one; what is neither is any JSON. */
function object(schema: Schema, path: string): Schema {
  const properties = Object.entries(asSchema(schema.properties ?? {}, path)).map(
    ([name, property]) => [name, structural(asSchema(property, `${path}.${name}`), `${path}.${name}`)] as const,
  );
  const named = properties.length === 0 ? {} : { properties: Object.fromEntries(properties) };
  const rest = schema.additionalProperties;
  if (schema.type === undefined) return { 'x-kubernetes-preserve-unknown-fields': true };
  if (rest === undefined || rest === false) return named;
  const values = asSchema(rest === true ? {} : rest, `${path}{}`);
  if (Object.keys(values).length === 0) return { ...named, 'x-kubernetes-preserve-unknown-fields': true };
  if (properties.length > 0)
    throw new Error(`rewriting ${path} to a structural schema: properties and additionalProperties exclude each other`);
  return { additionalProperties: structural(values, `${path}{}`) };
}

/** The one union that a structural schema knows besides `nullable`: an integer or a string. */
function intOrString(schema: Schema, path: string): Schema {
  const branches = Array.isArray(schema.anyOf) ? schema.anyOf.map((branch) => asSchema(branch, path)) : [];
  const [integerBranch, stringBranch] = branches;
  if (branches.length !== 2 || integerBranch?.type !== 'integer' || stringBranch?.type !== 'string') {
    throw new Error(
      `rewriting ${path} to a structural schema: a union must be an integer and a string, in this order; use a discriminator and CEL rules`,
    );
  }
  return compact({
    ...pick(schema, ['description', 'default']),
    anyOf: [{ type: 'integer' }, { type: 'string' }],
    ...pick(structural(stringBranch, path), ['pattern', 'maxLength', 'minLength']),
    ...extensions(schema),
    'x-kubernetes-int-or-string': true,
  });
}

function integer(schema: Schema): Schema {
  if (schema.type !== 'integer') return {};
  const narrowest = INTEGER_FORMATS.find(({ minimum, maximum }) => schema.minimum === minimum || schema.maximum === maximum);
  if (narrowest === undefined) return { format: within(schema, INTEGER_FORMATS[0]) ? 'int32' : 'int64' };
  return {
    format: narrowest.format,
    minimum: schema.minimum === narrowest.minimum ? undefined : schema.minimum,
    maximum: schema.maximum === narrowest.maximum ? undefined : schema.maximum,
  };
}

function within(schema: Schema, bounds: { readonly minimum: number; readonly maximum: number }): boolean {
  return Number(schema.minimum) >= bounds.minimum && Number(schema.maximum) <= bounds.maximum;
}

function extensions(schema: Schema): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => keyword.startsWith('x-kubernetes-')));
}

function isKnown(keyword: string): boolean {
  return [...KEPT, ...REWRITTEN].some((known) => known === keyword) || keyword.startsWith('x-kubernetes-');
}

function pick(schema: Schema, keywords: readonly string[]): Schema {
  return Object.fromEntries(keywords.filter((keyword) => schema[keyword] !== undefined).map((keyword) => [keyword, schema[keyword]]));
}

function compact(schema: Schema): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined));
}

function asSchema(value: unknown, path: string): Schema {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`rewriting ${path} to a structural schema: expected a schema object, got ${JSON.stringify(value)}`);
  }
  return { ...value };
}
