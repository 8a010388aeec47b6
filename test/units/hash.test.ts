import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fnv1a32, fnv1a32Both, utf8Length } from '#core/units/hash.ts';

test.each([
  ['', '811c9dc5'],
  ['a', 'e40c292c'],
  ['foobar', 'bf9cf968'],
])('fnv1a32(%j) is the reference vector', (text, hash) => {
  expect(fnv1a32(text)).toBe(hash);
});

test('a character outside ASCII is hashed as its UTF-8 bytes', () => {
  // "é" is c3 a9; "\u00c3\u00a9" would be four bytes.
  const offset = 0x811c9dc5;
  const step = (hash: number, byte: number): number => Math.imul(hash ^ byte, 0x01000193) >>> 0;
  expect(fnv1a32('é')).toBe(step(step(offset, 0xc3), 0xa9).toString(16));
  expect(fnv1a32('é')).not.toBe(fnv1a32('\u00c3\u00a9'));
});

test('hash and length agree with the platform’s encoder on any text', () => {
  const encoder = new TextEncoder();
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0xffff })), (units) => {
      const text = String.fromCharCode(...units);
      const bytes = encoder.encode(text);
      let hash = 0x811c9dc5;
      for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
      expect(fnv1a32(text)).toBe(hash.toString(16).padStart(8, '0'));
      expect(utf8Length(text)).toBe(bytes.length);
    }),
  );
});

test('both hashes at once are those of the text, and of the text and its end', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, end) => {
      expect(fnv1a32Both(text, end)).toBe(fnv1a32(text) + fnv1a32(text + end));
    }),
  );
});
