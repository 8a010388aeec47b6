import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DIST } from '#scripts/build/paths.ts';
import { type GitServer, startGitServer } from './git-server.ts';

let server: GitServer;
let folder: string;
beforeAll(async () => {
  server = await startGitServer();
});
afterAll(() => server.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'git-init-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Outcome {
  readonly exitCode: number | null;
  readonly output: string;
}

/** The program as a Task's Pod runs it, on this machine's git. */
function gitInit(env: Readonly<Record<string, string>>): Promise<Outcome> {
  const { name, password } = server.user;
  const given = {
    PATH: process.env.PATH,
    HOME: folder,
    GIT_REPO: `${server.url}repo.git`,
    GIT_REF: 'HEAD',
    GIT_DEPTH: '1',
    GIT_ROOT: join(folder, 'git'),
    GIT_LINK: 'repo',
    GIT_USERNAME: name,
    GIT_PASSWORD: `${password}\n`,
    CUSTOM_CA_CERT_PATH: server.caFile,
    GIT_CLONE_RETRY_DELAY: '1ms',
  };
  const child = spawn(process.execPath, [`${DIST}kubeopencode.mjs`, 'git-init'], { env: { ...given, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  return new Promise((resolve) => child.on('close', (exitCode) => resolve({ exitCode, output })));
}

const inClone = (...args: readonly string[]): string =>
  execFileSync('git', ['-C', join(folder, 'git/repo'), ...args], { encoding: 'utf8' }).trim();
const cloned = (path: string): string => readFileSync(join(folder, 'git/repo', path), 'utf8');

describe('git-init, from a host with a certificate of its own and a password that URLs would break', () => {
  test('the default branch, one commit deep, for everybody to write to, and nothing of the password anywhere', async () => {
    const { exitCode, output } = await gitInit({});
    expect(output).toContain(`cloned, at commit ${server.commits.second}`);
    expect(exitCode).toBe(0);
    expect(cloned('docs/a.txt')).toBe('second');
    expect(inClone('rev-list', '--count', 'HEAD')).toBe('1');
    expect(statSync(join(folder, 'git/repo/docs/a.txt')).mode & 0o777).toBe(0o666);
    expect(readFileSync(join(folder, 'git/.gitconfig'), 'utf8')).toBe(`[safe]\n\tdirectory = ${folder}/git/repo\n\tdirectory = *\n`);
    expect(output).not.toContain(server.user.password);
    expect(spawnSync('grep', ['-rlF', server.user.password, folder], { encoding: 'utf8' })).toMatchObject({ status: 1, stdout: '' });
  });

  test.each([
    ['a branch', 'feature', () => server.commits.branch],
    ['a tag', 'v1', () => server.commits.first],
    ['a commit that is no branch’s newest', 'first commit', () => server.commits.first],
  ])('%s', async (_, ref, commit) => {
    const { exitCode, output } = await gitInit({ GIT_REF: ref === 'first commit' ? server.commits.first : ref });
    expect(output).toContain(`at commit ${commit()}`);
    expect(exitCode).toBe(0);
    expect(inClone('rev-list', '--count', 'HEAD')).toBe('1');
  });

  test('the whole history', async () => {
    await gitInit({ GIT_DEPTH: '2147483647' });
    expect(inClone('rev-list', '--count', 'HEAD')).toBe('2');
  });

  test.each([['HEAD'], ['commit']])('submodules, of %s', async (ref) => {
    const env = { GIT_RECURSE_SUBMODULES: 'true', GIT_REF: ref === 'commit' ? server.commits.second : ref };
    expect(await gitInit(env)).toMatchObject({ exitCode: 0 });
    expect(cloned('part/part.txt')).toBe('a part');
  });

  test('a folder of it into the workspace, beside what is there', async () => {
    const workspace = join(folder, 'workspace');
    mkdirSync(workspace);
    writeFileSync(join(workspace, 'task.md'), 'do it');
    expect(await gitInit({ GIT_WORKSPACE_DIR: workspace, GIT_REPO_SUBPATH: 'docs' })).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(workspace, 'a.txt'), 'utf8')).toBe('second');
    expect(readFileSync(join(workspace, 'task.md'), 'utf8')).toBe('do it');
  });

  test('a clone that is there already stays as it is', async () => {
    await gitInit({});
    writeFileSync(join(folder, 'git/repo/docs/a.txt'), 'changed');
    expect(await gitInit({ GIT_REF: 'feature' })).toMatchObject({ exitCode: 0 });
    expect(cloned('docs/a.txt')).toBe('changed');
  });

  test('a token without a user name is sent as a password', async () => {
    const before = server.requests();
    expect(await gitInit({ GIT_USERNAME: '' })).toMatchObject({ exitCode: 1 });
    // As "git", whom this server does not know: asked without a password, then with it.
    expect(server.requests().refused - before.refused).toBe(2);
  });
});

describe('git-init that can’t clone', () => {
  test('a wrong password: once, with what git said, and without the password', async () => {
    const { exitCode, output } = await gitInit({ GIT_PASSWORD: 'wrong-secret-7' });
    expect(exitCode).toBe(1);
    expect(output).toMatch(/error: git-init: cloning .*repo\.git \(its default branch, depth 1\), attempt 1 of 3: .*Authentication failed/);
    expect(output).not.toContain('wrong-secret-7');
  });

  test('no password at all: it does not ask', async () => {
    expect(await gitInit({ GIT_PASSWORD: '', GIT_USERNAME: '' })).toMatchObject({
      exitCode: 1,
      output: expect.stringMatching(/terminal prompts disabled/),
    });
  });

  test('a branch that is not there: once', async () => {
    const { exitCode, output } = await gitInit({ GIT_REF: 'nowhere' });
    expect(exitCode).toBe(1);
    expect(output).toMatch(/attempt 1 of 3: .*Remote branch nowhere not found/);
  });

  test('a host that is not known to anybody: all attempts', async () => {
    const { exitCode, output } = await gitInit({ CUSTOM_CA_CERT_PATH: '', GIT_CLONE_RETRIES: '2' });
    expect(exitCode).toBe(1);
    expect(output).toContain('attempt 1 of 2 failed; the next in 0.001 s');
    expect(output).toMatch(/attempt 2 of 2: .*certificate/);
  });

  test('a certificate that is not there', async () => {
    const missing = join(folder, 'missing.crt');
    expect(await gitInit({ CUSTOM_CA_CERT_PATH: missing })).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining(`adding the certificate ${missing} of the Agent's caBundle`),
    });
  });
});
