import type { Command } from 'commander';
import type { ExitCode } from '../exit-codes.ts';
import {
  addClusterFlags,
  addColorFlag,
  addCoreFlag,
  addLeaseFlags,
  addNamespaceFlag,
  type ClusterFlags,
  type LeaseFlags,
} from '../flags.ts';
import type { Io } from '../io.ts';
import { addOutputFlag, type DataForm } from '../output/flag.ts';

export interface WhyFlags extends ClusterFlags, LeaseFlags {
  readonly output: 'text' | DataForm;
  readonly color: boolean;
  readonly core?: string;
}

const EXAMPLES = `
Examples:
  # Why does this Task not start?
  kubectl opencode why fix-bug

  # The command that would let it go on, for a script
  kubectl opencode why fix-bug -n team-a -o json | jq -r '.changes[] | select(.goesOn) | .command // empty'

  # Is the controller alive? It leads by a Lease in its own namespace
  kubectl opencode why fix-bug --leader-elect-namespace kubeopencode`;

export function defineWhy(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const command = program
    .command('why')
    .argument('<task>', 'name of a Task')
    .summary('why a Task is where it is, and what would let it go on')
    .description(
      'Explains a Task: what it waits for, since when and until when, its place in the queue and who is ahead, or why and how it ended; the rules that fired and their facts; and the nearest single change that would let it go on, with the command that makes it, found by asking the core again with that one input changed. Nothing is written.',
    );
  addNamespaceFlag(command);
  addOutputFlag(command, { forms: ['text'], default: 'text' });
  addLeaseFlags(addColorFlag(addCoreFlag(addClusterFlags(command))));
  command.addHelpText('after', EXAMPLES);
  command.action(async (task: string, flags: WhyFlags) => {
    const { runWhyCommand } = await import('../why/command.ts');
    done(await runWhyCommand(task, flags, io));
  });
}
