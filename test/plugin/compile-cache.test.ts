import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DIST } from '#scripts/build/paths.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'compile-cache-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function help(env: NodeJS.ProcessEnv): { readonly status: number | null; readonly stderr: string } {
  const { NODE_COMPILE_CACHE: _, NODE_DISABLE_COMPILE_CACHE: __, XDG_CACHE_HOME: ___, ...rest } = process.env;
  return spawnSync(process.execPath, [`${DIST}bin/kubectl-opencode`, '--help'], { encoding: 'utf8', env: { ...rest, ...env } });
}

/** Files of parsed code below a folder. */
function kept(place: string): number {
  return existsSync(place) ? readdirSync(place, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length : 0;
}

describe('parsed code is kept between runs', () => {
  test('in XDG_CACHE_HOME', () => {
    const cache = join(folder, 'xdg');
    expect(help({ XDG_CACHE_HOME: cache, HOME: join(folder, 'nobody') })).toMatchObject({ status: 0, stderr: '' });
    expect(kept(join(cache, 'kubeopencode/compile'))).toBeGreaterThan(0);
    expect(existsSync(join(folder, 'nobody'))).toBe(false);
  });
  test('else in the home folder; a relative XDG_CACHE_HOME is none', () => {
    const home = join(folder, 'home');
    expect(help({ XDG_CACHE_HOME: 'relative', HOME: home })).toMatchObject({ status: 0, stderr: '' });
    expect(kept(join(home, '.cache/kubeopencode/compile'))).toBeGreaterThan(0);
  });
  test('nowhere that nothing can be written, and nobody hears of it', () => {
    expect(help({ XDG_CACHE_HOME: '/dev/null/nothing', HOME: '/dev/null/nothing' })).toMatchObject({ status: 0, stderr: '' });
  });
  test('not where the environment says so', () => {
    const cache = join(folder, 'off');
    expect(help({ XDG_CACHE_HOME: cache, NODE_DISABLE_COMPILE_CACHE: '1' })).toMatchObject({ status: 0, stderr: '' });
    expect(kept(cache)).toBe(0);
  });
});
