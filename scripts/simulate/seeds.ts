/** Seeds from the first to the last, both included. */
export type SeedRange = readonly [first: number, last: number];

/** A few seeds that one worker runs in one go: what is counted as a whole or not at all. */
export interface Block {
  readonly from: number;
  readonly histories: number;
}

/** Ranges in order, without overlap, with one more: what touches grows together. */
export function withRange(ranges: readonly SeedRange[], [first, last]: SeedRange): readonly SeedRange[] {
  const before = ranges.filter(([, end]) => end < first - 1);
  const after = ranges.filter(([start]) => start > last + 1);
  const touched = ranges.slice(before.length, ranges.length - after.length);
  const merged = [Math.min(first, ...touched.map(([start]) => start)), Math.max(last, ...touched.map(([, end]) => end))] as const;
  return [...before, merged, ...after];
}

export function rangeOf({ from, histories }: Block): SeedRange {
  return [from, from + histories - 1];
}

export function overlaps(ranges: readonly SeedRange[], [first, last]: SeedRange): boolean {
  return ranges.some(([start, end]) => start <= last && first <= end);
}

/**
 * The next block from a seed on: at most `most` histories, to the next multiple of `most` at the latest so that blocks of different runs have the same
 * borders, and either wholly inside or wholly outside of the ranges that were done before, so that it counts as a whole or not at all.
 */
export function nextBlock(from: number, most: number, done: readonly SeedRange[]): Block {
  const aligned = most - ((((from - 1) % most) + most) % most);
  const borders = done.flatMap(([first, last]) => [first, last + 1]).filter((border) => border > from);
  return { from, histories: Math.min(aligned, ...borders.map((border) => border - from)) };
}
