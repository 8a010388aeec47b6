import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadEngine } from '#host/engine/wasm-engine.ts';
import { sourceEngine } from '#test/support/source-engine.ts';
import { scenarioOf } from './generate.ts';
import { reportOf } from './report.ts';
import { simulate } from './simulate.ts';

/** `FROM` and `HISTORIES` in the environment ask for others, `SEED` for one, with its whole history printed. */
const FIRST_SEED = Number(process.env.FROM ?? 1);
const HISTORIES = Number(process.env.HISTORIES ?? 500);
/** Seeds a test: a failure names its own, and the runs before it still count. */
const SEEDS_A_TEST = 50;
/** Every so many seeds run in core.wasm too. */
const WASM_EVERY = 50;

const only = process.env.SEED === undefined ? undefined : Number(process.env.SEED);
const seeds = only === undefined ? Array.from({ length: HISTORIES }, (_, index) => FIRST_SEED + index) : [only];
const batches = Array.from({ length: Math.ceil(seeds.length / SEEDS_A_TEST) }, (_, index) =>
  seeds.slice(index * SEEDS_A_TEST, (index + 1) * SEEDS_A_TEST),
);

describe('whatever goes wrong, no invariant is broken', () => {
  test.each(batches.map((batch) => ({ batch, from: batch[0] ?? 0, to: batch.at(-1) ?? 0 })))('seeds $from to $to', async ({ batch }) => {
    for (const seed of batch) {
      const scenario = scenarioOf(seed);
      const history = await simulate(scenario, { engine: sourceEngine, isVerbose: only !== undefined });
      if (only !== undefined) console.log(history.lines.join('\n'));
      if (history.violations.length > 0) expect.fail(await reportOf(scenario, history, { engine: sourceEngine }));
    }
  });
});

describe('core.wasm', () => {
  const engine = loadEngine(readFileSync(new URL('../../dist/core.wasm', import.meta.url)));
  test.each(seeds.filter((seed) => only !== undefined || seed % WASM_EVERY === 0))(
    'gives the same history as the source for seed %i',
    async (seed) => {
      const scenario = scenarioOf(seed);
      const [byWasm, bySource] = [await simulate(scenario, { engine }), await simulate(scenario, { engine: sourceEngine })];
      expect(byWasm.lines.join('\n')).toBe(bySource.lines.join('\n'));
    },
  );
});

test.each([3, 17])('seed %i gives the same history twice, to the letter', async (seed) => {
  const run = async (): Promise<string> => (await simulate(scenarioOf(seed), { engine: sourceEngine, isVerbose: true })).lines.join('\n');
  expect(await run()).toBe(await run());
});
