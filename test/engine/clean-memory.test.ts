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
