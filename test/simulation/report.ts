import { FAULTS, type Scenario } from '#host/simulation/scenario.ts';
import { shrink } from '#host/simulation/shrink.ts';
import { type History, type SimulateOptions, simulate } from '#host/simulation/simulate.ts';

/** Lines of a history that a report shows at most; the last are the ones that matter. */
const MAX_LINES = 150;

/** What a person needs to see of a failed scenario: seed, invariant, the shortest history that shows it, how to see it again. */
export async function reportOf(scenario: Scenario, failed: History, options: SimulateOptions): Promise<string> {
  const small = await shrink(scenario, options);
  const { lines } = await simulate(small.scenario, { ...options, isVerbose: true });
  const faults = FAULTS.filter((name) => small.scenario.rates[name] > 0);
  return [
    `seed ${scenario.seed}: ${failed.violations.map(({ rule, says }) => `${rule}: ${says}`).join('; ')}`,
    `the shortest history that shows it, with the faults [${faults.join(', ')}]:`,
    ...(lines.length > MAX_LINES ? [`… ${lines.length - MAX_LINES} lines before`] : []),
    ...lines.slice(-MAX_LINES),
    `see it again: npm run simulate -- --seed ${scenario.seed}`,
  ].join('\n');
}
