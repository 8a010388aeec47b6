import type { Engine } from '#host/engine/engine.ts';
import type { Mutation } from '#host/simulation/mutation.ts';
import type { TaskRecord } from '#host/simulation/records.ts';
import type { Scenario } from '#host/simulation/scenario.ts';
import { shrink } from '#host/simulation/shrink.ts';
import { type History, simulate } from '#host/simulation/simulate.ts';
import type { SimulatedEnd, SimulatedFailure, SimulateReport } from '../contract/simulate.ts';
import type { PlannedObject } from '../input/objects.ts';
import type { FaultGroup } from './faults.ts';
import { drawnScenario, scenarioOfFiles } from './scenario.ts';
import { type ShortNames, shortNames } from './short-names.ts';

export interface SimulateInput {
  readonly engine: Engine;
  /** What lives in the histories; empty: all of it is drawn. */
  readonly objects: readonly PlannedObject[];
  /** The first seed. */
  readonly seed: number;
  readonly histories: number;
  readonly faults: readonly FaultGroup[];
  /** The command that shows the history of a seed again. */
  again(seed: number): string;
  /** Told of each history, with its lines where `isTold`. */
  onHistory?(seed: number, lines: readonly string[]): void;
  /** A known mistake of every host, for tests. Default: none. */
  readonly mutation?: Mutation;
}

/** Runs history after history, each to its end. Throws where the objects don't fit into a simulated cluster. */
export async function runSimulation(input: SimulateInput): Promise<SimulateReport> {
  const { engine, objects, seed: first, histories, faults, mutation } = input;
  const names = shortNames(objects);
  const tally = new Tally(objects, names);
  const failures: SimulatedFailure[] = [];
  let [run, decisions, writes, virtualMs] = [0, 0, 0, 0];
  const options = { engine, ...(mutation === undefined ? {} : { mutation }) };
  for (let seed = first; seed < first + histories; seed += 1) {
    const scenario = objects.length === 0 ? drawnScenario(seed, faults) : scenarioOfFiles(seed, objects, names, faults);
    const history = await simulate(scenario, options);
    run += 1;
    decisions += history.decisions;
    writes += history.writes;
    virtualMs += history.virtualMs;
    tally.add(seed, history);
    input.onHistory?.(seed, history.lines.map(names.restored));
    if (history.violations.length === 0) continue;
    // One story is enough: to cut one down takes hundreds of runs, and the others are mostly of its kind.
    const lines = failures.length === 0 ? await shortest(scenario, options) : [];
    failures.push({
      seed,
      violations: history.violations.map(({ rule, says }) => ({ rule, says: names.restored(says) })),
      history: lines.map(names.restored),
      again: input.again(seed),
    });
  }
  return {
    formatVersion: 1,
    core: engine.digest,
    source: objects.length === 0 ? 'drawn' : 'files',
    seed: first,
    histories: run,
    faults,
    decisions,
    writes,
    virtualSeconds: Math.round(virtualMs / 1_000),
    tasks: tally.tasks(),
    ends: tally.ends(),
    failures,
  };
}

/** What is left of a history when all goes that its failure does not need, with every decision and call. */
async function shortest(scenario: Scenario, options: Parameters<typeof shrink>[1]): Promise<readonly string[]> {
  const small = await shrink(scenario, options);
  return (await simulate(small.scenario, { ...options, isVerbose: true })).lines;
}

/** Counts how Tasks end. */
class Tally {
  readonly #names: ShortNames;
  readonly #ofTask: ReadonlyMap<string, Map<string, SimulatedEnd>>;
  readonly #ofAll = new Map<string, SimulatedEnd>();

  constructor(objects: readonly PlannedObject[], names: ShortNames) {
    this.#names = names;
    const tasks = objects.filter(({ kind }) => kind === 'Task');
    this.#ofTask = new Map(tasks.map(({ metadata }) => [`${metadata.namespace ?? ''}/${metadata.name}`, new Map()]));
  }

  add(seed: number, { ledger }: History): void {
    for (const task of ledger.tasks.values()) {
      count(this.#ofAll, task, seed);
      const own = this.#ofTask.get(this.#names.taskOf(task.namespace, task.name));
      if (own !== undefined) count(own, task, seed);
    }
  }

  tasks(): SimulateReport['tasks'] {
    return [...this.#ofTask].map(([key, ends]) => {
      const [namespace = '', name = ''] = key.split('/');
      return { namespace, name, ends: byCount(ends) };
    });
  }

  ends(): readonly SimulatedEnd[] {
    return byCount(this.#ofAll);
  }
}

function count(ends: Map<string, SimulatedEnd>, { latest: { status } }: TaskRecord, seed: number): void {
  const [phase, cause] = [status?.phase ?? 'Pending', status?.cause];
  const key = `${phase} ${cause ?? ''}`;
  const before = ends.get(key);
  ends.set(key, { phase, ...(cause === undefined ? {} : { cause }), count: (before?.count ?? 0) + 1, seed: before?.seed ?? seed });
}

function byCount(ends: ReadonlyMap<string, SimulatedEnd>): readonly SimulatedEnd[] {
  return [...ends.values()].sort((a, b) => b.count - a.count || a.seed - b.seed);
}
