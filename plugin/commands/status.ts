import { type Command, Option } from 'commander';
import type { ExitCode } from '../exit-codes.ts';
import { addClusterFlags, addColorFlag, addCoreFlag, addNamespaceFlag, addSelectorFlag, type ClusterFlags } from '../flags.ts';
import type { Io } from '../io.ts';

export interface StatusFlags extends ClusterFlags {
  readonly allNamespaces?: boolean;
  readonly selector?: string;
  readonly watch?: boolean;
  readonly headers: boolean;
  /** Absent: `tree` for Tasks by name, else `table`. */
  readonly output?: 'tree' | 'table' | 'wide' | 'json' | 'yaml' | 'name';
  readonly color: boolean;
  readonly core?: string;
}

const EXAMPLES = `
Examples:
  # All Tasks of the namespace, and how many are in each phase
  kubectl opencode status

  # One Task: its attempts, Pod, containers, conditions, and its place in the queue
  kubectl opencode status fix-bug

  # Follow it to its end
  kubectl opencode status fix-bug -w

  # What waits or runs anywhere, with queue positions and nodes
  kubectl opencode status -A -o wide`;

export function defineStatus(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const command = program
    .command('status')
    .summary('where Tasks stand: attempts, Pod, containers, queue')
    .description(
      'Shows where Tasks stand. By name: a tree of attempts, Pod and containers, with conditions, times and the place in the queue.\nWithout names: one line a Task, and counts.',
    )
    .argument('[task...]', 'names of Tasks');
  addNamespaceFlag(command).option('-A, --all-namespaces', 'Tasks of all namespaces');
  addSelectorFlag(command)
    .option('-w, --watch', 'go on with each change; for Tasks by name until all of them have ended')
    .option('--no-headers', 'neither the header of the table nor the counts below it')
    .addOption(
      new Option('-o, --output <form>', 'form of the output (default: tree for Tasks by name, else table)').choices([
        'tree',
        'table',
        'wide',
        'json',
        'yaml',
        'name',
      ]),
    );
  addColorFlag(addCoreFlag(addClusterFlags(command))).addHelpText('after', EXAMPLES);
  command.action(async (names: readonly string[], flags: StatusFlags) => {
    const { runStatusCommand } = await import('../status/command.ts');
    done(await runStatusCommand(names, flags, io));
  });
}
