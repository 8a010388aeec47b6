import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { durationMs, wholeNumber } from '#plugin/flags.ts';
import { cacheFolder } from '../cluster/binaries.ts';

/** What `npm run simulate` was asked for. */
export type Request =
  /** The ledger as a table. */
  | { readonly type: 'Report'; readonly ledgerFile: string }
  /** One history, step by step; `shrinks`: of one that fails, only what the failure needs. */
  | {
      readonly type: 'History';
      readonly seed: number;
      readonly shrinks: boolean;
      readonly mistake: string | undefined;
      readonly output: Output;
    }
  | { readonly type: 'Soak'; readonly soak: SoakRequest; readonly output: Output }
  /** The command line was wrong or asked for help, and the user has been told. */
  | { readonly type: 'Told'; readonly exitCode: number };

export type Output = 'text' | 'json';

/** Many histories. */
export interface SoakRequest {
  /** First seed; `BehindLedger`: the one behind the last that the ledger has. */
  readonly from: number | 'BehindLedger';
  /** At most so many histories; undefined: until the time is up. */
  readonly histories: number | undefined;
  /** At most so long, of the wall clock; undefined: until the histories are done. */
  readonly forMs: number | undefined;
  /** Worker threads. */
  readonly jobs: number;
  /** After so many seeds that broke an invariant it ends. */
  readonly maxFailures: number;
  readonly ledgerFile: string;
  /** Part of the name of a mistake that every host makes; the ledger is left alone then. */
  readonly mistake: string | undefined;
}

const DEFAULT_HISTORIES = 2_000;
/** Seeds are 32 bits. */
const MAX_SEED = 0xffff_ffff;
const MAX_JOBS = 256;

const HELP = `
Each seed is a whole history: Agents, Tasks, people, nodes and API servers that fail, hosts that die or stand still, in virtual time.
Every hundredth is run by core.wasm too and must come out the same to the letter. The exit code is 1 when an invariant was broken.
How many histories were simulated with which sources stands in the ledger; no history is counted twice.

Examples:
  # ${DEFAULT_HISTORIES} histories on all cores
  npm run simulate

  # An hour of new ones, behind those that the ledger has
  npm run simulate -- --continue --for 60m

  # One history, step by step: decisions with their rules, calls, writes, faults
  npm run simulate -- --seed 17 | less

  # Does it find faults? Hosts that forget something, for instance
  npm run simulate -- --mistake 'deletions without the UID' --max-failures 1

  # All that was ever simulated, as a Markdown table
  npm run -s simulate -- --report`;

interface Flags {
  readonly seed?: number;
  readonly shrink: boolean;
  readonly from?: number;
  readonly continue?: boolean;
  readonly histories?: number;
  readonly for?: number;
  readonly jobs: number;
  readonly maxFailures: number;
  readonly ledger: string;
  readonly mistake?: string;
  readonly report?: boolean;
  readonly output: Output;
}

/** Reads the command line; help goes to stdout, faults to `err`. */
export function parseCommandLine(args: readonly string[], err: (text: string) => void): Request {
  const command = definition().configureOutput({ writeErr: err });
  try {
    command.parse([...args], { from: 'user' });
    const flags = command.opts<Flags>();
    if (!flags.shrink && flags.seed === undefined) command.error("error: option '--no-shrink' needs '--seed <n>'");
    return requestOf(flags);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { type: 'Told', exitCode: error.exitCode };
  }
}

function definition(): Command {
  const soakOnly = ['from', 'continue', 'histories', 'for', 'jobs', 'maxFailures', 'ledger', 'report'];
  return new Command('npm run simulate --')
    .description(
      'Simulates histories of a whole cluster with faults at every edge, and checks after every step that no invariant is broken.',
    )
    .usage('[flags]')
    .allowExcessArguments(false)
    .addOption(new Option('--seed <n>', 'one history, step by step').argParser(seed).conflicts(soakOnly))
    .addOption(new Option('--no-shrink', 'show all of a history that fails, not only what the failure needs'))
    .addOption(new Option('--histories <n>', `how many (default: ${DEFAULT_HISTORIES}, with --for no limit)`).argParser(positive))
    .addOption(new Option('--for <duration>', 'how long, such as 90s, 60m or 8h').argParser(durationMs))
    .addOption(new Option('--from <seed>', 'the first seed; the others follow it (default: 1)').argParser(seed))
    .addOption(new Option('--continue', 'go on behind the last seed that the ledger has').conflicts('from'))
    .addOption(new Option('--jobs <n>', 'worker threads').argParser(jobs).default(availableParallelism(), 'one a core'))
    .addOption(new Option('--max-failures <n>', 'end after so many seeds that break an invariant').argParser(positive).default(5))
    .addOption(new Option('--ledger <file>', 'account of what was simulated').default(join(cacheFolder(), 'simulate', 'ledger.json')))
    .addOption(new Option('--mistake <name>', 'put a known mistake into the hosts; a wrong name is answered with all of them'))
    .addOption(new Option('--report', 'print the ledger as a Markdown table, and do nothing else').conflicts(['output', 'mistake']))
    .addOption(new Option('-o, --output <form>', 'form of the output').choices(['text', 'json']).default('text'))
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', HELP)
    .showHelpAfterError('See --help.')
    .exitOverride();
}

function requestOf(flags: Flags): Request {
  const { output, mistake, ledger: ledgerFile } = flags;
  if (flags.report === true) return { type: 'Report', ledgerFile };
  if (flags.seed !== undefined) return { type: 'History', seed: flags.seed, shrinks: flags.shrink, mistake, output };
  const isOpen = flags.for !== undefined;
  const soak: SoakRequest = {
    from: flags.continue === true ? 'BehindLedger' : (flags.from ?? 1),
    histories: flags.histories ?? (isOpen ? undefined : DEFAULT_HISTORIES),
    forMs: flags.for,
    jobs: flags.jobs,
    maxFailures: flags.maxFailures,
    ledgerFile,
    mistake,
  };
  return { type: 'Soak', soak, output };
}

function seed(text: string): number {
  return within(text, 0, MAX_SEED);
}

function positive(text: string): number {
  return within(text, 1, MAX_SEED);
}

function jobs(text: string): number {
  return within(text, 1, MAX_JOBS);
}

function within(text: string, least: number, most: number): number {
  const number = wholeNumber(text);
  if (number < least || number > most) throw new InvalidArgumentError(`want a whole number from ${least} to ${most}`);
  return number;
}
