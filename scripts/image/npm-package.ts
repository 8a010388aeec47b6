import { gunzipSync } from 'node:zlib';
import { unpackTar } from 'modern-tar';
import { type LockedNpm, npmTarball } from '../build/npm-tarball.ts';
import { type Entry, PROGRAM_MODE, type Tree } from './tree.ts';

/**
 * The files of a package as its registry has it, from the cache or downloaded by npm.
 * @throws when it is not what `integrity` says.
 */
export async function npmPackage(locked: LockedNpm): Promise<Tree> {
  const entries = await unpackTar(gunzipSync(npmTarball(locked)));
  const files = new Map<string, Entry>();
  for (const { header, data } of entries) {
    // All tarballs of npm have one folder, mostly `package`.
    const path = header.name.replace(/^[^/]+\//, '');
    const mode = ((header.mode ?? 0) & 0o111) === 0 ? 0o644 : PROGRAM_MODE;
    if (header.type === 'file') files.set(path, { type: 'file', mode, content: data ?? new Uint8Array() });
  }
  return files;
}
