import { FAULTS, type FaultName, type Scenario } from '#host/simulation/scenario.ts';
import { shrink } from '#host/simulation/shrink.ts';
import { type SimulateOptions, simulate } from '#host/simulation/simulate.ts';
import type { Violation } from '#host/simulation/violation.ts';
import type { SeedRun } from '#test/simulation/run-seeds.ts';

/** A history that broke an invariant, cut down to what that needs. */
export interface Failure {
  readonly seed: number;
  /** What the whole history broke. */
  readonly violations: readonly Violation[];
  /** Faults that the failure needs. */
  readonly faults: readonly FaultName[];
  /** The shortest history that shows it, with every decision and call; empty when it could not be had. */
  readonly lines: readonly string[];
}

/** Leaves out of a history what its failure does not need. What only the comparison of engines found stays whole. */
export async function failureOf({ seed, scenario, violations }: SeedRun, options: SimulateOptions): Promise<Failure> {
  const small = await shrink(scenario, options);
  const { lines } = await simulate(small.scenario, { ...options, isVerbose: true });
  return { seed, violations, faults: faultsOf(small.scenario), lines };
}

/** The command that shows a failure again. */
export function repeatCommand(seed: number, mistake: string | undefined): string {
  return `npm run simulate -- --seed ${seed}${mistake === undefined ? '' : ` --mistake '${mistake}'`}`;
}

export function faultsOf({ rates }: Scenario): readonly FaultName[] {
  return FAULTS.filter((name) => rates[name] > 0);
}
