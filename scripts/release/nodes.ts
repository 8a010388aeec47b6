import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '#scripts/build/paths.ts';
import { cacheFolder } from '#scripts/engine/cache.ts';
import { PLATFORMS, type Platform } from './platforms.ts';

interface Locked {
  readonly version: string;
  readonly integrity: string;
}

/** Folder of a platform's Node: npm has installed that of this machine, others were fetched before; undefined where it is not here. */
export function findNode({ nodePackage, nodeFile }: Platform): string | undefined {
  const folders = [`${ROOT}node_modules/${nodePackage}`, fetchedFolder(nodePackage)];
  return folders.find((folder) => existsSync(join(folder, nodeFile)));
}

/** The licence of Node and of what is in it; the package of Windows comes without, and all are of one version. */
export function nodeLicence(): string {
  const file = PLATFORMS.flatMap((platform) => findNode(platform) ?? [])
    .map((folder) => join(folder, 'LICENSE'))
    .find((candidate) => existsSync(candidate));
  if (file === undefined) throw new Error('telling the licence of Node: expected a LICENSE in one of its npm packages');
  return readFileSync(file, 'utf8');
}

/** Fetches a platform's Node through npm, as package-lock.json has it, and keeps it in the user's cache. Throws where the bytes are others. */
export async function fetchNode(platform: Platform): Promise<string> {
  const { nodePackage } = platform;
  const { version, integrity } = lockedNode(nodePackage);
  const folder = mkdtempSync(join(tmpdir(), 'kubeopencode-node-'));
  try {
    await promisify(execFile)('npm', ['pack', `${nodePackage}@${version}`, '--pack-destination', folder, '--silent'], { cwd: folder });
    const archive = join(folder, `${nodePackage}-${version}.tgz`);
    const came = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (came !== integrity) throw new Error(`fetching ${nodePackage} ${version}: package-lock.json expects ${integrity}, came ${came}`);
    await promisify(execFile)('tar', ['-xzf', archive, '-C', folder]);
    renameInto(join(folder, 'package'), fetchedFolder(nodePackage));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return fetchedFolder(nodePackage);
}

function fetchedFolder(nodePackage: string): string {
  return join(cacheFolder('node'), `${nodePackage}-${lockedNode(nodePackage).version}`);
}

function lockedNode(nodePackage: string): Locked {
  const { packages } = JSON.parse(readFileSync(`${ROOT}package-lock.json`, 'utf8')) as {
    readonly packages: Readonly<Record<string, Locked>>;
  };
  const locked = packages[`node_modules/${nodePackage}`];
  if (locked === undefined) throw new Error(`finding a Node: expected ${nodePackage} in package-lock.json`);
  return locked;
}

/** Whole or not at all, where both are on one file system; another release may be at it. */
function renameInto(from: string, into: string): void {
  rmSync(into, { recursive: true, force: true });
  renameSync(from, into);
}
