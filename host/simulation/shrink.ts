import { FAULTS, type Happening, type Scenario, type Timed } from './scenario.ts';
import { type History, type SimulateOptions, simulate } from './simulate.ts';

/** No more runs than this for one failure. */
const MAX_RUNS = 400;

/**
 * Leaves out of a scenario what its first violation does not need: faults, then what people do, in ever smaller parts. The answer still breaks the same
 * invariant, and what goes wrong in it is put right if the whole history puts it right: without its end, an outage breaks invariants by itself.
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
      const rest = best.happenings.filter((_, index) => index < start || index >= from + size);
      await accepts({ ...best, happenings: withoutLasting(rest, scenario.happenings) });
    }
  }
  return { scenario: best, history };
}

/** Without what stays wrong to the end of these happenings, in the order of time, and does not in the whole history. */
function withoutLasting(happenings: readonly Timed[], whole: readonly Timed[]): readonly Timed[] {
  const lasts = new Set(
    whole.flatMap(({ happening }, index) => (isLasting(happening, whole.slice(index + 1)) ? [wrongOf(happening)?.what] : [])),
  );
  return happenings.filter(
    ({ happening }, index) => lasts.has(wrongOf(happening)?.what) || !isLasting(happening, happenings.slice(index + 1)),
  );
}

function isLasting(happening: Happening, later: readonly Timed[]): boolean {
  const wrong = wrongOf(happening);
  if (wrong === undefined || wrong.isOver) return false;
  return !later.some(({ happening: other }) => wrongOf(other)?.what === wrong.what && wrongOf(other)?.isOver === true);
}

/** What a happening makes wrong, or puts right, for as long as nothing else does. */
function wrongOf(happening: Happening): { readonly what: string; readonly isOver: boolean } | undefined {
  switch (happening.type) {
    case 'NodeLost':
    case 'NodeBack':
      return { what: `node ${happening.node}`, isOver: happening.type === 'NodeBack' };
    case 'Hold':
      return { what: `${happening.kind} ${happening.at.namespace}/${happening.at.name}`, isOver: !happening.isHeld };
    case 'PodQuota':
      return { what: 'quota', isOver: happening.hard === null };
    default:
      return undefined;
  }
}
