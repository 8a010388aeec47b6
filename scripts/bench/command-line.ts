import { Argument, Command, CommanderError, Option } from 'commander';
import { PARTS, type PartName } from './parts.ts';

/** What `npm run bench` was asked for. */
export type Request =
  | {
      readonly type: 'Bench';
      readonly parts: readonly PartName[];
      readonly isQuick: boolean;
      readonly isMarkdown: boolean;
      /** Where the figures go as JSON, beside the table. */
      readonly jsonFile: string | undefined;
    }
  /** The command line was wrong or asked for help, and the user has been told. */
  | { readonly type: 'Told'; readonly exitCode: number };

const HELP = `
Parts (default: all, in this order):
${PARTS.map(({ name, says }) => `  ${name.padEnd(11)} ${says}`).join('\n')}

The whole takes about 40 minutes on a machine of 2 cores where nothing else runs, with --quick 9 minutes. Rivals run in the same run, by turns. All
but decision need the control plane of "npm run cluster", and CPU and memory of processes are read from /proc (Linux). A goal that is missed is shown,
and is no error; the exit code is 1 when a part could not be measured.

Examples:
  # All of it, as it stands in the README
  npm run -s bench -- --markdown

  # Two parts, small
  npm run bench -- decision throughput --quick

  # The figures for a program
  npm run bench -- plugin --json bench.json`;

interface Flags {
  readonly quick?: boolean;
  readonly markdown?: boolean;
  readonly json?: string;
}

/** Reads the command line; help goes to stdout, faults to `err`. */
export function parseCommandLine(args: readonly string[], err: (text: string) => void): Request {
  const command = new Command('npm run bench --')
    .description('Measures decisions, throughput, queue, scale and the plugin, each figure beside its rival, and prints one table.')
    .usage('[part...] [flags]')
    .addArgument(new Argument('[part...]', 'what to measure').choices(PARTS.map(({ name }) => name)))
    .addOption(new Option('--quick', 'small sizes'))
    .addOption(new Option('--markdown', 'print the table as Markdown'))
    .addOption(new Option('--json <file>', 'write the figures there, too'))
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', HELP)
    .showHelpAfterError('See --help.')
    .exitOverride()
    .configureOutput({ writeErr: err });
  try {
    command.parse([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { type: 'Told', exitCode: error.exitCode };
  }
  const named = command.processedArgs[0] as readonly string[];
  const { quick = false, markdown = false, json } = command.opts<Flags>();
  const parts = PARTS.map(({ name }) => name).filter((name) => named.length === 0 || named.includes(name));
  return { type: 'Bench', parts, isQuick: quick, isMarkdown: markdown, jsonFile: json };
}
