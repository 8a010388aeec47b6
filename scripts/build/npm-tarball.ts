import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../engine/cache.ts';
import { ROOT } from './paths.ts';

/** A package of npm, as a lock names it. */
export interface LockedNpm {
  readonly name: string;
  readonly version: string;
  /** As npm has it: `sha512-…`. */
  readonly integrity: string;
}

/** @throws when package-lock.json has no such package. */
export function lockedPackage(name: string): LockedNpm {
  const { packages } = JSON.parse(readFileSync(`${ROOT}package-lock.json`, 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly version: string; readonly integrity: string } | undefined>>;
  };
  const locked = packages[`node_modules/${name}`];
  if (locked === undefined) throw new Error(`looking for ${name}: expected it in package-lock.json, it is not there`);
  return { name, version: locked.version, integrity: locked.integrity };
}

/**
 * The gzipped tar archive of a package, from the user's cache or downloaded by npm.
 * @throws when it is not what `integrity` says.
 */
export function npmTarball({ name, version, integrity }: LockedNpm): Buffer {
  const folder = cacheFolder('npm');
  const cached = `${folder}${name.replace('/', '+')}-${version}.tgz`;
  if (existsSync(cached)) {
    const tarball = readFileSync(cached);
    if (integrityOf(tarball) === integrity) return tarball;
    rmSync(cached);
  }
  const draft = mkdtempSync(`${folder}download-`);
  try {
    execFileSync('npm', ['pack', '--silent', '--pack-destination', draft, `${name}@${version}`], {
      cwd: draft,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const file = join(draft, readdirSync(draft)[0] ?? '');
    const tarball = readFileSync(file);
    const came = integrityOf(tarball);
    if (came !== integrity) throw new Error(`downloading ${name}@${version} from npm: expected ${integrity}, came ${came}`);
    renameSync(file, cached);
    return tarball;
  } finally {
    rmSync(draft, { recursive: true });
  }
}

function integrityOf(tarball: Buffer): string {
  return `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
}
