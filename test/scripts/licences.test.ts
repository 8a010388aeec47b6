import { describe, expect, test } from 'vitest';
import { isAllowed, licenceFaults } from '#scripts/check/licences.ts';

const FINE = new Set(['MIT', 'Apache-2.0', 'LLVM-exception', 'Unicode-3.0']);

describe('SPDX expressions', () => {
  test.each([
    ['MIT', true],
    ['GPL-3.0-only', false],
    ['MIT OR GPL-3.0-only', true],
    ['GPL-3.0-only OR MIT', true],
    ['GPL-3.0-only OR LGPL-2.1-or-later', false],
    ['MIT AND GPL-3.0-only', false],
    ['GPL-3.0-only AND MIT', false],
    ['(MIT OR GPL-3.0-only) AND Unicode-3.0', true],
    ['(MIT OR GPL-3.0-only) AND Zlib', false],
    ['MIT OR GPL-3.0-only AND Zlib', true],
    ['Apache-2.0 WITH LLVM-exception', true],
    ['GPL-2.0-only WITH LLVM-exception', false],
    ['MIT/Apache-2.0', true],
    ['MIT / GPL-3.0-only', true],
    ['GPL-3.0-only/Zlib', false],
    ['', false],
    ['MIT MIT', false],
    ['SEE LICENSE IN FILE', false],
    [undefined, false],
  ])('%s: %s', (expression, allowed) => {
    expect(isAllowed(expression, FINE)).toBe(allowed);
  });
});

test('every package and crate that is locked has a licence of the list', () => {
  expect(licenceFaults()).toEqual([]);
});
