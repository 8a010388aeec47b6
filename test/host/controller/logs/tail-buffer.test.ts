import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TailBuffer } from '#host/controller/logs/tail-buffer.ts';
import { lastLines, SIGHT_BYTES, tailOf } from '#host/controller/logs/tail-text.ts';

const unchanged = (text: string): string => text;

describe('the ring', () => {
  test('holds the last bytes of what came, whatever the pieces, in whole characters', () => {
    const piece = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.constant('line\n'), fc.constant('ä😀'.repeat(30)));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 90 }), fc.array(piece, { maxLength: 30 }), (capacity, pieces) => {
        const buffer = new TailBuffer(capacity);
        for (const one of pieces) buffer.push(one);
        // What has no form in UTF-8 (half of a pair) comes through as the replacement character.
        const bytes = Buffer.concat(pieces.map((one) => Buffer.from(one)));
        const last = bytes.subarray(Math.max(0, bytes.length - capacity));
        expect(buffer.size).toBe(last.length);
        expect(buffer.hasLost).toBe(bytes.length > capacity);
        expect(buffer.lines).toBe(bytes.toString().split('\n').length - 1);
        expect(last.toString().endsWith(buffer.text())).toBe(true);
        expect(last.length - Buffer.byteLength(buffer.text())).toBeLessThan(4);
      }),
    );
  });

  test('takes no more than its capacity for a log without end', () => {
    const buffer = new TailBuffer(1_000);
    for (let index = 0; index < 20_000; index++) buffer.push(`line ${index}\n`);
    expect(buffer.size).toBe(1_000);
    expect(buffer.text()).toMatch(/line 19998\nline 19999\n$/);
  });
});

describe('the end of a text', () => {
  test.each([
    ['abc', 10, 'abc'],
    ['abcdef', 3, 'def'],
    ['aäöü', 4, 'öü'],
    ['aäöü', 3, 'ü'],
    ['x😀', 3, ''],
    ['x😀', 4, '😀'],
    ['', 5, ''],
    ['one\ntwo\n', 4, 'two\n'],
    ['one\ntwo\n', 5, 'two\n'],
    ['one\ntwo\nthree\n', 9, 'three\n'],
    // Whole lines would leave too little.
    ['a long line\nx\n', 9, 'g line\nx\n'],
  ])('of %j, at most %i bytes, is %j', (text, limitBytes, expected) => {
    expect(lastLines(text, limitBytes)).toBe(expected);
  });

  test('is valid UTF-8 within its limit, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.integer({ min: 1, max: 80 }), (text, limitBytes) => {
        const end = lastLines(text, limitBytes);
        expect(Buffer.byteLength(end)).toBeLessThanOrEqual(limitBytes);
        expect(end).not.toContain('\ufffd');
        expect(text.endsWith(end)).toBe(true);
      }),
    );
  });
});

describe('what is kept of a log', () => {
  test('is cut after secrets are gone, so that none is cut in two', () => {
    const buffer = new TailBuffer(40 + SIGHT_BYTES);
    buffer.push(`begin\n${'Authorization: SECRET-'.padEnd(60, 'x')}\nthe end\n`);
    const redact = (text: string): string => text.replace(/Authorization: \S+/g, 'Authorization: ***');
    expect(tailOf(buffer, 40, redact)).toEqual({ text: 'begin\nAuthorization: ***\nthe end\n', truncated: false });
  });

  test('a word whose beginning is lost is not shown, since it could be the rest of a secret', () => {
    const buffer = new TailBuffer(30 + SIGHT_BYTES);
    buffer.push(`password=${'s'.repeat(500)} token=${'t'.repeat(4_000)} ok\n`);
    const redact = (text: string): string => text.replace(/(password|token)=\S+/g, '$1=***');
    expect(tailOf(buffer, 30, redact)).toEqual({ text: 'token=*** ok\n', truncated: true });
  });

  test('says whether there was more', () => {
    const buffer = new TailBuffer(10 + SIGHT_BYTES);
    buffer.push('0123456789');
    expect(tailOf(buffer, 10, unchanged)).toEqual({ text: '0123456789', truncated: false });
    buffer.push('x');
    expect(tailOf(buffer, 10, unchanged)).toEqual({ text: '123456789x', truncated: true });
  });
});
