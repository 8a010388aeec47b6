import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Seam, type SeamOptions } from '#plugin/logs/seam.ts';

const START_MS = Date.parse('2026-01-01T00:00:00Z');
const WHOLE: SeamOptions = { timestamps: false, isPart: false };

interface Line {
  readonly atMs: number;
  readonly text: string;
}

/** As a kubelet has it; nanoseconds make no two lines of a stream the same. */
const stamped = ({ atMs, text }: Line): string => `${new Date(START_MS + atMs).toISOString().replace('Z', '000000Z')} ${text}\n`;

/** What a kubelet gives from a time on: in the order of the file, whatever the times are. */
const from = (lines: readonly Line[], since: string | undefined): string =>
  lines
    .filter(({ atMs }) => since === undefined || START_MS + atMs >= Date.parse(since))
    .map(stamped)
    .join('');

/** Times that go on, save that a line may be up to a second older than the one before. */
const logs = fc
  .array(fc.record({ stepMs: fc.integer({ min: -900, max: 4_000 }), text: fc.constantFrom('same', 'a', 'b c', '') }), { maxLength: 30 })
  .map((steps) => {
    let [latest, at] = [0, 0];
    return steps.map(({ stepMs, text }): Line => {
      at = Math.max(0, latest - 900, at + stepMs);
      latest = Math.max(latest, at);
      return { atMs: at, text };
    });
  });

describe('streams that break off', () => {
  test('wherever they do, and however often: each line is given once, in order', () => {
    fc.assert(
      fc.property(logs, fc.array(fc.nat({ max: 400 }), { maxLength: 6 }), fc.integer({ min: 1, max: 50 }), (lines, cuts, size) => {
        const seam = new Seam(WHOLE);
        let given = '';
        for (const cut of [...cuts, Number.POSITIVE_INFINITY]) {
          const text = from(lines, seam.since).slice(0, cut);
          for (let at = 0; at < text.length; at += size) given += seam.push(text.slice(at, at + size));
          if (cut === Number.POSITIVE_INFINITY) given += seam.end();
          else seam.breakOff();
        }
        expect(given).toBe(lines.map(({ text }) => `${text}\n`).join(''));
      }),
      { numRuns: 500 },
    );
  });

  test('a log that was asked for in part begins where it did, also the second time', () => {
    const lines = [0, 10, 20, 30, 40].map((atMs): Line => ({ atMs, text: `line ${atMs}` }));
    const seam = new Seam({ ...WHOLE, isPart: true });
    expect(seam.push(from(lines.slice(3, 4), undefined))).toBe('line 30\n');
    seam.breakOff();
    expect(seam.push(from(lines, seam.since))).toBe('line 40\n');
  });

  test('the same words at the same time, twice, are two lines', () => {
    const lines = [0, 0, 0].map((atMs): Line => ({ atMs, text: 'again' }));
    const seam = new Seam(WHOLE);
    expect(seam.push(from(lines.slice(0, 2), undefined))).toBe('again\nagain\n');
    seam.breakOff();
    expect(seam.push(from(lines, seam.since))).toBe('again\n');
  });
});

describe('what is given', () => {
  const line = stamped({ atMs: 0, text: 'hello' });

  test('bears its time where that is asked for', () => expect(new Seam({ ...WHOLE, timestamps: true }).push(line)).toBe(line));

  test('whole lines; what stands behind the last line feed, at the end', () => {
    const seam = new Seam(WHOLE);
    expect(seam.push(`${line}2026-01-01T00:00:01Z no line `)).toBe('hello\n');
    expect(seam.end()).toBe('no line ');
    expect(seam.end()).toBe('');
  });

  test("a kubelet's own words as they are", () =>
    expect(new Seam(WHOLE).push('failed to watch file: too many open files\n')).toContain('failed'));

  test('other zones and shorter fractions are times, too', () => {
    const seam = new Seam(WHOLE);
    expect(seam.push('2026-01-01T02:00:05.5+02:00 hello\n')).toBe('hello\n');
    expect(seam.since).toBe('2026-01-01T00:00:04Z');
  });
});
