import { loadEngine } from '#host/engine/wasm-engine.ts';
import type { SimulateFlags } from '../commands/simulate.ts';
import { readCore } from '../core-file.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { formatFault, sortFaults } from '../input/fault.ts';
import { type PlannedObject, readManifests } from '../input/objects.ts';
import { readDocuments } from '../input/read-documents.ts';
import { colored, type Io, type Paint, plain } from '../io.ts';
import { fileWords, shellLine, stdinAgain } from '../kubectl.ts';
import { isDataForm } from '../output/flag.ts';
import { rendered } from '../output/render.ts';
import { FAULT_NAMES } from './faults.ts';
import { runSimulation } from './run.ts';
import { historyText, simulationText } from './text.ts';

/** `kubectl opencode simulate`: reads, runs, prints. Throws what the user's manifests or the core can't be simulated for. */
export async function runSimulateCommand(flags: SimulateFlags, io: Io): Promise<ExitCode> {
  const paint: Paint = flags.color && io.takesColor ? colored : plain;
  const objects = await objectsOf(flags, io);
  if (objects === undefined) return EXIT.error;
  const isText = !isDataForm(flags.output);
  const report = await runSimulation({
    engine: loadEngine(readCore(flags.core)),
    objects,
    seed: flags.seed,
    histories: flags.histories,
    faults: flags.fault ?? FAULT_NAMES,
    again: (seed) => againText(seed, flags),
    onHistory: (seed, lines) => {
      if (isText && flags.showSteps === true) io.out(historyText(seed, lines, paint));
    },
  });
  io.out(isDataForm(flags.output) ? await rendered(report, flags.output) : simulationText(report, paint));
  return report.failures.length > 0 ? EXIT.error : EXIT.ok;
}

/** Undefined, and told, where the files have a fault: what the API server refuses has no history. */
async function objectsOf(flags: SimulateFlags, io: Io): Promise<readonly PlannedObject[] | undefined> {
  if ((flags.filename ?? []).length === 0) return [];
  const documents = await readDocuments(flags, io);
  const { objects, faults, leftOut } = readManifests(documents.objects, flags.namespace || 'default', flags.namespace !== undefined);
  const all = sortFaults([...documents.faults, ...faults]);
  for (const fault of all) io.err(`${formatFault(fault, plain)}\n`);
  if (leftOut.length > 0) io.err(`not part of a simulation, left out: ${leftOut.join(', ')}\n`);
  if (all.length > 0) {
    io.err(`error: ${all.length} ${all.length === 1 ? 'fault' : 'faults'} in what was to be read; nothing was simulated\n`);
    return undefined;
  }
  if (objects.every(({ kind }) => kind !== 'Task'))
    throw new Error('simulate: expected a Task in the files, there is none; without -f everything is drawn');
  return objects;
}

function againText(seed: number, flags: SimulateFlags): string {
  const { filename = [], fault, core } = flags;
  const words = [
    ...['kubectl', 'opencode', 'simulate'],
    ...fileWords(flags),
    ...(fault === undefined ? [] : ['--fault', fault.join(',')]),
    ...(core === undefined ? [] : ['--core', core]),
    ...['--seed', String(seed), '--histories', '1'],
  ];
  return `${shellLine(words)}${stdinAgain(filename)}`;
}
