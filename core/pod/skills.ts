import type { SkillSource } from '../api/agent-parts.ts';
import { goQuote } from '../units/quote.ts';
import { type GitMount, gitMountOf } from './git.ts';
import { SKILLS_PATH } from './layout.ts';
import { agentError, isRefusal, type Refusal } from './refusal.ts';

/** The repositories of an agent's skills, and the folders in which OpenCode is to look for them. */
export interface Skills {
  readonly git: readonly GitMount[];
  readonly paths: readonly string[];
}

export function skillMounts(sources: readonly SkillSource[]): Skills | Refusal {
  const git: GitMount[] = [];
  for (const [index, source] of sources.entries()) {
    const at = `skills[${index}]`;
    // The shape has it; the type can't know.
    if (source.git === undefined) return agentError(`${at} needs git`);
    const { names = [], ...fields } = source.git;
    const odd = [source.name, ...names].find((name) => name.includes('/') || name === '.' || name === '..');
    if (odd !== undefined) return agentError(`${at}: ${goQuote(odd)} must be the name of one folder, without slashes`);
    const mount = gitMountOf(fields, `${SKILLS_PATH}/${source.name}`, at, names);
    if (isRefusal(mount)) return agentError(`${at}: ${mount.message}`);
    git.push(mount);
  }
  return {
    git,
    paths: git.flatMap(({ mountPath, names }) => (names.length === 0 ? [mountPath] : names.map((name) => `${mountPath}/${name}`))),
  };
}
