import { posix } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cleanPath, isWithin, parentOf, resolvePath } from '#core/pod/paths.ts';

describe('cleanPath', () => {
  test.each([
    ['', '.'],
    ['/', '/'],
    ['//a/./b//', '/a/b'],
    ['/../a', '/a'],
    ['a/..', '.'],
    ['../../a', '../../a'],
    ['a/../../b', '../b'],
  ])('%j is %j', (path, clean) => {
    expect(cleanPath(path)).toBe(clean);
  });

  test('agrees with the platform’s on any path', () => {
    const path = fc.array(fc.constantFrom('a', 'b', '.', '..', ''), { minLength: 1 }).map((parts) => parts.join('/'));
    fc.assert(
      fc.property(path, (candidate) => {
        expect(cleanPath(candidate)).toBe(posix.normalize(candidate).replace(/(?<=.)\/$/, ''));
      }),
      { numRuns: 500 },
    );
  });
});

test.each([
  ['a/b', '/w', '/w/a/b'],
  ['/a/b', '/w', '/a/b'],
  ['../a', '/w', '/a'],
])('resolvePath(%j, %j) is %j', (path, base, resolved) => {
  expect(resolvePath(path, base)).toBe(resolved);
});

test.each([
  ['/w', '/w', true],
  ['/w/a/b', '/w', true],
  ['/w-2/a', '/w', false],
  ['/a', '/', true],
])('isWithin(%j, %j) is %s', (path, folder, within) => {
  expect(isWithin(path, folder)).toBe(within);
});

test.each([
  ['/a/b', '/a'],
  ['/a', '/'],
  ['/', '/'],
])('parentOf(%j) is %j', (path, parent) => {
  expect(parentOf(path)).toBe(parent);
});
