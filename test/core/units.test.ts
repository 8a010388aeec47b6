import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from '#core/units/duration.ts';
import { earliest, formatTime, formatTimeMs, parseTime } from '#core/units/time.ts';

describe('Go durations', () => {
  test.each([
    ['0', 0],
    ['-0', 0],
    ['+5s', 5_000],
    ['-3s', -3_000],
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['.5m', 30_000],
    ['1.s', 1_000],
    ['100ms', 100],
    ['1us', 0.001],
    ['1µs', 0.001],
    ['1m1m', 120_000],
  ])('%s is %d ms', (text, ms) => {
    const parsed = parseDuration(text);
    expect(parsed.ok && parsed.ms + 0).toBeCloseTo(ms, 9);
  });

  test.each([
    '',
    '1',
    '1 hour',
    '1 h',
    'h',
    '1d',
    '5S',
    '--1s',
    '1h-5m',
    '.s',
    '.',
    '+',
    '1e3s',
    ' 1s',
    '1s ',
    '300000h1s'.padStart(20, '9'),
    null,
    5,
    {},
    undefined,
  ])('%j is none, and the message shows the right form', (text) => {
    expect(parseDuration(text)).toEqual({ ok: false, message: expect.stringContaining('want a form such as 90s, 30m or 1h30m') });
  });

  test('whole milliseconds survive writing and reading', () => {
    fc.assert(
      fc.property(fc.integer({ min: -4_000_000_000_000, max: 4_000_000_000_000 }), (ms) => {
        const back = parseDuration(formatDuration(ms));
        expect(back.ok && Math.round(back.ms)).toBe(ms);
      }),
    );
  });

  test('any text is answered, never thrown at', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof parseDuration(text).ok === 'boolean'));
  });
});

describe('RFC 3339', () => {
  test.each([
    ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02T03:04:05.123456Z', '2026-01-02T03:04:05.123Z'],
    ['2026-01-02t03:04:05z', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02T03:04:05+02:00', '2026-01-02T01:04:05.000Z'],
    ['2026-01-02T03:04:05-00:30', '2026-01-02T03:34:05.000Z'],
  ])('%s', (text, same) => {
    expect(formatTimeMs(parseTime(text) ?? 0)).toBe(same);
  });
  test.each(['', 'now', '2026-01-02', '2026-01-02 03:04:05Z', '2026-01-02T03:04:05', undefined, null])('%s is no time', (text) => {
    expect(parseTime(text)).toBeNull();
  });
  test('agrees with the platform', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date(4_102_444_800_000), noInvalidDate: true }), (date) => {
        expect(parseTime(date.toISOString())).toBe(date.getTime());
        expect(parseTime(formatTime(date.getTime()))).toBe(Math.floor(date.getTime() / 1_000) * 1_000);
      }),
    );
  });
  test('a field out of its range is carried into the next, as it always was', () => {
    const parts = (...values: readonly number[]): fc.Arbitrary<string> =>
      fc.constantFrom(...values.map((value) => String(value).padStart(2, '0')));
    const year = fc.constantFrom('0000', '0050', '0099', '0100', '0999', '1000', '1900', '2024', '2026', '9999');
    const days = fc.tuple(year, parts(0, 1, 2, 3, 4, 6, 9, 11, 12, 13, 99), parts(0, 1, 19, 20, 28, 29, 30, 31, 32, 99));
    const clocks = fc.tuple(parts(0, 9, 19, 20, 23, 24, 25, 99), parts(0, 9, 59, 60, 99), parts(0, 59, 60, 99));
    const milliseconds = fc.constantFrom(null, '000', '678', '999');
    fc.assert(
      fc.property(days, clocks, milliseconds, ([y, mo, d], [h, mi, s], ms) => {
        const text = `${y}-${mo}-${d}T${h}:${mi}:${s}${ms === null ? '' : `.${ms}`}Z`;
        expect(parseTime(text), text).toBe(Date.UTC(+y, +mo - 1, +d, +h, +mi, +s, Number(ms)));
      }),
      { numRuns: 5_000 },
    );
  });
  test('the earlier of two', () => {
    expect([earliest(null, null), earliest(1, null), earliest(null, 2), earliest(3, 2)]).toEqual([null, 1, 2, 2]);
  });
});
