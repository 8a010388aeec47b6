import type { Command } from 'commander';
import type { ExitCode } from '../exit-codes.ts';
import {
  addClusterFlags,
  addColorFlag,
  addCoreFlag,
  addNamespaceFlag,
  addSelectorFlags,
  type ClusterFlags,
  type SelectorFlags,
  TASK_FIELDS,
} from '../flags.ts';
import type { Io } from '../io.ts';
import { addHeadersFlag, addOutputFlag, type DataForm } from '../output/flag.ts';

export interface StatusFlags extends ClusterFlags, SelectorFlags {
  readonly allNamespaces?: boolean;
  readonly watch?: boolean;
  readonly headers: boolean;
  /** Absent: `tree` for Tasks by name, else `table`. */
  readonly output?: 'tree' | 'table' | 'wide' | 'name' | DataForm;
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
  addSelectorFlags(command, TASK_FIELDS);
  command.option('-w, --watch', 'go on with each change; for Tasks by name until all of them have ended');
  addHeadersFlag(command, 'neither the header of the table nor the counts below it');
  addOutputFlag(command, { forms: ['tree', 'table', 'wide', 'name'], otherwise: 'tree for Tasks by name, else table' });
  addColorFlag(addCoreFlag(addClusterFlags(command))).addHelpText('after', EXAMPLES);
  command.action(async (names: readonly string[], flags: StatusFlags) => {
    const { runStatusCommand } = await import('../status/command.ts');
    done(await runStatusCommand(names, flags, io));
  });
}
