import { posix } from 'node:path';
import { parseDuration } from '#core/units/duration.ts';
import { type Planned, refuse, type Variables } from './variables.ts';

/** What git-init clones, and how. */
export interface GitPlan {
  readonly repository: string;
  readonly ref: GitRef;
  /** Commits of history, at least 1. */
  readonly depth: number;
  readonly submodules: boolean;
  /** The folder that the volume is mounted at; `.gitconfig` is written there. */
  readonly root: string;
  /** Where the clone comes to lie, below `root`. */
  readonly folder: string;
  /** Where else its content is copied: the workspace, when the repository was mounted there. */
  readonly copy?: { readonly source: string; readonly target: string };
  readonly attempts: number;
  readonly retryDelayMs: number;
  readonly login?: Login;
  readonly sshKey?: SshKey;
  /** What a careful person should know. */
  readonly warnings: readonly string[];
}

export type GitRef =
  /** The branch that the server shows first. */
  | { readonly type: 'Default' }
  /** A branch or a tag. */
  | { readonly type: 'Name'; readonly name: string }
  | { readonly type: 'Commit'; readonly sha: string };

/** For HTTPS. Shown to the repository's own host only. */
export interface Login {
  readonly host: string;
  readonly username: string;
  readonly password: string;
}

export interface SshKey {
  /** The key itself, or a path of it. */
  readonly key: string;
  /** Absent: any host is believed. */
  readonly knownHosts?: string;
}

/** Where only a password (a token) is given: GitHub and GitLab take any name. */
const ANY_USER = 'git';

/** Reads what core/pod/git-init.ts wrote. */
export function gitPlan(env: Variables): Planned<GitPlan> {
  const repository = env.GIT_REPO ?? '';
  const host = hostOf(repository);
  if (host === undefined)
    return refuse(
      `reading GIT_REPO: expected https://…, http://… or git@host:path, got ${repository === '' ? 'nothing' : JSON.stringify(repository)}`,
    );
  const numbers = counts(env);
  if (!numbers.ok) return numbers;
  const delay = parseDuration(env.GIT_CLONE_RETRY_DELAY || '5s');
  if (!delay.ok || delay.ms < 0)
    return refuse(`reading GIT_CLONE_RETRY_DELAY: ${delay.ok ? 'expected no negative duration' : delay.message}`);

  const root = env.GIT_ROOT || '/git';
  const folder = posix.join(root, env.GIT_LINK || 'repo');
  const copy = copyOf(env, folder);
  if (!copy.ok) return copy;
  const login = loginOf(env, repository, host);
  const sshKey = sshKeyOf(env);
  return {
    ok: true,
    plan: {
      repository,
      ref: refOf(env.GIT_REF || 'HEAD'),
      ...numbers.plan,
      submodules: env.GIT_RECURSE_SUBMODULES === 'true',
      root,
      folder,
      retryDelayMs: delay.ms,
      ...(copy.plan === undefined ? {} : { copy: copy.plan }),
      ...(login === undefined ? {} : { login }),
      ...(sshKey === undefined ? {} : { sshKey }),
      warnings: warningsOf(env, repository, sshKey),
    },
  };
}

/** The host of an address that git-init may clone from; undefined for all others (`file:`, `ext::`, options, …). */
function hostOf(repository: string): string | undefined {
  const scp = /^git@(?<host>[A-Za-z0-9][A-Za-z0-9.-]*):[^\s]+$/.exec(repository);
  if (scp) return scp.groups?.host;
  if (!/^https?:\/\/[^/]/.test(repository) || !URL.canParse(repository)) return undefined;
  return new URL(repository).host || undefined;
}

function counts(env: Variables): Planned<{ readonly depth: number; readonly attempts: number }> {
  const depth = count(env.GIT_DEPTH || '1');
  if (depth === undefined) return refuse(`reading GIT_DEPTH: expected a number of commits from 1 on, got ${JSON.stringify(env.GIT_DEPTH)}`);
  const attempts = count(env.GIT_CLONE_RETRIES || '3');
  if (attempts === undefined)
    return refuse(`reading GIT_CLONE_RETRIES: expected a number from 1 on, got ${JSON.stringify(env.GIT_CLONE_RETRIES)}`);
  return { ok: true, plan: { depth, attempts } };
}

function count(text: string): number | undefined {
  return /^[1-9][0-9]{0,9}$/.test(text) ? Number(text) : undefined;
}

/** A full SHA-1 or SHA-256; a shorter one can't be told from a branch. */
function refOf(ref: string): GitRef {
  if (ref === 'HEAD') return { type: 'Default' };
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(ref) ? { type: 'Commit', sha: ref } : { type: 'Name', name: ref };
}

function copyOf(env: Variables, folder: string): Planned<GitPlan['copy']> {
  const target = env.GIT_WORKSPACE_DIR;
  if (target === undefined || target === '') return { ok: true, plan: undefined };
  const subpath = env.GIT_REPO_SUBPATH ?? '';
  const source = posix.join(folder, subpath);
  if (source !== folder && !source.startsWith(`${folder}/`))
    return refuse(`reading GIT_REPO_SUBPATH: expected a folder inside the repository, got ${JSON.stringify(subpath)}`);
  return { ok: true, plan: { source, target } };
}

/** Secrets are often made with a line feed behind them, which is part of no password. */
function loginOf(env: Variables, repository: string, host: string): Login | undefined {
  const password = env.GIT_PASSWORD?.trim() ?? '';
  if (password === '' || !repository.startsWith('https://')) return undefined;
  return { host, username: env.GIT_USERNAME?.trim() || ANY_USER, password };
}

function sshKeyOf(env: Variables): SshKey | undefined {
  const key = env.GIT_SSH_KEY ?? '';
  if (key.trim() === '') return undefined;
  const knownHosts = env.GIT_SSH_KNOWN_HOSTS ?? '';
  return { key, ...(knownHosts.trim() === '' ? {} : { knownHosts }) };
}

function warningsOf(env: Variables, repository: string, sshKey: SshKey | undefined): readonly string[] {
  return [
    ...(repository.startsWith('http://') ? ['http:// is neither secret nor safe from change on its way; use https://'] : []),
    ...(repository.startsWith('http://') && (env.GIT_PASSWORD ?? '') !== '' ? ['the password is not sent over http://'] : []),
    ...(sshKey !== undefined && sshKey.knownHosts === undefined
      ? ['the host is believed without proof; add ssh-known-hosts to the Secret']
      : []),
  ];
}
