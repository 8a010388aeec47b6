import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Built, isStale } from '#scripts/build/stale.ts';

let root: string;
let built: Built;
beforeEach(() => {
  root = `${mkdtempSync(join(tmpdir(), 'stale-'))}/`;
  built = { outputs: [`${root}dist/a.mjs`, `${root}dist/b`], metafile: `${root}dist/meta.json`, root, others: [`${root}lock.json`] };
  for (const folder of ['dist', 'src', 'node_modules/x']) mkdirSync(root + folder, { recursive: true });
  write('dist/meta.json', 300, JSON.stringify({ inputs: { 'src/a.ts': {}, 'src/b.ts': {}, 'node_modules/x/index.js': {} }, outputs: {} }));
  for (const file of ['src/a.ts', 'src/b.ts', 'lock.json']) write(file, 100);
  write('node_modules/x/index.js', 900);
  for (const file of ['dist/a.mjs', 'dist/b']) write(file, 200);
});
afterEach(() => rmSync(root, { recursive: true }));

function write(file: string, modifiedSeconds: number, text = ''): void {
  writeFileSync(root + file, text);
  utimesSync(root + file, modifiedSeconds, modifiedSeconds);
}

test('outputs that are newer than all that went in are not stale, whatever the time of a package’s file', () => {
  expect(isStale(built)).toBe(false);
});
test.each([
  ['a source was changed', () => write('src/b.ts', 201)],
  ['a source is gone', () => rmSync(`${root}src/b.ts`)],
  ['the lock file was changed', () => write('lock.json', 201)],
  ['an output is missing', () => rmSync(`${root}dist/b`)],
  ['one output is older than a source', () => write('dist/b', 99)],
  ['the account of what went in is missing', () => rmSync(`${root}dist/meta.json`)],
])('stale: %s', (_, change) => {
  change();
  expect(isStale(built)).toBe(true);
});
