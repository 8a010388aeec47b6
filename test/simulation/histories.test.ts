import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadEngine } from '#host/engine/wasm-engine.ts';
import { scenarioOf } from '#host/simulation/generate.ts';
import { simulate } from '#host/simulation/simulate.ts';
import { quickEngine, sourceEngine } from '#test/support/source-engine.ts';
import { reportOf } from './report.ts';
import { runSeeds } from './run-seeds.ts';

/** `FROM` and `HISTORIES` in the environment ask for others, `SEED` for one, with its whole history printed. */
const FIRST_SEED = Number(process.env.FROM ?? 1);
const HISTORIES = Number(process.env.HISTORIES ?? 2_000);
/** Seeds a test: a failure names its own, and the runs before it still count. */
const SEEDS_A_TEST = 50;

const only = process.env.SEED === undefined ? undefined : Number(process.env.SEED);
const [first, count] = only === undefined ? [FIRST_SEED, HISTORIES] : [only, 1];
const batches = Array.from({ length: Math.ceil(count / SEEDS_A_TEST) }, (_, index) => {
  const from = first + index * SEEDS_A_TEST;
  return { from, to: Math.min(from + SEEDS_A_TEST, first + count) - 1 };
});

describe('whatever goes wrong, no invariant is broken, and core.wasm tells the same history as the source', () => {
  const twin = loadEngine(readFileSync(new URL('../../dist/core.wasm', import.meta.url)));
  test.each(batches)('seeds $from to $to', async ({ from, to }) => {
    const isVerbose = only !== undefined;
    const options = { engine: quickEngine(), twin, isVerbose, ...(isVerbose ? { twinEvery: 1 } : {}) };
    for await (const { scenario, history, violations } of runSeeds({ ...options, from, histories: to - from + 1 })) {
      if (isVerbose) console.log(history.lines.join('\n'));
      if (history.violations.length > 0) expect.fail(await reportOf(scenario, history, { engine: sourceEngine }));
      expect(violations, `seed ${scenario.seed}`).toEqual([]);
    }
  });
});

test.each([3, 17])('seed %i gives the same history twice, to the letter', async (seed) => {
  const run = async (): Promise<string> => (await simulate(scenarioOf(seed), { engine: sourceEngine, isVerbose: true })).lines.join('\n');
  expect(await run()).toBe(await run());
});
