import { type Command, Option } from 'commander';
import type { ExitCode } from '../exit-codes.ts';
import {
  addClusterFlags,
  addColorFlag,
  addCoreFlag,
  addFileFlags,
  addNamespaceFlag,
  addOutputFlag,
  type ClusterFlags,
  durationMs,
  type FileFlags,
} from '../flags.ts';
import type { Io } from '../io.ts';
import { ASSUMPTIONS, type Assumption } from '../plan/assumptions.ts';

export interface PlanFlags extends ClusterFlags, FileFlags {
  readonly live?: boolean;
  readonly assume?: Assumption;
  readonly runFor?: number;
  readonly horizon: number;
  readonly output: 'text' | 'json' | 'yaml';
  readonly detailedExitcode?: boolean;
  readonly color: boolean;
  readonly core?: string;
}

const DAY_MS = 86_400_000;

const EXAMPLES = `
Examples:
  # What will become of the Tasks in a file; no cluster is asked
  kubectl opencode plan -f task.yaml

  # The same on top of the Agents, templates and Tasks that the cluster has
  kubectl opencode plan -f task.yaml --live

  # What if the agent runs out of memory, or takes two hours?
  kubectl opencode plan -f task.yaml --assume out-of-memory
  kubectl opencode plan -f task.yaml --run-for 2h

  # For scripts: 0 nothing to do, 2 something to do, 3 it can't go ahead, 1 error
  kubectl opencode plan -f task.yaml --detailed-exitcode -o json`;

export function definePlan(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const command = program
    .command('plan')
    .summary('what the controller will do with Tasks, step by step')
    .description(
      'Shows what the controller will do with Tasks, in order, in time and with the reasons, until they end.\nIt runs the very core that the controller runs, on a cluster in memory. Nothing is sent anywhere.',
    );
  addFileFlags(command);
  addNamespaceFlag(command);
  command
    .option('--live', 'add Agents, templates, configuration and Tasks of the cluster')
    .addOption(
      new Option('--assume <end>', 'how every Pod ends (default: as its sim.kubeopencode.io labels say, else succeeded)').choices([
        ...ASSUMPTIONS,
      ]),
    )
    .addOption(new Option('--run-for <duration>', 'how long every agent runs (default: as its labels say, else 3s)').argParser(durationMs))
    .addOption(new Option('--horizon <duration>', 'how far to look ahead').default(DAY_MS, '24h').argParser(durationMs))
    .option('--detailed-exitcode', 'exit with 2 when there is something to do');
  addOutputFlag(command, ['text', 'json', 'yaml']);
  addColorFlag(addCoreFlag(addClusterFlags(command)));
  command.addHelpText('after', EXAMPLES);
  command.action(async (flags: PlanFlags) => {
    const { runPlanCommand } = await import('../plan/command.ts');
    done(await runPlanCommand(flags, io));
  });
}
