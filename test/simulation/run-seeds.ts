import type { Engine } from '#host/engine/engine.ts';
import { scenarioOf } from '#host/simulation/generate.ts';
import type { Mutation } from '#host/simulation/mutation.ts';
import type { Scenario } from '#host/simulation/scenario.ts';
import { type History, simulate } from '#host/simulation/simulate.ts';
import type { Violation } from '#host/simulation/violation.ts';

export interface RunSeedsOptions {
  /** The first seed; the others follow it without a gap. */
  readonly from: number;
  readonly histories: number;
  readonly engine: Engine;
  /** A second engine that must give the same history to the letter; absent: nothing is compared. */
  readonly twin?: Engine | undefined;
  /** Every seed that this divides is run by the second engine too. Default 100. */
  readonly twinEvery?: number | undefined;
  /** A known mistake of every host. Default: none. */
  readonly mutation?: Mutation | undefined;
  /** Keep the rules of each decision and each call too. Default false. */
  readonly isVerbose?: boolean | undefined;
  /** Ends the run before its next history. */
  readonly signal?: AbortSignal | undefined;
}

/** One seed and what came of it. */
export interface SeedRun {
  readonly seed: number;
  readonly scenario: Scenario;
  readonly history: History;
  /** Those of the history, and where the second engine tells another one. Empty: all is well. */
  readonly violations: readonly Violation[];
  /** Whether the second engine ran it too. */
  readonly isCompared: boolean;
}

/** What many seeds came to. */
export interface SeedCounts {
  readonly histories: number;
  /** Histories that the second engine ran too. */
  readonly compared: number;
  readonly decisions: number;
  /** Writes that hosts sent. */
  readonly writes: number;
  readonly virtualMs: number;
  /** Histories in which an invariant was broken. */
  readonly violated: number;
}

export const NO_SEEDS: SeedCounts = { histories: 0, compared: 0, decisions: 0, writes: 0, virtualMs: 0, violated: 0 };

/** Runs one seed after the other, each to its end; what was broken is in its answer, nothing is thrown because of it. */
export async function* runSeeds(options: RunSeedsOptions): AsyncGenerator<SeedRun, void, void> {
  const { from, histories, engine, twin, twinEvery = 100, mutation, isVerbose = false, signal } = options;
  const told = { isVerbose, ...(mutation === undefined ? {} : { mutation }) };
  for (let seed = from; seed < from + histories; seed++) {
    if (signal?.aborted === true) return;
    const scenario = scenarioOf(seed);
    const history = await simulate(scenario, { engine, ...told });
    const isCompared = twin !== undefined && seed % twinEvery === 0;
    const difference = isCompared ? differenceOf(history, await simulate(scenario, { engine: twin, ...told })) : [];
    yield { seed, scenario, history, violations: [...history.violations, ...difference], isCompared };
  }
}

/** The counts with one more seed. */
export function counted(counts: SeedCounts, { history, violations, isCompared }: SeedRun): SeedCounts {
  return {
    histories: counts.histories + 1,
    compared: counts.compared + (isCompared ? 1 : 0),
    decisions: counts.decisions + history.decisions,
    writes: counts.writes + history.writes,
    virtualMs: counts.virtualMs + history.virtualMs,
    violated: counts.violated + (violations.length > 0 ? 1 : 0),
  };
}

/** The first line in which two tellings of one history differ. */
function differenceOf({ lines }: History, twin: History): readonly Violation[] {
  const length = Math.max(lines.length, twin.lines.length);
  for (let index = 0; index < length; index++) {
    const [one, other] = [lines[index], twin.lines[index]];
    if (one !== other) return [{ rule: 'engines-agree', says: `line ${index + 1} is "${one}" by the one and "${other}" by the other` }];
  }
  return [];
}
