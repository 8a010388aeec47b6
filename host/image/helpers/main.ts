#!/usr/bin/node
import packageJson from '../../../package.json' with { type: 'json' };
import { realClock } from '../../real-clock.ts';
import { contextInit } from './context-init.ts';
import { contextPlan } from './context-plan.ts';
import { gitInit } from './git-init.ts';
import { gitPlan } from './git-plan.ts';
import { pluginInit } from './plugin-init.ts';
import { pluginPlan } from './plugin-plan.ts';
import { programs } from './program.ts';
import { leaveLastWords, type Said, saidBy } from './said.ts';
import type { Planned } from './variables.ts';

const EXIT = { ok: 0, error: 1, usage: 2, terminated: 143 } as const;

/** npm as the image has it. */
const NPM = '/usr/lib/node_modules/npm/bin/npm-cli.js';

const USAGE = `Usage: kubeopencode context-init | git-init | plugin-init | version

What the init containers of a Task's Pod run. All settings come from the environment that the controller gives them.
`;

const { env } = process;

const HELPERS: Readonly<Record<string, (said: Said) => Promise<void>>> = {
  'context-init': (said) => contextInit(planned(contextPlan(env)), said),
  'git-init': (said) => gitInit(planned(gitPlan(env)), { env, clock: realClock, said, run: programs(said) }),
  'plugin-init': (said) => pluginInit(planned(pluginPlan(env)), { env, said, run: programs(said), npm: [process.execPath, NPM] }),
};

function planned<T>(parsed: Planned<T>): T {
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.plan;
}

async function main(name: string | undefined): Promise<number> {
  if (name === 'version' || name === '--version') {
    process.stdout.write(`${packageJson.version}\n`);
    return EXIT.ok;
  }
  const helper = name === undefined ? undefined : HELPERS[name];
  if (name === undefined || helper === undefined) {
    process.stderr.write(USAGE);
    return name === '--help' ? EXIT.ok : EXIT.usage;
  }
  const said = saidBy(name, env, (text) => process.stdout.write(text));
  try {
    await helper(said);
    return EXIT.ok;
  } catch (error) {
    const text = said.blotted(error instanceof Error ? error.message : String(error));
    process.stderr.write(`error: ${name}: ${text}\n`);
    leaveLastWords(text);
    return EXIT.error;
  }
}

// The first process of a container is not ended by a signal that nobody listens to; what it has started ends with it.
process.on('SIGTERM', () => process.exit(EXIT.terminated));
process.exitCode = await main(process.argv[2]);
