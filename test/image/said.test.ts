import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { blotter, leaveLastWords } from '#host/image/helpers/said.ts';
import { DIST } from '#scripts/build/paths.ts';

const HELPERS = `${DIST}kubeopencode.mjs`;

test.each([
  ['as it is', 'the password is p@ss/word1', 'the password is ***'],
  ['in a URL', 'https://h/?x=p%40ss%2Fword1', 'https://h/?x=***'],
  ['with a user in a URL', 'https://me:other@h/a', 'https://***@h/a'],
  ['in a header', `Authorization: Basic ${Buffer.from('p@ss/word1').toString('base64')}`, 'Authorization: Basic ***'],
])('a secret of the environment is blotted out %s', (_, text, expected) => {
  expect(blotter({ GIT_PASSWORD: 'p@ss/word1\n' })(text)).toBe(expected);
});

test('a password of three letters is not looked for: half of what is said would go with it', () => {
  expect(blotter({ GIT_PASSWORD: 'git' })('cloning with git')).toBe('cloning with git');
});

test('last words go to where the kubelet reads them, and only where that is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'said-'));
  writeFileSync(join(folder, 'log'), '');
  leaveLastWords('why', join(folder, 'log'));
  expect(readFileSync(join(folder, 'log'), 'utf8')).toBe('why');
  leaveLastWords('why', join(folder, 'none', 'log'));
  rmSync(folder, { recursive: true });
});

test.each([
  [['version'], 0, /^\d+\.\d+\.\d+\n$/],
  [['--help'], 0, /^$/],
  [[], 2, /^$/],
  [['collect-outputs'], 2, /^$/],
] as const)('kubeopencode %j ends with %i', (args, status, stdout) => {
  const ended = spawnSync(process.execPath, [HELPERS, ...args], { encoding: 'utf8' });
  expect(ended.status).toBe(status);
  expect(ended.stdout).toMatch(stdout);
});

test('SIGTERM ends a helper that waits', async () => {
  const env = {
    PATH: process.env.PATH,
    HOME: tmpdir(),
    GIT_REPO: 'https://host.invalid/a',
    GIT_ROOT: join(tmpdir(), `git-root-${process.pid}`),
    GIT_CLONE_RETRY_DELAY: '1h',
  };
  const child = spawn(process.execPath, [HELPERS, 'git-init'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (text.includes('the next in 3600 s')) child.kill('SIGTERM');
  });
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(143);
  rmSync(env.GIT_ROOT, { recursive: true, force: true });
});
