import { expect, test } from 'vitest';
import { scenarioOf } from '#host/simulation/generate.ts';
import { simulate } from '#host/simulation/simulate.ts';
import { quickEngine } from '#test/support/source-engine.ts';
import { MUTANTS } from './mutants.ts';

/** So many histories has a mistake to show itself. */
const SEEDS = 3_000;

const engine = quickEngine();

test.each(MUTANTS)('finds the mistake: $name', async (mutant) => {
  const scenarios = mutant.scenarioOf ?? scenarioOf;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { violations } = await simulate(scenarios(seed), { engine, mutation: mutant });
    const found = violations.find(({ rule }) => mutant.breaks.includes(rule));
    if (found === undefined) continue;
    console.log(`${mutant.name}: seed ${seed}: ${found.rule}: ${found.says}`);
    return;
  }
  expect.fail(`${SEEDS} histories did not find it`);
});

test('what is written for one mistake breaks nothing without it', async () => {
  for (const { scenarioOf: scenarios } of MUTANTS) {
    if (scenarios === undefined) continue;
    for (let seed = 1; seed <= 60; seed++) expect((await simulate(scenarios(seed), { engine })).violations).toEqual([]);
  }
});
