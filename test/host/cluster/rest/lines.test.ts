import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineSplitter, LONGEST_LINE_BYTES } from '#host/cluster/rest/lines.ts';
import { type Release, Slots } from '#host/cluster/rest/slots.ts';

describe('lines', () => {
  test('are the same however the bytes are cut', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 }).map((line) => line.replaceAll('\n', ''));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 10 }), text, fc.array(fc.nat(), { maxLength: 20 }), (lines, rest, cuts) => {
        const bytes = Buffer.from(`${lines.map((line) => `${line}\n`).join('')}${rest}`);
        const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((left, right) => left - right);
        const splitter = new LineSplitter();
        const given = at.slice(1).flatMap((end, index) => splitter.push(bytes.subarray(at[index], end)));
        expect(given).toEqual(lines.filter((line) => line !== ''));
      }),
    );
  });

  test('without an end are refused before they fill the memory', () => {
    const splitter = new LineSplitter();
    const chunk = Buffer.alloc(LONGEST_LINE_BYTES / 4, 'x');
    for (let index = 0; index < 4; index++) expect(splitter.push(chunk)).toEqual([]);
    expect(() => splitter.push(chunk)).toThrow(/one came without an end/);
  });
});

describe('slots', () => {
  test('are given in order, never more than there are, and each is given back once', async () => {
    const slots = new Slots(2);
    const given: string[] = [];
    const take = async (name: string): Promise<Release | null> => {
      const release = await slots.take();
      given.push(name);
      return release;
    };
    const a = await take('a');
    await take('b');
    const waiting = [take('c'), take('d')];
    await Promise.resolve();
    expect(given).toEqual(['a', 'b']);
    a?.();
    a?.();
    await waiting[0];
    await Promise.resolve();
    expect(given).toEqual(['a', 'b', 'c']);
  });

  test('one who gives up waiting takes none', async () => {
    const slots = new Slots(1);
    const first = await slots.take();
    const abort = new AbortController();
    const second = slots.take(abort.signal);
    const third = slots.take();
    abort.abort();
    expect(await second).toBeNull();
    expect(await slots.take(abort.signal)).toBeNull();
    first?.();
    expect(await third).not.toBeNull();
  });
});
