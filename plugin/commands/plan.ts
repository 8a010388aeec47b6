import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ExitCode } from '../exit-codes.ts';
import {
  addClusterFlags,
  addColorFlag,
  addCoreFlag,
  addFileFlags,
  addNamespaceFlag,
  addSelectorFlags,
  type ClusterFlags,
  durationMs,
  type FileFlags,
  type SelectorFlags,
  TASK_FIELDS,
} from '../flags.ts';
import type { Io } from '../io.ts';
import { addHeadersFlag, addOutputFlag, type DataForm } from '../output/flag.ts';
import { ASSUMPTIONS, type Assumption } from '../plan/assumptions.ts';
import { type PlanStart, parseStart } from '../plan/start.ts';

export interface PlanFlags extends ClusterFlags, FileFlags, SelectorFlags {
  readonly live?: boolean;
  readonly all?: boolean;
  readonly allNamespaces?: boolean;
  readonly assume?: Assumption;
  readonly runFor?: number;
  readonly at?: PlanStart;
  readonly horizon: number;
  readonly output: 'text' | 'wide' | 'name' | DataForm;
  readonly headers: boolean;
  readonly showSteps?: boolean;
  readonly detailedExitcode?: boolean;
  readonly color: boolean;
  readonly core?: string;
}

const DAY_MS = 86_400_000;

const EXAMPLES = `
Examples:
  # What will become of the Tasks in a file; no cluster is asked
  kubectl opencode plan -f task.yaml

  # What will become of a Task of the cluster, from where it stands now
  kubectl opencode plan fix-bug

  # What applying a file changes, and what comes of it on top of what the cluster has
  kubectl opencode plan -f task.yaml --live

  # What another Agent would do to everything that waits
  kubectl opencode plan -f agent.yaml --all

  # All Tasks everywhere, by reason; one line each with -o wide
  kubectl opencode plan -A

  # What if the agent runs out of memory, or takes two hours, or if it were tomorrow?
  kubectl opencode plan fix-bug --assume out-of-memory
  kubectl opencode plan -f task.yaml --run-for 2h
  kubectl opencode plan fix-bug --at +24h

  # For scripts: 0 nothing to do, 2 something to do, 3 it can't go ahead, 1 error
  kubectl opencode plan -f task.yaml --detailed-exitcode -o json`;

export function definePlan(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const command = program
    .command('plan')
    .summary('what the controller will do with Tasks, step by step')
    .description(
      'Shows what the controller will do with Tasks, in order, in time and with the reasons, until they end.\nIt runs the very core that the controller runs, on a cluster in memory. Nothing is sent anywhere.',
    )
    .argument('[task...]', 'names of Tasks of the cluster');
  addFileFlags(command);
  addNamespaceFlag(command);
  command
    .option('--live', 'put the files on top of what the cluster holds')
    .option('--all', 'all Tasks of the namespace: a summary by reason')
    .option('-A, --all-namespaces', 'all Tasks of all namespaces: a summary by reason');
  addSelectorFlags(command, TASK_FIELDS)
    .addOption(
      new Option('--assume <end>', 'how every Pod ends (default: as its sim.kubeopencode.io labels say, else succeeded)').choices([
        ...ASSUMPTIONS,
      ]),
    )
    .addOption(new Option('--run-for <duration>', 'how long every agent runs (default: as its labels say, else 3s)').argParser(durationMs))
    .addOption(
      new Option(
        '--at <time>',
        'when the plan begins: RFC 3339, or so long from now, such as +2h (default: now; of files alone a fixed moment)',
      ).argParser(startOf),
    )
    .addOption(new Option('--horizon <duration>', 'how far to look ahead').default(DAY_MS, '24h').argParser(durationMs))
    .option('--show-steps', 'steps, too, where many Tasks are summed up')
    .option('--detailed-exitcode', 'exit with 2 when there is something to do');
  addHeadersFlag(addOutputFlag(command, { forms: ['text', 'wide', 'name'], default: 'text' }), 'no header above the table of -o wide');
  addColorFlag(addCoreFlag(addClusterFlags(command)));
  command.addHelpText('after', EXAMPLES);
  command.action(async (names: readonly string[], flags: PlanFlags) => {
    const { runPlanCommand } = await import('../plan/command.ts');
    done(await runPlanCommand(names, flags, io));
  });
}

function startOf(text: string): PlanStart {
  try {
    return parseStart(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}
