import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ExitCode } from '../exit-codes.ts';
import { addColorFlag, addCoreFlag, addFileFlags, addNamespaceFlag, type FileFlags, wholeNumber } from '../flags.ts';
import type { Io } from '../io.ts';
import { addOutputFlag, type DataForm } from '../output/flag.ts';
import { FAULT_GROUPS, FAULT_NAMES, type FaultGroup } from '../simulate/faults.ts';

export interface SimulateFlags extends FileFlags {
  readonly namespace?: string;
  readonly histories: number;
  readonly seed: number;
  /** Absent: all. */
  readonly fault?: readonly FaultGroup[];
  readonly showSteps?: boolean;
  readonly output: 'text' | DataForm;
  readonly color: boolean;
  readonly core?: string;
}

const EXAMPLES = `
Faults:
${Object.entries(FAULT_GROUPS)
  .map(([name, { says }]) => `  ${name.padEnd(9)} ${says}`)
  .join('\n')}

Examples:
  # What becomes of my Tasks when much goes wrong? No cluster is asked
  kubectl opencode simulate -f task.yaml -f agent.yaml

  # More of it, and only where the controller dies or loses answers
  kubectl opencode simulate -f manifests/ -R --histories 500 --fault crash,lose

  # One history, step by step
  kubectl opencode simulate -f task.yaml --seed 7 --histories 1 --show-steps

  # Is another core safe? Without files everything is drawn, Tasks and Agents, too
  kubectl opencode simulate --core core.wasm --histories 1000

Each history runs controllers with the core on a cluster in memory, in virtual time, and holds them to the
invariants: never two live Pods of one Task, no attempt before the one before has ended, an end that does
not change and is what the Pod did, every Task ends when the faults do, no finalizer stays, no write too
many, an Agent's limit is kept. Where one is broken the exit code is 1, and the seed and the shortest
history that shows it are told. The same seed is the same history.`;

export function defineSimulate(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const command = program
    .command('simulate')
    .summary('what becomes of Tasks when controllers crash and answers are lost')
    .description(
      'Runs histories with faults, drawn from seeds, and checks that no invariant is broken; tells how the Tasks of the files ended.\nNo cluster is asked.',
    );
  addNamespaceFlag(addFileFlags(command))
    .addOption(new Option('--histories <number>', 'how many').default(20).argParser(fromOne))
    .addOption(new Option('--seed <number>', 'seed of the first').default(1).argParser(fromOne))
    .addOption(
      new Option('--fault <names>', 'what may go wrong, parted by commas; may be repeated (default: everything)').argParser(faults),
    )
    .option('--show-steps', 'tell each history');
  addColorFlag(addCoreFlag(addOutputFlag(command, { forms: ['text'], default: 'text' }))).addHelpText('after', EXAMPLES);
  command.action(async (flags: SimulateFlags) => {
    const { runSimulateCommand } = await import('../simulate/command.ts');
    done(await runSimulateCommand(flags, io));
  });
}

function fromOne(text: string): number {
  const number = wholeNumber(text);
  if (number < 1) throw new InvalidArgumentError('want a number from 1');
  return number;
}

function faults(text: string, before: readonly FaultGroup[] | undefined): readonly FaultGroup[] {
  const given = text.split(',').map((word) => {
    const name = FAULT_NAMES.find((each) => each === word.trim());
    if (name === undefined) throw new InvalidArgumentError(`want some of ${FAULT_NAMES.join(', ')}`);
    return name;
  });
  return [...new Set([...(before ?? []), ...given])];
}
