import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { unpackTar } from 'modern-tar';
import { cacheFolder } from '#scripts/engine/cache.ts';
import type { LockedNpm } from './lock.ts';
import { type Entry, PROGRAM_MODE, type Tree } from './tree.ts';

/**
 * The files of a package as its registry has it, from the cache or downloaded by npm.
 * @throws when it is not what `integrity` says.
 */
export async function npmPackage(locked: LockedNpm): Promise<Tree> {
  const entries = await unpackTar(gunzipSync(tarballOf(locked)));
  const files = new Map<string, Entry>();
  for (const { header, data } of entries) {
    // All tarballs of npm have one folder, mostly `package`.
    const path = header.name.replace(/^[^/]+\//, '');
    const mode = ((header.mode ?? 0) & 0o111) === 0 ? 0o644 : PROGRAM_MODE;
    if (header.type === 'file') files.set(path, { type: 'file', mode, content: data ?? new Uint8Array() });
  }
  return files;
}

function tarballOf(locked: LockedNpm): Buffer {
  const { name, version, integrity } = locked;
  const folder = `${cacheFolder('image')}npm`;
  const cached = `${folder}/${name.replace('/', '+')}-${version}.tgz`;
  if (existsSync(cached)) {
    const tarball = readFileSync(cached);
    if (integrityOf(tarball) === integrity) return tarball;
    rmSync(cached);
  }
  const draft = draftIn(folder);
  try {
    execFileSync('npm', ['pack', '--silent', '--pack-destination', draft, `${name}@${version}`], {
      cwd: draft,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const file = join(draft, readdirSync(draft)[0] ?? '');
    const tarball = readFileSync(file);
    if (integrityOf(tarball) !== integrity)
      throw new Error(`downloading ${name}@${version} from npm: expected ${integrity}, got ${integrityOf(tarball)}`);
    renameSync(file, cached);
    return tarball;
  } finally {
    rmSync(draft, { recursive: true });
  }
}

function integrityOf(tarball: Buffer): string {
  return `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
}

function draftIn(folder: string): string {
  mkdirSync(folder, { recursive: true });
  return mkdtempSync(join(folder, 'download-'));
}
