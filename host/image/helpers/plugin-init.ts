import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { caVariables } from './ca-bundle.ts';
import { addModes } from './modes.ts';
import { npmArguments, type PluginPlan } from './plugin-plan.ts';
import type { RunProgram } from './program.ts';
import { failed, type Said } from './said.ts';
import type { Variables } from './variables.ts';

/** What plugin-init works with. */
export interface PluginSurroundings {
  readonly env: Variables;
  readonly said: Said;
  readonly run: RunProgram;
  /** npm, as a program with its first arguments. */
  readonly npm: readonly [program: string, ...args: string[]];
}

/**
 * Installs OpenCode's plugins with npm, for an agent that has none. npm's own settings (registry, proxy, tokens) come from the environment.
 * @throws with npm's last words when it fails.
 */
export async function pluginInit(plan: PluginPlan, { env, said, run, npm }: PluginSurroundings): Promise<void> {
  const { packages, folder } = plan;
  if (packages.length === 0) return said.tell('there are no plugins to install');
  said.tell(`installing ${packages.join(', ')} into ${folder}${plan.scripts === 'Ignored' ? ', without their install scripts' : ''}`);
  await mkdir(folder, { recursive: true, mode: 0o755 }).catch(failed(`making the folder ${folder}`));
  // Without it npm would look for one in the folders above.
  if (!existsSync(`${folder}/package.json`))
    await writeFile(`${folder}/package.json`, '{"private":true}\n').catch(failed(`writing ${folder}/package.json`));
  const [program, ...first] = npm;
  const { exitCode, lastLines } = await run(program, [...first, ...npmArguments(plan)], { ...env, ...caVariables(env, said) }, folder);
  if (exitCode !== 0)
    throw new Error(
      `installing the plugins ${packages.join(', ')} with npm: exit code ${exitCode}: ${lastLines.join(' / ') || 'it said nothing'}`,
    );
  await addModes(folder, { folders: 0o555, files: 0o444, programs: 0o555 }, said);
  said.tell('installed');
}
