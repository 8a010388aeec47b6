import fc from 'fast-check';
import { expect, test } from 'vitest';
import { unifiedDiff } from '#plugin/replay/unified-diff.ts';

const NAMES = { before: 'a', after: 'b' };
const numbers = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

test.each<[name: string, before: string[], after: string[], diff: string[]]>([
  ['equal', ['x'], ['x'], []],
  ['one of many', numbers(1, 9), numbers(1, 9).with(4, 'x'), ['@@ -2,7 +2,7 @@', ' 2', ' 3', ' 4', '-5', '+x', ' 6', ' 7', ' 8']],
  ['nothing before', [], ['x'], ['@@ -0,0 +1,1 @@', '+x']],
  ['nothing after', ['x', 'y'], [], ['@@ -1,2 +0,0 @@', '-x', '-y']],
  [
    'two far apart',
    numbers(1, 20),
    ['0', ...numbers(1, 19)],
    ['@@ -1,3 +1,4 @@', '+0', ' 1', ' 2', ' 3', '@@ -17,4 +18,3 @@', ' 17', ' 18', ' 19', '-20'],
  ],
])('%s', (_name, before, after, diff) => {
  expect(unifiedDiff(before, after, NAMES)).toEqual(diff.length === 0 ? [] : ['--- a', '+++ b', ...diff]);
});

test('applying a diff to the first text gives the second', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 30 });
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const diff = unifiedDiff(before, after, NAMES);
      // No difference, no text.
      expect(diff.length === 0 ? before : applied(before, diff)).toEqual(after);
    }),
  );
});

function applied(before: readonly string[], diff: readonly string[]): readonly string[] {
  const after: string[] = [];
  let at = 0;
  for (const line of diff.slice(2)) {
    const hunk = /^@@ -(\d+),(\d+) /.exec(line);
    if (hunk !== null) {
      const start = Number(hunk[1]) - (hunk[2] === '0' ? 0 : 1);
      after.push(...before.slice(at, start));
      at = start;
      continue;
    }
    if (!line.startsWith('-')) after.push(line.slice(1));
    if (!line.startsWith('+')) {
      expect(before[at]).toBe(line.slice(1));
      at += 1;
    }
  }
  return [...after, ...before.slice(at)];
}
