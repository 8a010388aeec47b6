import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { lockedPackage, npmTarball } from '#scripts/build/npm-tarball.ts';
import { ROOT } from '#scripts/build/paths.ts';
import { cacheFolder } from '#scripts/engine/cache.ts';
import { PLATFORMS, type Platform } from './platforms.ts';

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
export async function fetchNode({ nodePackage }: Platform): Promise<string> {
  const tarball = npmTarball(lockedPackage(nodePackage));
  const folder = fetchedFolder(nodePackage);
  // Beside the folder, not in /tmp: only within one file system a folder is there whole or not at all.
  const draft = mkdtempSync(`${folder}.draft-`);
  try {
    writeFileSync(join(draft, 'package.tgz'), tarball);
    await promisify(execFile)('tar', ['-xzf', 'package.tgz'], { cwd: draft });
    rmSync(folder, { recursive: true, force: true });
    renameSync(join(draft, 'package'), folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
}

function fetchedFolder(nodePackage: string): string {
  return join(cacheFolder('node'), `${nodePackage}-${lockedPackage(nodePackage).version}`);
}
