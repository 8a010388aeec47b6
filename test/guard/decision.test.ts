import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { createSandbox, memoryImage } from '#host/engine/sandbox.ts';
import { DEFAULT_LIMITS } from '#host/engine/wasm-engine.ts';
import { CASES } from '#scripts/bench/decision/snapshots.ts';
import { DIST } from '#scripts/build/paths.ts';

/** Bounds of what is counted, not timed: the same on every machine. Who raises one says why in the commit. */
const KIB = 1_024;

let module: WebAssembly.Module;
let image: Uint8Array;
beforeAll(() => {
  module = new WebAssembly.Module(readFileSync(`${DIST}core.wasm`));
  image = memoryImage(module);
});

/** Bytes that may cross the sandbox, in and out. */
const MOST_BYTES: Readonly<Record<(typeof CASES)[number]['name'], number>> = {
  'a Task waits for a slot': 1_750,
  'a Pod runs, nothing to do': 1_850,
  'a Pod has ended: status change': 3_500,
  'a Pod is made': 5_400,
  'a Pod is made, 10 contexts of 1 KB': 29_000,
  'a Pod is made, 100 KB of description': 220_000,
};

describe('one decision', () => {
  test.each(CASES)('$name: one call, its bytes, no unit of fuel, and its sandbox is used again', ({ name, snapshot }) => {
    const sandbox = createSandbox(module, image, DEFAULT_LIMITS.logBytes);
    const input = new TextEncoder().encode(JSON.stringify(snapshot));
    const result = sandbox.call(input, DEFAULT_LIMITS);
    if (result.type !== 'Returned') throw new Error(`expected an answer, got ${JSON.stringify(result)}`);
    // A core that asks for reads would cost a second call.
    expect(JSON.parse(new TextDecoder().decode(result.bytes))).toMatchObject({ type: 'Decided' });
    expect(input.length + result.bytes.length).toBeLessThanOrEqual(MOST_BYTES[name]);
    expect(result.fuelUsed).toBe(0);
    expect(result.log).toBe('');
    // One that grows its memory is thrown away, and a new one costs more than the decision.
    expect(sandbox.usable).toBe(true);
    // What it wrote to behind the image is cleaned too.
    if (!name.includes('100 KB')) expect((result.dirtyBytes - image.length) / KIB).toBeLessThanOrEqual(128);
  });
});

describe('the memory that is written back for each decision', () => {
  test('is at most 1 MiB, so that this stays a tenth of a decision', () => {
    expect(image.length / KIB).toBeLessThanOrEqual(1_024);
  });
});
