import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { goQuote, shellQuote } from '#core/units/quote.ts';

test.each([
  ['plain', '"plain"'],
  ['say "hi"', '"say \\"hi\\""'],
  ['back\\slash', '"back\\\\slash"'],
  ['a\nb\tc', '"a\\nb\\tc"'],
  ['\u0007\b\f\v', '"\\a\\b\\f\\v"'],
  ['\u0001\u007f', '"\\x01\\x7f"'],
  ['größer', '"größer"'],
  ['a\u2028b\u00a0', '"a\\u2028b\\u00a0"'],
  ['\ud800', '"\ufffd"'],
])('goQuote(%j) as Go’s strconv.Quote', (text, quoted) => {
  expect(goQuote(text)).toBe(quoted);
});

test('shellQuote gives a shell the same text back, whatever it is', () => {
  const text = fc.string({ unit: 'grapheme' }).filter((candidate) => !candidate.includes('\0'));
  fc.assert(
    fc.property(text, (candidate) => {
      const out = execFileSync('sh', ['-c', `printf %s ${shellQuote(candidate)}`], { encoding: 'utf8' });
      expect(out).toBe(candidate);
    }),
    { numRuns: 30, examples: [["it's"], ['$(id) `id` \\'], ['-n'], ['line\nbreak']] },
  );
});
