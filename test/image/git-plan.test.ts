import { describe, expect, test } from 'vitest';
import { cloneSteps, gitVariables, isFinal, sshConfig, sshFiles } from '#host/image/helpers/git-commands.ts';
import { type GitPlan, gitPlan } from '#host/image/helpers/git-plan.ts';
import type { Variables } from '#host/image/helpers/variables.ts';

const SHA = '0123456789abcdef0123456789abcdef01234567';

function planOf(env: Variables): GitPlan {
  const planned = gitPlan({ GIT_REPO: 'https://git.example.com/a/b.git', ...env });
  if (!planned.ok) throw new Error(planned.message);
  return planned.plan;
}

describe('what git-init reads from its environment', () => {
  test('only the repository', () => {
    expect(planOf({})).toEqual({
      repository: 'https://git.example.com/a/b.git',
      ref: { type: 'Default' },
      depth: 1,
      submodules: false,
      root: '/git',
      folder: '/git/repo',
      attempts: 3,
      retryDelayMs: 5_000,
      warnings: [],
    });
  });

  test.each<[name: string, env: Variables, expected: Partial<GitPlan>]>([
    ['a branch', { GIT_REF: 'main' }, { ref: { type: 'Name', name: 'main' } }],
    ['a commit', { GIT_REF: SHA }, { ref: { type: 'Commit', sha: SHA } }],
    ['a short commit, which may be a branch', { GIT_REF: '0123456' }, { ref: { type: 'Name', name: '0123456' } }],
    ['depth', { GIT_DEPTH: '5' }, { depth: 5 }],
    ['submodules', { GIT_RECURSE_SUBMODULES: 'true' }, { submodules: true }],
    ['retries', { GIT_CLONE_RETRIES: '7', GIT_CLONE_RETRY_DELAY: '1m30s' }, { attempts: 7, retryDelayMs: 90_000 }],
    ['another folder', { GIT_ROOT: '/x', GIT_LINK: 'y' }, { root: '/x', folder: '/x/y' }],
    ['the workspace', { GIT_WORKSPACE_DIR: '/workspace' }, { copy: { source: '/git/repo', target: '/workspace' } }],
    [
      'a folder into the workspace',
      { GIT_WORKSPACE_DIR: '/workspace', GIT_REPO_SUBPATH: 'a/b' },
      { copy: { source: '/git/repo/a/b', target: '/workspace' } },
    ],
    [
      'a user with a password',
      { GIT_USERNAME: 'me', GIT_PASSWORD: 'it\n' },
      { login: { host: 'git.example.com', username: 'me', password: 'it' } },
    ],
    ['a password alone', { GIT_PASSWORD: 'it' }, { login: { host: 'git.example.com', username: 'git', password: 'it' } }],
    [
      'a host with a port',
      { GIT_REPO: 'https://h:8443/a', GIT_PASSWORD: 'it' },
      { login: { host: 'h:8443', username: 'git', password: 'it' } },
    ],
    [
      'SSH with known hosts',
      { GIT_REPO: 'git@h.example:a/b', GIT_SSH_KEY: 'k', GIT_SSH_KNOWN_HOSTS: 'h ssh-rsa A' },
      { sshKey: { key: 'k', knownHosts: 'h ssh-rsa A' }, warnings: [] },
    ],
    [
      'SSH that believes any host',
      { GIT_REPO: 'git@h:a', GIT_SSH_KEY: 'k' },
      { sshKey: { key: 'k' }, warnings: ['the host is believed without proof; add ssh-known-hosts to the Secret'] },
    ],
  ])('%s', (_, env, expected) => {
    expect(planOf(env)).toMatchObject(expected);
  });

  test('no password over http://, and that is said', () => {
    const plan = planOf({ GIT_REPO: 'http://git.example.com/a', GIT_PASSWORD: 'it' });
    expect(plan.login).toBeUndefined();
    expect(plan.warnings).toEqual([
      'http:// is neither secret nor safe from change on its way; use https://',
      'the password is not sent over http://',
    ]);
  });

  test.each<[name: string, env: Variables, message: RegExp]>([
    ['no repository', { GIT_REPO: '' }, /reading GIT_REPO: expected https:.*, got nothing/],
    ['a file', { GIT_REPO: 'file:///etc' }, /got "file:\/\/\/etc"/],
    ['a program', { GIT_REPO: 'ext::sh -c id' }, /reading GIT_REPO/],
    ['a flag', { GIT_REPO: '--upload-pack=x' }, /reading GIT_REPO/],
    ['a flag as a host', { GIT_REPO: 'git@-oProxyCommand=x:a' }, /reading GIT_REPO/],
    ['no host', { GIT_REPO: 'https:///a' }, /reading GIT_REPO/],
    ['no depth', { GIT_DEPTH: '0' }, /reading GIT_DEPTH: .*"0"/],
    ['no number', { GIT_CLONE_RETRIES: 'many' }, /reading GIT_CLONE_RETRIES: .*"many"/],
    ['no duration', { GIT_CLONE_RETRY_DELAY: '5' }, /reading GIT_CLONE_RETRY_DELAY/],
    ['a folder outside', { GIT_WORKSPACE_DIR: '/w', GIT_REPO_SUBPATH: '../../etc' }, /reading GIT_REPO_SUBPATH: .*inside the repository/],
  ])('refuses %s', (_, env, message) => {
    const planned = gitPlan({ GIT_REPO: 'https://git.example.com/a', ...env });
    expect(planned).toMatchObject({ ok: false, message: expect.stringMatching(message) });
  });
});

