import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { Pace } from './pace.ts';
import type { DemoScenario } from './scenario.ts';
import { SCENARIOS, scenarioList } from './scenarios.ts';

/** What `npm start` was asked for. */
export type StartRequest =
  | { readonly type: 'Demo'; readonly scenario: DemoScenario; readonly pace: Pace }
  | { readonly type: 'List' }
  /** The host itself, with its own flags. */
  | { readonly type: 'Host' }
  /** The command line was wrong or asked for help, and the user has been told. */
  | { readonly type: 'Told'; readonly exitCode: number };

/** Where nobody asks for a speed, a pause is no longer than that. */
const MAX_PAUSE_MS = 700;
const OWN_FLAGS = /^(--(speed|scenario|list|help)(=.*)?|-h)$/;

const HELP = `
With flags of the host instead it is the host that runs, on a real cluster: npm start -- --kubeconfig FILE.
Its flags: node dist/host.mjs --help.

Scenarios:
${scenarioList()}
Examples:
  npm start
  npm start -- --scenario crash
  npm start -- --scenario queue --speed 1x
  npm -s start -- --scenario stop --speed max > stop.txt`;

/** Reads the command line of `npm start`: none or only flags of the demo, or else it is the host's. Help goes to stdout, faults to `err`. */
export function parseStart(args: readonly string[], err: (text: string) => void): StartRequest {
  if (args.length > 0 && !args.some((argument) => OWN_FLAGS.test(argument))) return { type: 'Host' };
  const command = definition().configureOutput({ writeErr: err });
  try {
    command.parse([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { type: 'Told', exitCode: error.exitCode };
  }
  const { scenario: name, speed, list } = command.opts<{ readonly scenario: string; readonly speed?: Pace; readonly list?: boolean }>();
  if (list === true) return { type: 'List' };
  const scenario = SCENARIOS.find((candidate) => candidate.name === name) ?? SCENARIOS[0];
  return { type: 'Demo', scenario, pace: speed ?? { type: 'Brisk', speed: scenario.speed, maxPauseMs: MAX_PAUSE_MS } };
}

function definition(): Command {
  return new Command('npm start --')
    .description('Shows the real host and its core at work on a cluster in memory, in virtual time.')
    .usage('[flags]')
    .allowExcessArguments(false)
    .addOption(
      new Option('--scenario <name>', 'the story that is told').choices(SCENARIOS.map(({ name }) => name)).default(SCENARIOS[0].name),
    )
    .addOption(
      new Option('--speed <speed>', '1x is real time, 10x ten times as fast, max without any pause (default: seconds in all)').argParser(
        paceOf,
      ),
    )
    .addOption(new Option('--list', 'list the scenarios'))
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', HELP)
    .showHelpAfterError('See --help.')
    .exitOverride();
}

function paceOf(text: string): Pace {
  if (text === 'max' || text === '0') return { type: 'Max' };
  const speed = /^\d+(\.\d+)?x?$/.test(text) ? Number.parseFloat(text) : 0;
  if (speed === 0) throw new InvalidArgumentError('want a number such as 1x, 0.5x or 10x, or max');
  return { type: 'Steady', speed };
}
