import { expect } from 'vitest';
import type { Stroke } from '#host/simulation/host-line.ts';
import type { Scenario } from '#host/simulation/scenario.ts';
import { type History, simulate } from '#host/simulation/simulate.ts';
import { quickEngine } from '#test/support/source-engine.ts';

export const STROKES: readonly Exclude<Stroke, 'Nothing'>[] = ['DiesBefore', 'DiesAfter', 'Pauses'];
/** A new host may repeat the write that was under way and what stands around it: Event, status, release. */
const WRITES_A_STROKE = 6;

const engine = quickEngine();

/** Runs a scenario whose hosts die or stand still at the writes with these numbers, from 1. */
export function run(from: Scenario, strokes: ReadonlyMap<number, Stroke> = new Map()): Promise<History> {
  return simulate(from, { engine, strike: (write) => strokes.get(write) ?? 'Nothing' });
}

export interface Compared {
  /** Also which logs are kept: that of a Pod that somebody deletes goes with its containers, whoever is not there to read it. */
  readonly areLogsKept?: boolean;
}

/** How all Tasks have come out, attempt by attempt, and how many Pods each had. */
function outcome({ ledger }: History, { areLogsKept = false }: Compared): readonly object[] {
  return [...ledger.tasks.values()].map(({ name, latest, pods, goneMs }) => {
    const { phase, cause, attempts = [] } = latest.status ?? {};
    const told = attempts.map((attempt) => [attempt.number, attempt.cause, attempt.exitCode, areLogsKept && attempt.log?.configMapName]);
    return { name, phase, cause, attempts: told, pods: pods.length, isGone: goneMs !== undefined };
  });
}

/** Expects that a history with these strokes comes to what the one without them did, and costs little more. */
export async function expectSame(
  from: Scenario,
  baseline: History,
  strokes: ReadonlyMap<number, Stroke>,
  compared: Compared = {},
): Promise<void> {
  const history = await run(from, strokes);
  const what = [...strokes].map(([write, stroke]) => `${stroke} at write ${write}`).join(', ');
  expect(history.violations, `${what}:\n${history.lines.join('\n')}`).toEqual([]);
  expect(outcome(history, compared), `${what}:\n${history.lines.join('\n')}`).toEqual(outcome(baseline, compared));
  expect(history.writes, what).toBeLessThanOrEqual(baseline.writes + WRITES_A_STROKE * strokes.size);
}

/** Expects the same outcome wherever a host dies or stands still once; returns what came of the scenario without that. */
export async function expectSameEverywhere(from: Scenario, compared: Compared = {}): Promise<History> {
  const baseline = await run(from);
  expect(baseline.violations).toEqual([]);
  expect(baseline.writes).toBeGreaterThan(4);
  for (const stroke of STROKES)
    for (let write = 1; write <= baseline.writes; write++) await expectSame(from, baseline, new Map([[write, stroke]]), compared);
  return baseline;
}
