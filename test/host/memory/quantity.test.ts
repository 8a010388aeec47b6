import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalQuantity } from '#host/cluster/memory/quantity.ts';

describe('canonicalQuantity', () => {
  const cases = [
    ['0', '0'],
    ['1', '1'],
    [2, '2'],
    ['1000', '1k'],
    ['1500', '1500'],
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['0.5', '500m'],
    ['.5', '500m'],
    ['2.0', '2'],
    ['0.0000000001', '1n'],
    ['1k', '1k'],
    ['1e3', '1e3'],
    ['1500E0', '1500'],
    ['2E', '2E'],
    ['512Mi', '512Mi'],
    ['1024Mi', '1Gi'],
    ['1.5Gi', '1536Mi'],
    ['0.5Ki', '512'],
    ['4Gi', '4Gi'],
    ['-1000m', '-1'],
    ['nonsense', 'nonsense'],
  ] as const;
  it.each(cases)('%s is %s', (quantity, canonical) => {
    expect(canonicalQuantity(quantity)).toBe(canonical);
  });

  it('leaves what is canonical', () => {
    const unit = fc.constantFrom('n', 'u', 'm', '', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), fc.integer({ min: 0, max: 999 }), unit, (whole, fraction, suffix) => {
        const once = canonicalQuantity(`${whole}.${fraction}${suffix}`);
        expect(canonicalQuantity(once)).toBe(once);
      }),
    );
  });
});
