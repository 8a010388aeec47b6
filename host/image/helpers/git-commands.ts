import type { GitPlan } from './git-plan.ts';
import type { Variables } from './variables.ts';

/** git's own number for "no limit" (`git fetch --unshallow` is this depth). */
const WHOLE_HISTORY = '2147483647';

/** Failures that another attempt can't mend. */
const FINAL =
  /Authentication failed|could not read (Username|Password)|Permission denied \(publickey|Host key verification failed|Remote branch .* not found|(repository|Repository) .*not found|Invalid username or (password|token)|error in libcrypto/;

/** One step of a clone: the commands are tried in order until one succeeds. */
export type Step = readonly (readonly string[])[];

/** The arguments that git is run with, in order, to bring the plan's ref into its folder. */
export function cloneSteps({ repository, ref, depth, submodules, folder }: GitPlan): readonly Step[] {
  if (ref.type !== 'Commit') {
    const flags = ['--depth', String(depth), '--single-branch', ...(submodules ? ['--recurse-submodules'] : [])];
    return [[['clone', ...flags, ...(ref.type === 'Name' ? [`--branch=${ref.name}`] : []), '--', repository, folder]]];
  }
  const inFolder = ['-C', folder];
  const everything = ['+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*'];
  return [
    [['init', '--quiet', '--', folder]],
    [[...inFolder, 'remote', 'add', 'origin', repository]],
    // Most servers give a commit by itself; the others need all that may lead to it.
    [
      [...inFolder, 'fetch', '--depth', String(depth), 'origin', ref.sha],
      [...inFolder, 'fetch', '--depth', WHOLE_HISTORY, 'origin', ...everything],
    ],
    [[...inFolder, 'checkout', '--detach', ref.sha]],
    ...(submodules ? [[[...inFolder, 'submodule', 'update', '--init', '--recursive']]] : []),
  ];
}

/** Where the key and its configuration are written; core/pod/git-init.ts uses them after git-init. */
export interface SshFiles {
  readonly key: string;
  readonly knownHosts: string;
  readonly config: string;
}

export function sshFiles(home: string): SshFiles {
  return { key: `${home}/.ssh/id_rsa`, knownHosts: `${home}/.ssh/known_hosts`, config: `${home}/.ssh/config` };
}

/** ssh's configuration: with known hosts no other is believed. */
export function sshConfig(files: SshFiles, hasKnownHosts: boolean): string {
  const [checking, known] = hasKnownHosts ? ['yes', files.knownHosts] : ['no', '/dev/null'];
  return `Host *\n  StrictHostKeyChecking ${checking}\n  UserKnownHostsFile ${known}\n`;
}

/**
 * What git needs besides the environment. It never asks (nobody is there), submodules can't make it run programs or read local files, and the password is given by
 * a helper that exists in the environment only, for one host: nothing of it is written anywhere.
 */
export function gitVariables({ login, sshKey }: GitPlan, files: SshFiles): Variables {
  return {
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: 'https:http:ssh',
    ...(login === undefined
      ? {}
      : {
          GIT_USERNAME: login.username,
          GIT_PASSWORD: login.password,
          GIT_CONFIG_COUNT: '1',
          GIT_CONFIG_KEY_0: `credential.https://${login.host}.helper`,
          GIT_CONFIG_VALUE_0: `!f() { test "$1" = get && printf 'username=%s\\npassword=%s\\n' "$GIT_USERNAME" "$GIT_PASSWORD"; }; f`,
        }),
    ...(sshKey === undefined ? {} : { GIT_SSH_COMMAND: `ssh -F ${files.config} -i ${files.key} -o IdentitiesOnly=yes -o BatchMode=yes` }),
  };
}

/** Makes git in other containers, which run as somebody else, trust the clone. */
export function sharedGitConfig(folder: string): string {
  return `[safe]\n\tdirectory = ${folder}\n\tdirectory = *\n`;
}

/** Whether what git wrote says that trying again is of no use. */
export function isFinal(lines: readonly string[]): boolean {
  return lines.some((line) => FINAL.test(line));
}
