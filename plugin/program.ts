import { Command, CommanderError } from 'commander';
import { asCommanderTakes, commandOf } from './argument-words.ts';
import { defineComplete } from './commands/complete.ts';
import { defineCompletion } from './commands/completion.ts';
import { defineLint } from './commands/lint.ts';
import { defineLogs } from './commands/logs.ts';
import { defineOptions } from './commands/options.ts';
import { definePlan } from './commands/plan.ts';
import { defineRelease } from './commands/release.ts';
import { defineReplay } from './commands/replay.ts';
import { defineRetry } from './commands/retry.ts';
import { defineRun } from './commands/run.ts';
import { defineSchema } from './commands/schema.ts';
import { defineSimulate } from './commands/simulate.ts';
import { defineStatus } from './commands/status.ts';
import { defineStop } from './commands/stop.ts';
import { defineVersion } from './commands/version.ts';
import { defineWhy } from './commands/why.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { HELP_WIDTH, type Io } from './io.ts';
import { hasTemplate } from './output/flag.ts';

const AFTER_HELP = `
Flags come behind the command: kubectl opencode plan -n team-a, not kubectl -n team-a opencode plan.

Exit codes:
  0  all is well
  1  error: usage, files, kubeconfig, network
  2  there is something to do (only with --detailed-exitcode)
  3  the plan could be made, and says that something can't go ahead
With run --wait and retry --wait it is that of the agent.`;

/** The command line of `kubectl opencode`. Each command loads what it needs only when it runs. */
export function buildProgram(io: Io, done: (code: ExitCode) => void): Command {
  const program = new Command('kubectl opencode')
    .description('Plans, runs, shows, explains, stops and retries KubeOpenCode Tasks.')
    .usage('<command> [flags]')
    .helpCommand(false)
    .helpOption('-h, --help', 'print this help')
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({
      writeOut: io.out,
      writeErr: io.err,
      getOutHelpWidth: () => io.columns ?? HELP_WIDTH,
      getErrHelpWidth: () => io.columns ?? HELP_WIDTH,
    })
    .showHelpAfterError('See: kubectl opencode --help')
    .addHelpText('after', AFTER_HELP)
    .enablePositionalOptions()
    .exitOverride();
  defineVersion(program, io, done);
  definePlan(program, io, done);
  defineReplay(program, io, done);
  defineWhy(program, io, done);
  defineStatus(program, io, done);
  defineLogs(program, io, done);
  defineRun(program, io, done);
  defineStop(program, io, done);
  defineRetry(program, io, done);
  defineRelease(program, io, done);
  defineLint(program, io, done);
  defineSimulate(program, io, done);
  defineSchema(program, io, done);
  defineCompletion(program, io, done);
  defineOptions(program, io, done);
  defineComplete(program, io, done);
  program.hook('preAction', (_program, command) => readTemplate(command, io));
  for (const command of program.commands)
    command
      .copyInheritedSettings(program)
      .helpOption('-h, --help', 'print this help')
      .showHelpAfterError(`See: kubectl opencode ${command.name()} --help`);
  return program;
}

/** A template that is wrong is told before anything is done. */
async function readTemplate(command: Command, io: Io): Promise<void> {
  const output: unknown = command.getOptionValue('output');
  if (typeof output !== 'string' || !hasTemplate(output)) return;
  const { readForm } = await import('./output/render.ts');
  command.setOptionValue('output', readForm(output, io.cwd));
}

/** Runs a command line to its exit code; every error is told once, with kubectl's prefix. */
export async function runProgram(args: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const program = buildProgram(io, (result) => {
    code = result;
  });
  if (args.length === 0) {
    program.outputHelp();
    return EXIT.ok;
  }
  try {
    const words = asNamed(program, withoutHelpCommand(args));
    await program.parseAsync([...asCommanderTakes(program, words)], { from: 'user' });
    return code;
  } catch (error) {
    // What commander found wrong it has said already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.error;
    io.err(`error: ${textOf(error)}\n`);
    return EXIT.error;
  }
}

/** `help plan`, as kubectl takes it, is `plan --help`; `help help` is `help`. */
function withoutHelpCommand(words: readonly string[]): readonly string[] {
  return words[0] === 'help' ? [...words.filter((word) => word !== 'help'), '--help'] : words;
}

/** Of an unknown command only its name, which is an error: commander would give the general help, with exit code 0, for any word beside --help. */
function asNamed(program: Command, words: readonly string[]): readonly string[] {
  const name = words.find((word) => word !== '-h' && word !== '--help') ?? '-';
  return name.startsWith('-') || commandOf(program, [name]) !== undefined ? words : [name];
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : textOf(error.cause);
  return cause === '' || error.message.includes(cause) ? error.message : `${error.message}: ${cause}`;
}
