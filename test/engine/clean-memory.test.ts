import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { createSandbox, memoryImage } from '#host/engine/sandbox.ts';
import { DEFAULT_LIMITS } from '#host/engine/wasm-engine.ts';
import { CASES } from '#scripts/bench/decision/snapshots.ts';
import { DIST } from '#scripts/build/paths.ts';
import { coreFrom } from './bundles.ts';

/** What uses the stack, small blocks, large ones that grow and move, and blocks that are freed again. */
const BODIES: Readonly<Record<string, string>> = {
  'does nothing': '',
  'makes a long list': 'const kept = []; for (let i = 0; i < 50_000; i++) kept.push(i); return kept.join();',
  'makes many objects': 'const kept = []; for (let i = 0; i < 5_000; i++) kept.push({ i, json }); return String(kept.length);',
  'grows two texts beside each other': `const all = ['', '']; for (let i = 0; i < 9_000; i++) all[i % 2] += i; return all.join();`,
  'recurses deeply': 'const f = (n) => (n === 0 ? 0 : f(n - 1) + 1); return String(f(400));',
  'recurses deeply through lists': 'const f = (n) => (n === 0 ? [] : [n].map((x) => f(x - 1))); return JSON.stringify(f(120));',
  'sorts and matches': `return Array.from({ length: 3_000 }, (_, i) => String(i * 7_919)).sort().join().replace(/9+/g, '');`,
};
const TOY = coreFrom(
  `export function decide(json) { ${Object.entries(BODIES)
    .map(([name, body]) => `if (json === ${JSON.stringify(name)}) { ${body} }`)
    .join(' ')} return json; }`,
);
const REAL = readFileSync(`${DIST}core.wasm`);
const INPUTS: readonly (readonly [name: string, core: Uint8Array, input: string])[] = [
  ...Object.keys(BODIES).map((name) => [name, TOY, name] as const),
  ...CASES.map(({ name, snapshot }) => [name, REAL, JSON.stringify(snapshot)] as const),
];

/** Where the answer of `coreThatSays` lies: five words, then two characters. */
const ANSWER = 2_048;
const IMAGE_BYTES = ANSWER + 24;

describe('the memory of a sandbox', () => {
  test.each(INPUTS)('is written to as far up as the engine says, and no further: %s', (_, core, input) => {
    const { before, after, dirtyBytes } = afterCalls(core, [input]);
    expect(after.length, 'it has not grown').toBe(before.length);
    const highest = after.findLastIndex((byte, address) => byte !== before[address]);
    expect(dirtyBytes).toBeGreaterThan(highest);
    expect(dirtyBytes, 'and not simply all of it').toBeLessThan(after.length);
  });

  test.each(INPUTS)('holds nothing of the decision before, at no address: %s', (_, core, input) => {
    const others = INPUTS.filter((other) => other[1] === core).map((other) => other[2]);
    const alone = afterCalls(core, [input]).after;
    for (const other of others) expect(Buffer.compare(afterCalls(core, [other, input]).after, alone), other.slice(0, 40)).toBe(0);
  });
});

describe('a core that says of its memory what can’t be', () => {
  test.each([
    ['nothing: it is of an older engine', 0, false],
    ['less than its own image', IMAGE_BYTES - 1, false],
    ['its image', IMAGE_BYTES, true],
    ['all that there is', 65_536, true],
    ['more than there is', 65_537, false],
  ])('%s: it is used again: %s', (_, dirtyBytes, isUsedAgain) => {
    const module = new WebAssembly.Module(coreThatSays(dirtyBytes));
    const image = memoryImage(module);
    expect(image.length).toBe(IMAGE_BYTES);
    const sandbox = createSandbox(module, image, DEFAULT_LIMITS.logBytes);
    expect(sandbox.call(new TextEncoder().encode('{}'), DEFAULT_LIMITS)).toMatchObject({ type: 'Returned' });
    expect(sandbox.usable).toBe(isUsedAgain);
  });
});

/** A module of one page that always returns the text `{}`, and says that it has written so far up. */
function coreThatSays(dirtyBytes: number): Uint8Array<ArrayBuffer> {
  const section = (id: number, ...bytes: readonly number[]): readonly number[] => [id, bytes.length, ...bytes];
  const constant = (value: number): readonly number[] => [0x41, (value & 0x7f) | 0x80, (value >> 7) & 0x7f, 0x0b];
  const name = (text: string): readonly number[] => [text.length, ...new TextEncoder().encode(text)];
  const answer = new Uint8Array(new Uint32Array([0, ANSWER + 20, 2, 1, dirtyBytes]).buffer);
  const data = [...answer, ...new TextEncoder().encode('{}'), 0, 1];
  const [i32, func] = [0x7f, 0x60];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 2, func, 1, i32, 1, i32, func, 4, i32, i32, i32, i32, 1, i32),
    ...section(3, 2, 0, 1),
    ...section(5, 1, 0, 1),
    ...section(7, 3, ...name('memory'), 2, 0, ...name('alloc'), 0, 0, ...name('decide'), 0, 1),
    ...section(10, 2, 5, 0, ...constant(1_024), 5, 0, ...constant(ANSWER)),
    ...section(11, 1, 0, ...constant(ANSWER), data.length, ...data),
  ]);
}

/** The memory that a sandbox starts with, and that it has after these calls. */
function afterCalls(core: Uint8Array, inputs: readonly string[]): { before: Uint8Array; after: Uint8Array; dirtyBytes: number } {
  const module = new WebAssembly.Module(core);
  const image = memoryImage(module);
  const memories: WebAssembly.Memory[] = [];
  const { Instance } = WebAssembly;
  class Watched extends Instance {
    constructor(...args: ConstructorParameters<typeof Instance>) {
      super(...args);
      memories.push(this.exports.memory as WebAssembly.Memory);
    }
  }
  vi.stubGlobal('WebAssembly', { Instance: Watched });
  const sandbox = createSandbox(module, image, DEFAULT_LIMITS.logBytes);
  vi.unstubAllGlobals();
  const [memory] = memories;
  if (memory === undefined) throw new Error('expected the sandbox to make an instance');
  const before = new Uint8Array(memory.buffer.slice(0));
  let dirtyBytes = 0;
  for (const input of inputs) {
    const result = sandbox.call(new TextEncoder().encode(input), DEFAULT_LIMITS);
    if (result.type !== 'Returned') throw new Error(`expected an answer, got ${JSON.stringify(result)}`);
    dirtyBytes = result.dirtyBytes;
  }
  return { before, after: new Uint8Array(memory.buffer), dirtyBytes };
}
