import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { run } from './io.ts';

/** `--help` as it is printed. `UPDATE_GOLDEN=1 npm run test:unit -- test/plugin/help` writes it anew: read the diff before you commit it. */
const GOLDEN = fileURLToPath(new URL('../golden/help/', import.meta.url));

test.each(['why', 'status', 'logs', 'run', 'stop', 'retry', 'release', 'lint', 'schema'])('%s --help', async (command) => {
  const { code, out, err } = await run([command, '--help']);
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(new RegExp(`^Usage: kubectl opencode ${command} `));
  const file = `${GOLDEN}${command}.txt`;
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, out);
  expect(existsSync(file), `${file} is missing; UPDATE_GOLDEN=1 writes it`).toBe(true);
  expect(out).toBe(readFileSync(file, 'utf8'));
  expect((await run(['--help'])).out).toContain(`\n  ${command} `);
});
