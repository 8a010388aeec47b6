import fc from 'fast-check';
import { expect, test } from 'vitest';
import { conform, conformsTo, type Shape } from '#core/pod/shape.ts';

const shapes = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Shape>('text', 'name', 'integer', 'boolean', 'object', 'anything'),
    tie('shape').map((listOf): Shape => ({ listOf })),
    tie('shape').map((mapOf): Shape => ({ mapOf })),
    fc.record({ fields: fc.dictionary(fc.constantFrom('a', 'b'), tie('shape')), required: fc.subarray(['a', 'b']) }),
  ),
})).shape;
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, '', 'x', 0, 1.5, true),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value')),
  ),
})).value;

test('what conforms as it is has no fault; what has none, and no null, conforms', () => {
  fc.assert(
    fc.property(values, shapes, (value, shape) => {
      const result = conform(value, shape, 'value');
      if (conformsTo(shape)(value)) expect(result).not.toHaveProperty('fault');
      else if (!JSON.stringify(value).includes('null')) expect(result).toHaveProperty('fault');
    }),
    { numRuns: 20_000 },
  );
});
