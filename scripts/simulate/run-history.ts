import { readFileSync } from 'node:fs';
import { loadEngine } from '#host/engine/wasm-engine.ts';
import type { History } from '#host/simulation/simulate.ts';
import { runSeeds, type SeedRun } from '#test/simulation/run-seeds.ts';
import { sourceEngine } from '#test/support/source-engine.ts';
import { DIST } from '../build/paths.ts';
import type { Output } from './command-line.ts';
import { type Failure, failureOf, faultsOf } from './failure.ts';
import { failureText, historyText, type TextOptions, withFaults } from './history-text.ts';
import { mistakeNamed } from './mistakes.ts';
import { counted, grouped, longTime } from './numbers.ts';

export interface HistoryRequest {
  readonly seed: number;
  /** Of a history that fails, only what the failure needs. */
  readonly shrinks: boolean;
  /** Part of the name of a mistake that every host makes. */
  readonly mistake: string | undefined;
  readonly output: Output;
}

/** Runs one history, in the sources and in `dist/core.wasm`, and prints it step by step. Resolves to the exit code: 1 when an invariant was broken. */
export async function runHistory(
  { seed, shrinks, mistake, output }: HistoryRequest,
  out: (text: string) => void,
  text: TextOptions,
): Promise<number> {
  const mutation = mistake === undefined ? undefined : mistakeNamed(mistake);
  const options = { engine: sourceEngine, ...(mutation === undefined ? {} : { mutation }) };
  const twin = loadEngine(readFileSync(`${DIST}core.wasm`));
  for await (const run of runSeeds({ from: seed, histories: 1, ...options, twin, twinEvery: 1, isVerbose: true })) {
    const { history, scenario, violations } = run;
    const isBroken = violations.length > 0;
    const whole: Failure = { seed, violations, faults: faultsOf(scenario), lines: history.lines };
    const shown = isBroken && shrinks ? await failureOf(run, options) : whole;
    if (output === 'json') out(`${JSON.stringify(historyJson(shown, history), null, 2)}\n`);
    else if (isBroken && shrinks) out(failureText(shown, { ...text, mistake: mutation?.name }));
    else out(`seed ${seed}, ${withFaults(whole.faults)}:\n${historyText(whole.lines, text)}${lastLine(run)}\n`);
    return isBroken ? 1 : 0;
  }
  throw new Error(`simulate seed ${seed}: expected a history, none came`);
}

function historyJson({ seed, violations, faults, lines }: Failure, { decisions, writes, virtualMs }: History): object {
  return { formatVersion: 1, seed, violations, faults, history: lines, decisions, writes, virtualSeconds: Math.round(virtualMs / 1_000) };
}

function lastLine({ history: { decisions, writes, hosts, virtualMs }, violations }: SeedRun): string {
  const verdict =
    violations.length > 0
      ? `broke ${[...new Set(violations.map(({ rule }) => rule))].join(', ')}`
      : 'no violation, and core.wasm tells the same to the letter';
  return `${grouped(decisions)} decisions and ${grouped(writes)} writes of ${counted(hosts, 'host', 'hosts')}, ${longTime(virtualMs)} of virtual time: ${verdict}`;
}
