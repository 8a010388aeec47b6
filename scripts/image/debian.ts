import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unpackTar } from 'modern-tar';
import { cacheFolder } from '#scripts/engine/cache.ts';
import { sha256 } from '#scripts/engine/provenance.ts';
import type { Architecture, LockedDeb } from './lock.ts';
import { type Entry, imagePath, type Tree } from './tree.ts';

/** A Debian package with all its files. */
export interface Deb extends LockedDeb {
  readonly files: Tree;
  /** Of the source that it was built from. */
  readonly source: string;
}

/** What to do when apt does not offer a locked package any more: Debian's mirrors keep only the newest of each release. */
export type WhenGone = 'Fail' | 'TakeNewer';

const CACHE = 'image';
const UNPACKED_LIMIT_BYTES = 256 * 1024 * 1024;

/**
 * The packages of the lock, from the cache or downloaded by apt, which checks Debian's signatures; then their digests are compared with the lock's. Nothing is
 * installed, no root is needed, and apt's own lists are left alone.
 * @throws where apt is missing, or does not offer a package and that is to fail.
 */
export async function fetchDebs(locked: readonly LockedDeb[], architecture: Architecture, whenGone: WhenGone): Promise<readonly Deb[]> {
  const apt = aptFor(architecture);
  const missing = locked.filter((deb) => !existsSync(cachedDeb(deb.sha256)));
  const isComplete = missing.length === 0 || apt.download(missing.map(({ name, version }) => `${name}=${version}`)) !== undefined;
  return Promise.all(locked.map((deb) => readDeb(isComplete ? cachedDeb(deb.sha256) : oneByOne(deb, apt, whenGone), deb, whenGone)));
}

function oneByOne({ name, version, sha256 }: LockedDeb, apt: Apt, whenGone: WhenGone): string {
  if (existsSync(cachedDeb(sha256))) return cachedDeb(sha256);
  const [same] = apt.download([`${name}=${version}`]) ?? [];
  if (same !== undefined) return same;
  const advice = 'run `npm run image -- --update-lock`';
  if (whenGone === 'Fail') throw new Error(`downloading Debian's ${name} ${version}: apt does not offer it any more; ${advice}`);
  const [newer] = apt.download([name]) ?? [];
  if (newer === undefined) throw new Error(`downloading Debian's ${name}: apt does not offer it; is this Debian 12, with its own sources?`);
  console.error(`image: Debian's ${name} ${version} is gone, so this image has a newer one and another digest; ${advice}`);
  return newer;
}

function cachedDeb(digest: string): string {
  return `${cacheFolder(CACHE)}debs/${digest}.deb`;
}

function intoCache(file: string): string {
  const cached = cachedDeb(sha256(readFileSync(file)));
  mkdirSync(dirname(cached), { recursive: true });
  renameSync(file, cached);
  return cached;
}

/** The newest packages that apt offers; for who writes the lock. */
export function newestDebs(names: readonly string[], apt: Apt): Promise<readonly Deb[]> {
  const files = apt.download(names);
  if (files === undefined) throw new Error(`downloading Debian's ${names.join(', ')}: apt does not offer them all`);
  return Promise.all(files.map((file) => readDeb(file)));
}

/** apt with lists of its own, for one architecture. */
export interface Apt {
  /** Where the downloaded files are, in the cache; undefined when it does not offer them all. */
  download(specifiers: readonly string[]): readonly string[] | undefined;
  /** What `apt-cache` answers. */
  cache(...args: readonly string[]): string;
}

export function aptFor(architecture: Architecture): Apt {
  const folder = `${cacheFolder(CACHE)}apt-${architecture}`;
  let isUpdated = false;
  const options = [
    ['Dir::State', folder],
    ['Dir::State::lists', `${folder}/lists`],
    ['Dir::State::status', `${folder}/status`],
    ['Dir::Cache', `${folder}/cache`],
    ['APT::Architecture', architecture],
    ['APT::Architectures', architecture],
    ['APT::Sandbox::User', 'root'],
    ['Acquire::Languages', 'none'],
    ['Acquire::IndexTargets::deb::DEP-11::DefaultEnabled', 'false'],
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const update = (): void => {
    if (isUpdated) return;
    for (const name of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, 'status'), '');
    console.error(`image: asking apt what Debian has for ${architecture}`);
    try {
      execFileSync('apt-get', ['update', '--quiet', ...options], { stdio: ['ignore', 'ignore', 'inherit'] });
    } catch (cause) {
      throw new Error('making the image: `apt-get update` failed; it takes its packages from Debian 12, so it needs apt and a network', {
        cause,
      });
    }
    isUpdated = true;
  };
  return {
    download(specifiers) {
      update();
      const draft = mkdtempSync(`${folder}/download-`);
      try {
        execFileSync('apt-get', ['download', '--quiet', ...options, ...specifiers], { cwd: draft, stdio: ['ignore', 'ignore', 'pipe'] });
        return readdirSync(draft).map((name) => intoCache(join(draft, name)));
      } catch {
        return undefined;
      } finally {
        rmSync(draft, { recursive: true });
      }
    },
    cache(...args) {
      update();
      return execFileSync('apt-cache', [...options, ...args], { encoding: 'utf8' });
    },
  };
}

/** @throws when it is another one than the lock says, and that is to fail. */
async function readDeb(path: string, locked?: LockedDeb, whenGone: WhenGone = 'TakeNewer'): Promise<Deb> {
  const digest = sha256(readFileSync(path));
  if (locked !== undefined && whenGone === 'Fail' && digest !== locked.sha256)
    throw new Error(`reading Debian's ${locked.name} ${locked.version}: expected sha256 ${locked.sha256} as the lock says, got ${digest}`);
  const output = (...args: readonly string[]): Buffer => execFileSync('dpkg-deb', args, { maxBuffer: UNPACKED_LIMIT_BYTES });
  const field = (name: string): string => output('--field', path, name).toString().trim();
  const name = field('Package');
  const entries = await unpackTar(output('--fsys-tarfile', path));
  const files = new Map<string, Entry>();
  for (const { header, data } of entries) {
    const at = imagePath(header.name);
    if (header.type === 'symlink') files.set(at, { type: 'link', target: header.linkname ?? '' });
    if (header.type === 'file') files.set(at, { type: 'file', mode: (header.mode ?? 0o644) & 0o777, content: data ?? new Uint8Array() });
    const original = header.type === 'link' ? files.get(imagePath(header.linkname ?? '')) : undefined;
    if (original !== undefined) files.set(at, original);
  }
  return { name, version: field('Version'), sha256: digest, source: field('Source').split(' ')[0] || name, files };
}
