import { type Command, Option } from 'commander';
import type { ExitCode } from '../exit-codes.ts';
import { addClusterFlags, addNamespaceFlag, type ClusterFlags, durationText, wholeNumber } from '../flags.ts';
import type { Io } from '../io.ts';
import { addOutputFlag, type DataForm } from '../output/flag.ts';

export interface RunFlags extends ClusterFlags {
  readonly agent?: string;
  readonly template?: string;
  /** A Go duration. */
  readonly timeout?: string;
  readonly priority?: number;
  readonly wait?: boolean;
  readonly dryRun?: boolean;
  /** Absent: a line. */
  readonly output?: 'name' | DataForm;
}

const EXAMPLES = `
Examples:
  # Give an Agent something to do, and watch it
  kubectl opencode run --agent coder --wait 'Fix the flaky test in parser_test.go'

  # With a name, by a template, the prompt from a file
  kubectl opencode run review-42 - --template reviewer --timeout 30m < prompt.md

  # What would become of it? Nothing is created
  kubectl opencode run --agent coder 'Fix it' --dry-run -o yaml | kubectl opencode plan -f - --live

With --wait the exit code is that of the agent: 0 when the Task was Completed, else what its container
exited with, or 1 when there is no such number. Ctrl-C ends the wait, not the Task.`;

export function defineRun(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const command = program
    .command('run')
    .summary('create a Task from a prompt')
    .description('Creates a Task from a prompt, and prints its name. With --wait it stays until the Task has ended.')
    .usage('[name] <prompt|-> --agent <name>|--template <name> [flags]')
    .argument(
      '<prompt...>',
      'what is to be done, or - to read it from standard input; before it a name for the Task (default: task- and five letters)',
    );
  addNamespaceFlag(command)
    .addOption(new Option('--agent <name>', 'Agent that is to run it').conflicts('template'))
    .addOption(new Option('--template <name>', 'AgentTemplate to make its Pod from'))
    .addOption(new Option('--timeout <duration>', 'longest time in Running, such as 30m (default: none)').argParser(durationText))
    .addOption(new Option('--priority <number>', 'order in the queue of the Agent: higher goes first (default: 0)').argParser(wholeNumber))
    .option('--wait', 'stay until the Task has ended; progress goes to stderr')
    .option('--dry-run', 'create nothing; with -o yaml or json print the Task');

  addClusterFlags(addOutputFlag(command, { forms: ['name'], otherwise: 'a line' })).addHelpText('after', EXAMPLES);
  command.action(async (words: readonly string[], flags: RunFlags) => {
    const { runRunCommand } = await import('../run/command.ts');
    done(await runRunCommand(words, flags, io));
  });
}