describe('what git is run with', () => {
  test('a branch whose name looks like a flag stays a name', () => {
    expect(cloneSteps(planOf({ GIT_REF: '--upload-pack=x' }))).toEqual([
      [['clone', '--depth', '1', '--single-branch', '--branch=--upload-pack=x', '--', 'https://git.example.com/a/b.git', '/git/repo']],
    ]);
  });
  test('a commit: by itself, else with all history', () => {
    const steps = cloneSteps(planOf({ GIT_REF: SHA, GIT_DEPTH: '3' }));
    expect(steps.map((ways) => ways.map((args) => args.filter((arg) => !arg.startsWith('/')).join(' ')))).toEqual([
      ['init --quiet --'],
      ['-C remote add origin https://git.example.com/a/b.git'],
      [
        `-C fetch --depth 3 origin ${SHA}`,
        '-C fetch --depth 2147483647 origin +refs/heads/*:refs/remotes/origin/* +refs/tags/*:refs/tags/*',
      ],
      [`-C checkout --detach ${SHA}`],
    ]);
  });
  test('the password is for the repository’s host only, and stands in no argument', () => {
    const plan = planOf({ GIT_PASSWORD: 'hush-hush' });
    const variables = gitVariables(plan, sshFiles('/tmp'));
    expect(variables).toMatchObject({ GIT_CONFIG_KEY_0: 'credential.https://git.example.com.helper', GIT_TERMINAL_PROMPT: '0' });
    expect(JSON.stringify([cloneSteps(plan), variables.GIT_CONFIG_VALUE_0])).not.toContain('hush-hush');
  });
  test('ssh asks nobody and uses this key only', () => {
    expect(gitVariables(planOf({ GIT_REPO: 'git@h:a', GIT_SSH_KEY: 'k' }), sshFiles('/tmp')).GIT_SSH_COMMAND).toBe(
      'ssh -F /tmp/.ssh/config -i /tmp/.ssh/id_rsa -o IdentitiesOnly=yes -o BatchMode=yes',
    );
    expect(sshConfig(sshFiles('/tmp'), true)).toMatch(/StrictHostKeyChecking yes\n {2}UserKnownHostsFile \/tmp\/.ssh\/known_hosts/);
    expect(sshConfig(sshFiles('/tmp'), false)).toMatch(/StrictHostKeyChecking no\n {2}UserKnownHostsFile \/dev\/null/);
  });
  test.each([
    ["fatal: Authentication failed for 'https://h/'", true],
    ['git@h: Permission denied (publickey).', true],
    ['Host key verification failed.', true],
    ['fatal: Remote branch x not found in upstream origin', true],
    ["fatal: unable to access 'https://h/': Could not resolve host: h", false],
    ['error: RPC failed; HTTP 503', false],
  ])('%s: final %s', (line, final) => {
    expect(isFinal(['Cloning into …', line])).toBe(final);
  });
});
