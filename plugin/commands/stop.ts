import { type Command, Option } from 'commander';
import type { ExitCode } from '../exit-codes.ts';
import {
  addClusterFlags,
  addNamespaceFlag,
  addSelectorFlags,
  type ClusterFlags,
  durationMs,
  type SelectorFlags,
  TASK_FIELDS,
} from '../flags.ts';
import type { Io } from '../io.ts';
import { addOutputFlag, type DataForm } from '../output/flag.ts';

export interface StopFlags extends ClusterFlags, SelectorFlags {
  readonly all?: boolean;
  readonly retain?: boolean;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly timeout?: number;
  /** Absent: a line a Task. */
  readonly output?: 'name' | DataForm;
}

const EXAMPLES = `
Examples:
  # Stop one Task: its containers end, the end of its log is kept, its Pod is deleted, and the Task is Completed (Stopped)
  kubectl opencode stop fix-bug

  # Keep the Pod and its whole log, and wait until the containers have ended
  kubectl opencode stop fix-bug --retain --wait

  # What would be stopped?
  kubectl opencode stop -l team=web --dry-run
  kubectl opencode stop --all --dry-run`;

export function defineStop(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const command = program
    .command('stop')
    .summary('end Tasks, those that wait, too')
    .description(
      'Asks the controller to end Tasks. A Task that runs is finished when its containers have ended; one that waits gets no Pod.',
    )
    .argument('[task...]', 'names of Tasks');
  addSelectorFlags(addNamespaceFlag(command), TASK_FIELDS);
  command
    .option('--all', 'every Task of the namespace that has not ended')
    .option('--retain', 'end the containers and keep the Pod and its logs (spec.stop.mode: Retain)')
    .option('--dry-run', 'only print what would be stopped')
    .option('--wait', 'wait until the Tasks have ended')
    .addOption(new Option('--timeout <duration>', 'how long to wait, such as 5m (default: as long as it takes)').argParser(durationMs));
  addClusterFlags(addOutputFlag(command, { forms: ['name'], otherwise: 'a line a Task' })).addHelpText('after', EXAMPLES);
  command.action(async (names: readonly string[], flags: StopFlags) => {
    const { runStopCommand } = await import('../stop/command.ts');
    done(await runStopCommand(names, flags, io));
  });
}
