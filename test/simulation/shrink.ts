import { FAULTS, type Scenario } from './scenario.ts';
import { type History, type SimulateOptions, simulate } from './simulate.ts';

/** No more runs than this for one failure. */
const MAX_RUNS = 400;

/**
 * Leaves out of a scenario what its first violation does not need: faults, then what people do, in ever smaller parts. The answer still breaks the same
 * invariant.
 */
export async function shrink(
  scenario: Scenario,
  options: SimulateOptions,
): Promise<{ readonly scenario: Scenario; readonly history: History }> {
  let best = scenario;
  let history = await simulate(best, options);
  const rule = history.violations[0]?.rule;
  if (rule === undefined) return { scenario, history };
  let runs = 0;
  const accepts = async (candidate: Scenario): Promise<boolean> => {
    if (runs++ >= MAX_RUNS) return false;
    const tried = await simulate(candidate, options);
    if (tried.violations[0]?.rule !== rule) return false;
    best = candidate;
    history = tried;
    return true;
  };
  for (const name of FAULTS) if (best.rates[name] > 0) await accepts({ ...best, rates: { ...best.rates, [name]: 0 } });
  for (let size = Math.ceil(best.happenings.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = best.happenings.length - size; from > -size; from -= size) {
      const start = Math.max(0, from);
      await accepts({ ...best, happenings: best.happenings.filter((_, index) => index < start || index >= from + size) });
    }
  }
  return { scenario: best, history };
}
