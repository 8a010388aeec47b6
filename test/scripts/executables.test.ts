import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DIST } from '#scripts/build/paths.ts';

/** Says what it was called with, and ends as it is told. */
const PROGRAM = `
  const [, program, ...args] = process.argv;
  if (args[0] === 'wait') {
    process.on('SIGTERM', () => process.exit(7));
    setTimeout(() => {}, 60_000);
  }
  // After the handler: who reads this may send the signal at once.
  console.log(JSON.stringify({ program: program.split('/').slice(-2).join('/'), args, node: process.execPath }));
  if (args[0] === 'exit') process.exitCode = Number(args[1]);
  if (args[0] === 'die') process.kill(process.pid, 'SIGKILL');
`;
/** Makes this Node say that it is an old one. */
const PRETEND_OLD = `Object.defineProperty(process.versions, 'node', { value: process.env.PRETEND ?? '20.19.0' });`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'executables-'));
  for (const name of ['with-node', 'without-node']) {
    cpSync(`${DIST}bin`, join(folder, name, 'dist/bin'), { recursive: true });
    writeFileSync(join(folder, name, 'dist/kubectl-opencode.mjs'), PROGRAM);
  }
  mkdirSync(join(folder, 'with-node/node_modules/.bin'), { recursive: true });
  symlinkSync(process.execPath, join(folder, 'with-node/node_modules/.bin/node'));
  writeFileSync(join(folder, 'pretend-old.cjs'), PRETEND_OLD);
});
afterAll(() => rmSync(folder, { recursive: true }));

function call(
  place: string,
  name: string,
  age: 'new' | 'old',
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): SpawnSyncReturns<string> {
  const preload = age === 'old' ? ['--require', join(folder, 'pretend-old.cjs')] : [];
  return spawnSync(process.execPath, [...preload, join(folder, place, 'dist/bin', name), ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
}

describe('the executables', () => {
  test.each(['new', 'old'] as const)('run the program, with its arguments and exit code, under a Node that is %s', (age) => {
    const { status, stdout, stderr } = call('with-node', 'kubectl-opencode', age, ['exit', '3', 'two words']);
    expect(stderr).toBe('');
    expect(status).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ program: 'dist/kubectl-opencode.mjs', args: ['exit', '3', 'two words'] });
  });
  test.each(['new', 'old'] as const)('complete through the hidden command, under a Node that is %s', (age) => {
    expect(JSON.parse(call('with-node', 'kubectl_complete-opencode', age, ['plan', '']).stdout)).toMatchObject({
      args: ['__complete', 'plan', ''],
    });
  });
  test('an old Node with no better one near says what to install', () => {
    const { status, stdout, stderr } = call('without-node', 'kubectl-opencode', 'old', []);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(
      /^error: kubectl opencode needs Node 22\.19 or newer, this is 20\.19\.0; install one from https:\/\/nodejs\.org/,
    );
  });
  test.each([
    ['22.18.9', 1],
    ['22.19.0', 0],
    ['23.0.0', 0],
    ['24.21.0', 0],
    ['9.99.0', 1],
  ])('a Node %s ends with %d where there is no better one', (version, status) => {
    expect(call('without-node', 'kubectl-opencode', 'old', [], { PRETEND: version }).status).toBe(status);
  });
  test('the end by a signal is passed on', () => {
    expect(call('with-node', 'kubectl-opencode', 'old', ['die']).signal).toBe('SIGKILL');
  });
  test('a SIGTERM reaches the program', async () => {
    const child = spawn(
      process.execPath,
      ['--require', join(folder, 'pretend-old.cjs'), join(folder, 'with-node/dist/bin/kubectl-opencode'), 'wait'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGTERM');
    expect(await ended).toBe(7);
  });
});
