import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ExitCode } from '../exit-codes.ts';
import { addColorFlag, addCoreFlag } from '../flags.ts';
import type { Io } from '../io.ts';
import { addOutputFlag, type DataForm } from '../output/flag.ts';

export interface ReplayFlags {
  readonly namespace?: string;
  readonly explain?: number;
  readonly output: 'text' | DataForm;
  readonly color: boolean;
  readonly core?: string;
}

const EXAMPLES = `
Examples:
  # Does this core decide as the one that wrote the journal? No cluster is asked
  kubectl opencode replay journal/

  # What the next release would have decided otherwise, for one Task
  kubectl opencode replay journal/ fix-bug -n team-a --core core.wasm

  # Why one decision was taken
  kubectl opencode replay journal/ --explain 42`;

export function defineReplay(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const command = program
    .command('replay')
    .argument('<journal>', 'file or folder that the host wrote with --journal')
    .argument('[task]', 'only the decisions about this Task')
    .summary('repeat the decisions of a journal and compare')
    .description(
      "Shows each snapshot of a journal to the core again and compares what it decides: all the same (exit 0), or the first difference (exit 1).\nSecrets that the journal has blotted out are blotted out here, too. A line that can't be read is said; a malformed one is exit 1.",
    )
    .addOption(new Option('-n, --namespace <name>', 'only the decisions about Tasks of this namespace (default: all)'))
    .addOption(new Option('--explain <seq>', 'print the trail of one decision instead').argParser(sequenceNumber));
  addColorFlag(addCoreFlag(addOutputFlag(command, { forms: ['text'], default: 'text' })));
  command.addHelpText('after', EXAMPLES);
  command.action(async (journal: string, task: string | undefined, flags: ReplayFlags) => {
    const { runReplayCommand } = await import('../replay/command.ts');
    done(await runReplayCommand({ journal, task }, flags, io));
  });
}

function sequenceNumber(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('want the seq of a line, a whole number from 1');
  return Number(text);
}
