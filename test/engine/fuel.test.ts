import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS, loadEngine } from '#host/engine/wasm-engine.ts';
import { findWasmtime } from '#scripts/engine/wasmtime.ts';
import { coreWith, DECIDED, SNAPSHOT } from './bundles.ts';
import { decideWithWasmtime, WASMTIME_TIMEOUT_MS } from './wasmtime-process.ts';

/** 80 to 81 units, whatever the machine: a turn of this loop is two polls, a unit 10,000 polls. */
const LOOPS = coreWith(`let sum = 0; for (let i = 0; i < 400_000; i++) sum += i; return ${DECIDED('sum')}`);

describe('fuel', () => {
  test('a decision uses the same number of units in every run, in a live sandbox and in fresh ones', () => {
    const engine = loadEngine(LOOPS);
    const used = Array.from({ length: 5 }, () => fuelUsed(engine.decide(SNAPSHOT)));
    const fresh = Array.from({ length: 3 }, () => fuelUsed(loadEngine(LOOPS).decide(SNAPSHOT)));
    expect(new Set([...used, ...fresh])).toEqual(new Set([used[0]]));
    expect(used[0]).toBeGreaterThanOrEqual(80);
    expect(used[0]).toBeLessThanOrEqual(81);
  });

  test('with exactly the units that it needs it answers, with one less it does not', () => {
    const needed = fuelUsed(loadEngine(LOOPS).decide(SNAPSHOT));
    expect(loadEngine(LOOPS, { ...DEFAULT_LIMITS, fuel: needed }).decide(SNAPSHOT)).toMatchObject({ type: 'Answered', fuelUsed: needed });
    expect(loadEngine(LOOPS, { ...DEFAULT_LIMITS, fuel: needed - 1 }).decide(SNAPSHOT)).toMatchObject({ cause: 'OutOfFuel' });
  });

  const wasmtime = findWasmtime();
  test('another WebAssembly runtime counts the same', { timeout: WASMTIME_TIMEOUT_MS }, ({ skip }) => {
    if (wasmtime.type === 'Missing') return skip(wasmtime.reason);
    const needed = fuelUsed(loadEngine(LOOPS).decide(SNAPSHOT));
    const limits = { fuels: [needed, needed - 1], memoryBytes: DEFAULT_LIMITS.memoryBytes };
    expect(decideWithWasmtime(wasmtime.python, LOOPS, JSON.stringify(SNAPSHOT), limits)).toEqual([
      { status: 0, fuelUsed: needed, text: expect.stringContaining('Decided') },
      { status: 2, fuelUsed: needed - 1, text: 'out of fuel' },
    ]);
  });

  test('an exception behind the last unit is an exception', () => {
    const throwing = coreWith(`for (let i = 0; i < 400_000; i++); throw new Error('at the end')`);
    const causes = Array.from({ length: 4 }, (_, i) => {
      const result = loadEngine(throwing, { ...DEFAULT_LIMITS, fuel: 78 + i }).decide(SNAPSHOT);
      return result.type === 'EngineError' ? result.cause : 'none';
    });
    expect(causes.filter((cause) => cause === 'OutOfFuel').length, causes.join(' ')).toBeGreaterThan(0);
    expect(causes.lastIndexOf('OutOfFuel'), causes.join(' ')).toBeLessThan(causes.indexOf('Exception'));
  });
});

describe('memory', () => {
  test('the limit is what a decision may use beyond what the core itself holds', () => {
    const core = coreWith(`const text = 'x'.repeat(3_000_000); return ${DECIDED('text.length')}`);
    expect(loadEngine(core, { ...DEFAULT_LIMITS, memoryBytes: 4_000_000 }).decide(SNAPSHOT)).toMatchObject({ type: 'Answered' });
    expect(loadEngine(core, { ...DEFAULT_LIMITS, memoryBytes: 2_000_000 }).decide(SNAPSHOT)).toMatchObject({ cause: 'OutOfMemory' });
  });
});

function fuelUsed(result: ReturnType<ReturnType<typeof loadEngine>['decide']>): number {
  if (result.type !== 'Answered') throw new Error(`expected an answer, got ${JSON.stringify(result)}`);
  return result.fuelUsed;
}
