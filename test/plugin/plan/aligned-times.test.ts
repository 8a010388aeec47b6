import fc from 'fast-check';
import { expect, test } from 'vitest';
import { alignedTimes } from '#plugin/plan/aligned-times.ts';
import { goDuration } from '#plugin/plan/go-duration.ts';

const aligned = (...times: readonly string[]): readonly string[] => times.map(alignedTimes(times));

test.each<[name: string, times: string[], expected: string[]]>([
  ['one that is to the millisecond', ['+0s', '+10.4s', '+15.743s'], ['+0.000s', '+10.400s', '+15.743s']],
  ['tenths', ['+0s', '+2.2s', '+30m', '+1h', '+1h2.2s', '+2h5m'], ['+0.0s', '+2.2s', '+30m0.0s', '+1h0m0.0s', '+1h0m2.2s', '+2h5m0.0s']],
  ['whole seconds stay short', ['+0s', '+30m', '+1h'], ['+0s', '+30m', '+1h']],
  ['what is no offset stays', ['<none>', '', '+1.5s'], ['<none>', '', '+1.5s']],
])('%s', (_name, times, expected) => expect(aligned(...times)).toEqual(expected));

/** Milliseconds of an offset. */
const msOf = (at: string): number =>
  [...at.matchAll(/([\d.]+)([hms])/g)].reduce(
    (sum, [, amount, unit = '']) => sum + Number(amount) * ({ h: 3_600_000, m: 60_000, s: 1_000 }[unit] ?? 0),
    0,
  );

test('any of one timeline are the same times, with the same number of decimals', () =>
  fc.assert(
    fc.property(fc.array(fc.nat(90_000_000), { minLength: 1 }), (offsets) => {
      const shown = aligned(...offsets.map((ms) => `+${goDuration(ms)}`));
      expect(shown.map((at) => Math.round(msOf(at)))).toEqual(offsets);
      const decimals = shown.map((at) => /\.(\d+)s$/.exec(at)?.[1]?.length ?? 0);
      expect(new Set(decimals).size).toBe(1);
    }),
  ));
