import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { cacheFolder } from './engine/cache.ts';
import { run } from './engine/run.ts';

/** Prometheus' own judge of rules, for the tests. */
export type Promtool = { readonly type: 'Ready'; readonly file: string } | { readonly type: 'Missing'; readonly reason: string };

/** The one on the PATH or in the cache; else out of Debian's package of Prometheus (19 MB, unpacked into the cache and not installed). */
export function findPromtool(): Promtool {
  if (run('promtool', ['--version']) !== null) return { type: 'Ready', file: 'promtool' };
  const folder = cacheFolder('promtool');
  const file = `${folder}promtool`;
  if (existsSync(file)) return { type: 'Ready', file };
  const draft = `${folder}${process.pid}.tmp`;
  mkdirSync(draft, { recursive: true });
  try {
    // apt gives its downloads to a user of its own.
    chmodSync(draft, 0o777);
    console.error('promtool: downloading the Debian package prometheus (19 MB)');
    execFileSync('apt-get', ['download', '--quiet', 'prometheus'], { cwd: draft, stdio: ['ignore', 'ignore', 'pipe'] });
    for (const name of readdirSync(draft)) execFileSync('dpkg', ['-x', `${draft}/${name}`, draft]);
    renameSync(`${draft}/usr/bin/promtool`, file);
    return { type: 'Ready', file };
  } catch (error) {
    const came = error instanceof Error ? error.message.trim() : String(error);
    return { type: 'Missing', reason: `promtool is not installed, and apt-get could not download Debian's package prometheus: ${came}` };
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
