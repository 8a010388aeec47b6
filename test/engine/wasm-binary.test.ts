import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ENGINE_WASM } from '#scripts/build/paths.ts';
import { nonZeroRuns } from '#scripts/build/snapshot.ts';
import { Reader, readSections, signed, unsigned, writeModule } from '#scripts/build/wasm-binary.ts';

describe('the WebAssembly binary format', () => {
  test('a module that is read and written is the same', () => {
    const engine = readFileSync(ENGINE_WASM);
    expect(Buffer.compare(writeModule(readSections(engine)), engine)).toBe(0);
  });

  test('unsigned numbers: what is written is read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (value) => {
        expect(new Reader(Uint8Array.from(unsigned(value))).unsigned()).toBe(value);
      }),
    );
  });

  test.each([
    [0, [0x00]],
    [63, [0x3f]],
    [64, [0xc0, 0x00]],
    [-1, [0x7f]],
    [-64, [0x40]],
    [-65, [0xbf, 0x7f]],
    [624_485, [0xe5, 0x8e, 0x26]],
    [-123_456, [0xc0, 0xbb, 0x78]],
    // An address in the upper half of memory is a negative i32.
    [0x8000_0000, [0x80, 0x80, 0x80, 0x80, 0x78]],
  ])('the signed number %d', (value, bytes) => {
    expect(signed(value)).toEqual(bytes);
  });
});

describe('the segments of a memory image', () => {
  test('hold every byte that is not zero, in order, without overlap, and save long runs of zeros', () => {
    const memory = fc
      .array(fc.tuple(fc.nat(300), fc.uint8Array({ maxLength: 20 })))
      .map((parts) => Uint8Array.from(parts.flatMap(([zeros, bytes]) => [...Array<number>(zeros).fill(0), ...bytes])));
    fc.assert(
      fc.property(memory, (image) => {
        const runs = nonZeroRuns(image);
        const rebuilt = new Uint8Array(image.length);
        for (const [start, end] of runs) rebuilt.set(image.subarray(start, end), start);
        expect(rebuilt).toEqual(image);
        for (const [i, [start, end]] of runs.entries()) {
          expect(image[start]).not.toBe(0);
          expect(image[end - 1]).not.toBe(0);
          expect(start - (runs[i - 1]?.[1] ?? -64)).toBeGreaterThanOrEqual(64);
        }
      }),
    );
  });
  test('memory of zeros has none', () => {
    expect(nonZeroRuns(new Uint8Array(100))).toEqual([]);
  });
});
