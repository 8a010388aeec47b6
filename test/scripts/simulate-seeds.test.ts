import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Block, nextBlock, overlaps, rangeOf, type SeedRange, withRange } from '#scripts/simulate/seeds.ts';

const range = fc.tuple(fc.nat(60), fc.nat(20)).map(([first, more]): SeedRange => [first, first + more]);
const seedsOf = (ranges: readonly SeedRange[]): number[] =>
  ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => first + index));

describe('ranges of seeds', () => {
  it('hold each seed once, in order, and no two that touch', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 8 }), (added) => {
        const ranges = added.reduce<readonly SeedRange[]>(withRange, []);
        expect(seedsOf(ranges)).toEqual([...new Set(seedsOf(added))].sort((a, b) => a - b));
        for (const [index, [first]] of ranges.slice(1).entries()) expect(first).toBeGreaterThan((ranges[index]?.[1] ?? 0) + 1);
      }),
    );
  });
});

describe('blocks', () => {
  it('follow each other without a gap, and each was done before wholly or not at all', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 4 }), fc.nat(80), (added, from) => {
        const done = added.reduce<readonly SeedRange[]>(withRange, []);
        let next = from;
        for (let count = 0; count < 20; count++) {
          const block: Block = nextBlock(next, 10, done);
          expect(block.from).toBe(next);
          expect(block.histories).toBeGreaterThan(0);
          expect(block.histories).toBeLessThanOrEqual(10);
          const [first, last] = rangeOf(block);
          if (overlaps(done, [first, last])) expect(done.some(([start, end]) => start <= first && last <= end)).toBe(true);
          next += block.histories;
        }
      }),
    );
  });

  it.each([
    [1, { from: 1, histories: 100 }],
    [37, { from: 37, histories: 64 }],
    [100, { from: 100, histories: 1 }],
    [101, { from: 101, histories: 100 }],
  ])('from seed %i end with a hundred', (from, block) => {
    expect(nextBlock(from, 100, [])).toEqual(block);
  });
});
