import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { anyJson, anyObject, listSet, quantity, withRules } from '#core/api/common.ts';
import { type Schema, structural } from '#scripts/crds/structural.ts';
import { accepts } from './structural-judge.ts';

function convert(schema: z.ZodType): Schema {
  return structural(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', reused: 'inline' }));
}

test.each<{ name: string; schema: z.ZodType; want: Schema }>([
  { name: 'text', schema: z.string().min(1).max(5), want: { type: 'string', minLength: 1, maxLength: 5 } },
  { name: 'pattern without needless escapes', schema: z.string().regex(/^\/a\.b$/), want: { type: 'string', pattern: '^/a\\.b$' } },
  { name: '32 bit integer', schema: z.int32(), want: { type: 'integer', format: 'int32' } },
  { name: '32 bit integer with a lower bound', schema: z.int32().min(0), want: { type: 'integer', format: 'int32', minimum: 0 } },
  { name: '64 bit integer', schema: z.int(), want: { type: 'integer', format: 'int64' } },
  { name: '64 bit integer with an upper bound', schema: z.int().max(5), want: { type: 'integer', format: 'int64', maximum: 5 } },
  { name: 'integer between bounds', schema: z.int().min(1).max(9), want: { type: 'integer', format: 'int32', minimum: 1, maximum: 9 } },
  { name: 'choice', schema: z.enum(['A', 'B']), want: { type: 'string', enum: ['A', 'B'] } },
  { name: 'one literal', schema: z.literal('A'), want: { type: 'string', enum: ['A'] } },
  {
    name: 'strict object',
    schema: z.strictObject({ a: z.boolean().optional() }),
    want: { type: 'object', properties: { a: { type: 'boolean' } } },
  },
  { name: 'empty strict object', schema: z.strictObject({}), want: { type: 'object' } },
  {
    name: 'required fields and defaults',
    schema: z.strictObject({ a: z.boolean(), b: z.boolean().default(true) }),
    want: { type: 'object', required: ['a'], properties: { a: { type: 'boolean' }, b: { type: 'boolean', default: true } } },
  },
  { name: 'loose object', schema: anyObject, want: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
  {
    name: 'loose object with a known field',
    schema: z.looseObject({ name: z.string() }),
    want: { type: 'object', required: ['name'], properties: { name: { type: 'string' } }, 'x-kubernetes-preserve-unknown-fields': true },
  },
  { name: 'map', schema: z.record(z.string(), z.string()), want: { type: 'object', additionalProperties: { type: 'string' } } },
  {
    name: 'map of anything',
    schema: z.record(z.string(), z.unknown()),
    want: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
  { name: 'anything', schema: anyJson.describe('x'), want: { description: 'x', 'x-kubernetes-preserve-unknown-fields': true } },
  { name: 'set', schema: listSet(z.string()), want: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' } },
  { name: 'nullable', schema: z.string().nullable(), want: { type: 'string', nullable: true } },
  {
    name: 'rules, below a description and an optional',
    schema: z.strictObject({
      a: withRules(z.string().describe('x'), [{ cel: 'self != ""', message: 'm', holds: (text) => text !== '' }])
        .optional()
        .describe('y'),
    }),
    want: {
      type: 'object',
      properties: { a: { description: 'y', type: 'string', 'x-kubernetes-validations': [{ rule: 'self != ""', message: 'm' }] } },
    },
  },
])('$name', ({ schema, want }) => {
  expect(convert(schema)).toEqual(want);
});

test('a quantity is an integer or a string', () => {
  expect(convert(quantity)).toMatchObject({
    'x-kubernetes-int-or-string': true,
    anyOf: [{ type: 'integer' }, { type: 'string' }],
    pattern: expect.any(String),
  });
});

test.each<{ name: string; schema: z.ZodType; says: RegExp }>([
  {
    name: 'union of objects',
    schema: z.union([z.strictObject({ a: z.string() }), z.strictObject({ b: z.string() })]),
    says: /rewriting \$ .*a union must be/,
  },
  {
    name: 'union deep inside',
    schema: z.strictObject({ a: z.array(z.union([z.boolean(), z.string()])) }),
    says: /rewriting \$\.a\[\] .*a union must be/,
  },
  { name: 'exclusive bound', schema: z.strictObject({ n: z.number().gt(1) }), says: /rewriting \$\.n .*exclusiveMinimum/ },
  { name: 'multiple', schema: z.int().multipleOf(5), says: /rewriting \$ .*multipleOf/ },
  { name: 'tuple', schema: z.tuple([z.string(), z.int()]), says: /rewriting \$/ },
  { name: 'fields beside a map', schema: z.object({ a: z.string() }).catchall(z.string()), says: /rewriting \$ .*exclude each other/ },
])('refuses what has no structural form: $name', ({ schema, says }) => {
  expect(() => convert(schema)).toThrow(says);
});

/** Schemas of the shapes that core/api uses. */
const { schema: anySchema } = fc.letrec<{ schema: z.ZodType; leaf: z.ZodType }>((tie) => ({
  leaf: fc.oneof(
    fc.constant(z.boolean()),
    fc
      .record({ min: fc.integer({ min: 0, max: 2 }), max: fc.integer({ min: 2, max: 4 }) })
      .map(({ min, max }) => z.string().min(min).max(max)),
    fc.constantFrom(
      z.int(),
      z.int32(),
      z.int32().min(0),
      z.int().max(3),
      z.string().regex(/^\/x/),
      z.enum(['a', 'b']),
      quantity,
      anyObject,
    ),
  ),
  schema: fc.oneof(
    { maxDepth: 3 },
    tie('leaf'),
    tie('schema').map((item) => z.array(item).max(2)),
    tie('schema').map((item) => z.record(z.string(), item)),
    fc
      .dictionary(fc.constantFrom('a', 'b', 'c'), fc.tuple(tie('schema'), fc.boolean()), { maxKeys: 3 })
      .map((fields) =>
        z.strictObject(
          Object.fromEntries(Object.entries(fields).map(([name, [field, optional]]) => [name, optional ? field.optional() : field])),
        ),
      ),
  ),
}));

const anyValue = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<unknown>('a', 'b', 'abc', '', '/x', '5Gi', 1, -1, 3, 2 ** 31, -(2 ** 53), 0.5, true, null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 3 }),
    ),
  })).value,
);

test('a structural schema accepts exactly what its source accepts', () => {
  const seen = { accepted: 0, refused: 0 };
  fc.assert(
    fc.property(anySchema, fc.array(anyValue, { minLength: 5, maxLength: 20 }), (schema, values) => {
      const converted = convert(schema);
      for (const value of values) {
        const expected = schema.safeParse(value).success;
        expect(accepts(converted, value)).toBe(expected);
        seen[expected ? 'accepted' : 'refused'] += 1;
      }
    }),
    { numRuns: 300 },
  );
  // The property would say nothing if the values never fitted.
  expect(seen.accepted).toBeGreaterThan(100);
  expect(seen.refused).toBeGreaterThan(100);
});
