import type { Command } from 'commander';
import type { ExitCode } from '../exit-codes.ts';
import { addClusterFlags, addNamespaceFlag, addSelectorFlags, type ClusterFlags, type SelectorFlags, TASK_FIELDS } from '../flags.ts';
import type { Io } from '../io.ts';
import { addOutputFlag, type DataForm } from '../output/flag.ts';

export interface RetryFlags extends ClusterFlags, SelectorFlags {
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  /** Absent: a line a Task. */
  readonly output?: 'name' | DataForm;
}

const EXAMPLES = `
Examples:
  # One more attempt, in a Pod of its own
  kubectl opencode retry fix-bug

  # Stay until it has ended, and exit as the agent does
  kubectl opencode retry fix-bug --wait

  # Everything that failed or timed out; what somebody has stopped only by its name
  kubectl opencode retry --all --dry-run
  kubectl opencode retry -l team=web

Asking twice is asking once: an attempt is asked for by its number. It spends no retry of spec.retry.
A Task that has succeeded is not done again. A stop that was asked for before is taken back.`;

export function defineRetry(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const command = program
    .command('retry')
    .summary('one more attempt of Tasks that failed, timed out or were stopped')
    .description(
      'Asks the controller for one more attempt of Tasks that have ended otherwise than by success. Attempts before, their Pods and kept logs stay.',
    )
    .argument('[task...]', 'names of Tasks');
  addSelectorFlags(addNamespaceFlag(command), TASK_FIELDS);
  command
    .option('--all', 'every Task of the namespace that failed or timed out')
    .option('--dry-run', 'only print what would be asked for')
    .option('--wait', 'stay until the Tasks have ended; progress goes to stderr');

  addClusterFlags(addOutputFlag(command, { forms: ['name'], otherwise: 'a line a Task' })).addHelpText('after', EXAMPLES);
  command.action(async (names: readonly string[], flags: RetryFlags) => {
    const { runRetryCommand } = await import('../retry/command.ts');
    done(await runRetryCommand(names, flags, io));
  });
}
