import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Clock, sleep } from '../../clock.ts';
import { caVariables } from './ca-bundle.ts';
import { cloneSteps, gitVariables, isFinal, type SshFiles, sharedGitConfig, sshConfig, sshFiles } from './git-commands.ts';
import type { GitPlan, SshKey } from './git-plan.ts';
import { addModes } from './modes.ts';
import type { Ended, RunProgram } from './program.ts';
import { failed, type Said } from './said.ts';
import type { Variables } from './variables.ts';

/** What git-init works with. */
export interface GitSurroundings {
  readonly env: Variables;
  readonly clock: Clock;
  readonly said: Said;
  readonly run: RunProgram;
}

/**
 * Clones the plan's repository, lets everybody write to it, and copies it into the workspace where that was asked for. A clone that is there already stays.
 * @throws with git's last words when all attempts fail.
 */
export async function gitInit(plan: GitPlan, { env, clock, said, run }: GitSurroundings): Promise<void> {
  for (const warning of plan.warnings) said.warn(warning);
  const files = sshFiles(env.HOME || '/tmp');
  if (plan.sshKey !== undefined) await writeSshFiles(files, plan.sshKey);
  const gitEnv = { ...env, ...caVariables(env, said), ...gitVariables(plan, files) };
  const git = (args: readonly string[]): Promise<Ended> => run('git', args, gitEnv);

  await mkdir(plan.root, { recursive: true, mode: 0o755 }).catch(failed(`making the folder ${plan.root}`));
  if (existsSync(`${plan.folder}/.git`)) said.tell(`${plan.folder} has a clone already, which stays`);
  else await clone(plan, git, clock, said);

  await writeFile(`${plan.root}/.gitconfig`, sharedGitConfig(plan.folder)).catch(failed(`writing ${plan.root}/.gitconfig`));
  await addModes(plan.folder, { folders: 0o222, files: 0o222 }, said);
  if (plan.copy === undefined) return;
  const { source, target } = plan.copy;
  const copied = await run('cp', ['-a', `${source}/.`, `${target}/`], env);
  if (copied.exitCode !== 0) throw new Error(`copying ${source} into the workspace ${target}: ${lastWords(copied)}`);
  said.tell(`copied ${source} into the workspace ${target}`);
}

type Git = (args: readonly string[]) => Promise<Ended>;

async function clone(plan: GitPlan, git: Git, clock: Clock, said: Said): Promise<void> {
  said.tell(`cloning ${plan.repository} (${described(plan)}) into ${plan.folder}`);
  for (let attempt = 1; ; attempt++) {
    const fault = await tried(plan, git);
    if (fault === undefined) break;
    await rm(plan.folder, { recursive: true, force: true });
    const isLast = attempt >= plan.attempts || isFinal(fault.lastLines);
    if (isLast)
      throw new Error(`cloning ${plan.repository} (${described(plan)}), attempt ${attempt} of ${plan.attempts}: ${lastWords(fault)}`);
    said.warn(`attempt ${attempt} of ${plan.attempts} failed; the next in ${plan.retryDelayMs / 1000} s`);
    await sleep(clock, plan.retryDelayMs);
  }
  const { lastLines } = await git(['-C', plan.folder, 'rev-parse', 'HEAD']);
  said.tell(`cloned, at commit ${lastLines.join(' ')}`);
}

/** How the first step that failed in all its ways ended; undefined when none did. */
async function tried(plan: GitPlan, git: Git): Promise<Ended | undefined> {
  for (const step of cloneSteps(plan)) {
    let ended: Ended | undefined;
    for (const args of step) {
      ended = await git(args);
      if (ended.exitCode === 0) break;
    }
    if (ended !== undefined && ended.exitCode !== 0) return ended;
  }
  return undefined;
}

function described({ ref, depth }: GitPlan): string {
  const what = ref.type === 'Default' ? 'its default branch' : ref.type === 'Name' ? `branch or tag ${ref.name}` : `commit ${ref.sha}`;
  return `${what}, depth ${depth}`;
}

function lastWords({ exitCode, lastLines }: Ended): string {
  return `exit code ${exitCode}: ${lastLines.join(' / ') || 'it said nothing'}`;
}

/** A key without its last line feed, as Secrets often have it, is none for ssh. */
async function writeSshFiles(files: SshFiles, { key, knownHosts }: SshKey): Promise<void> {
  const text = existsSync(key) ? await readFile(key, 'utf8') : key;
  const doing = failed('writing the SSH key and its configuration');
  await mkdir(dirname(files.key), { recursive: true, mode: 0o700 }).catch(doing);
  await writeFile(files.key, `${text.trim()}\n`, { mode: 0o600 }).catch(doing);
  await writeFile(files.config, sshConfig(files, knownHosts !== undefined), { mode: 0o600 }).catch(doing);
  if (knownHosts !== undefined) await writeFile(files.knownHosts, `${knownHosts.trim()}\n`, { mode: 0o600 }).catch(doing);
}
