import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ExitCode } from '../exit-codes.ts';
import { addClusterFlags, addNamespaceFlag, type ClusterFlags, durationMs, wholeNumber } from '../flags.ts';
import type { Io } from '../io.ts';

export interface LogsFlags extends ClusterFlags {
  readonly container?: string;
  readonly attempt?: number;
  readonly previous?: boolean;
  readonly follow?: boolean;
  readonly tail?: number;
  /** Milliseconds. */
  readonly since?: number;
  readonly timestamps?: boolean;
}

const EXAMPLES = `
Examples:
  # What the agent has said so far
  kubectl opencode logs fix-bug

  # Go on with it; a Task that has no Pod yet is waited for
  kubectl opencode logs fix-bug -f --tail 20

  # Of the attempt before, also where its Pod is gone; and of a container that prepared the workspace
  kubectl opencode logs fix-bug --previous
  kubectl opencode logs fix-bug -c git-init

Where the Pod is gone, or its logs are, the end of the log that the controller kept is printed; stderr says
so, and how much it is.`;

export function defineLogs(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const command = program
    .command('logs')
    .summary('what the agent of a Task says')
    .description('Prints the log of a Task’s Pod: that of the agent, of the latest attempt. Where that is gone: what was kept of its end.')
    .argument('<task>', 'name of a Task');
  addNamespaceFlag(command)
    .addOption(new Option('-c, --container <name>', 'container to read (default: agent)'))
    .option('-f, --follow', 'go on until the container has ended; between two attempts wait for the next')
    .addOption(new Option('-p, --previous', 'of the attempt before the latest').conflicts(['attempt', 'follow']))
    .addOption(new Option('--attempt <number>', 'of this attempt, from 1').argParser(fromOne))
    .addOption(new Option('--tail <lines>', 'so many lines of the end (default: all)').argParser(wholeNumber))
    .addOption(new Option('--since <duration>', 'only what is at most so old, such as 10m').argParser(durationMs))
    .option('--timestamps', 'each line with its time');
  addClusterFlags(command).addHelpText('after', EXAMPLES);
  command.action(async (task: string, flags: LogsFlags) => {
    const { runLogsCommand } = await import('../logs/command.ts');
    done(await runLogsCommand(task, flags, io));
  });
}

function fromOne(text: string): number {
  const number = wholeNumber(text);
  if (number < 1) throw new InvalidArgumentError('want a number from 1');
  return number;
}
