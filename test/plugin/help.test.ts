import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { run } from './io.ts';

/** `--help` as it is printed. `UPDATE_GOLDEN=1 npm run test:unit -- test/plugin/help` writes it anew: read the diff before you commit it. */
const GOLDEN = fileURLToPath(new URL('../golden/help/', import.meta.url));

const COMMANDS = [
  'version',
  'plan',
  'simulate',
  'replay',
  'why',
  'status',
  'logs',
  'run',
  'stop',
  'retry',
  'release',
  'lint',
  'schema',
  'completion',
  'options',
];

test.each(COMMANDS)('%s --help', async (command) => {
  const { code, out, err } = await run([command, '--help']);
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(new RegExp(`^Usage: kubectl opencode ${command} `));
  const file = `${GOLDEN}${command}.txt`;
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, out);
  expect(existsSync(file), `${file} is missing; UPDATE_GOLDEN=1 writes it`).toBe(true);
  expect(out).toBe(readFileSync(file, 'utf8'));
  expect((await run(['--help'])).out).toContain(`\n  ${command} `);
});

test('help, as a command, is the same', async () => {
  expect(await run(['help'])).toEqual(await run(['--help']));
  expect(await run(['help', 'plan'])).toEqual(await run(['plan', '--help']));
  expect(await run(['help', 'help'])).toEqual(await run(['--help']));
});

test('every command is among them, and shows how it is used', async () => {
  const [, list = ''] = (await run(['--help'])).out.split('Commands:\n');
  expect([...list.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name).toSorted()).toEqual(COMMANDS.toSorted());
  for (const command of COMMANDS.filter((name) => name !== 'options'))
    expect((await run([command, '--help'])).out).toContain('\nExamples:\n  # ');
});

describe('plugin/README.md', () => {
  const readme = readFileSync(new URL('../../plugin/README.md', import.meta.url), 'utf8');
  test.each(COMMANDS)('tells of %s', (command) => expect(readme).toMatch(new RegExp(`^## .*\\b${command}\\b`, 'm')));
});
