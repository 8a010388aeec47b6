import { writeFileSync } from 'node:fs';
import { type Apt, aptFor, type Deb, newestDebs } from './debian.ts';
import { type Architecture, type LockedDeb, lockedNode, lockPath, readLock } from './lock.ts';
import { npmPackage } from './npm-package.ts';
import { nodeFiles } from './own-files.ts';
import { ROOT_PACKAGES, selectFiles } from './selection.ts';

/** Packages that may have a library that something needs; `lib…-perl` and the like have none. */
const LIBRARY = /^(lib(?!perl|error-perl|c-bin|c-dev|pam)|zlib1g$|gcc-\d+-base$)/;

/** Writes the lock anew: the newest packages that apt offers, and of those only what the image has files of. */
export async function updateLock(): Promise<void> {
  const debian = { amd64: await newest('amd64'), arm64: await newest('arm64') };
  writeFileSync(lockPath(), `${JSON.stringify({ npm: readLock().npm, debian }, null, 2)}\n`);
}

async function newest(architecture: Architecture): Promise<readonly LockedDeb[]> {
  const apt = aptFor(architecture);
  const debs = await newestDebs(closure(apt), apt);
  const node = nodeFiles(await npmPackage(lockedNode(architecture)));
  const owners = new Set([...selectFiles(debs, node).values()].map(([owner]) => owner));
  return debs
    .filter(({ name }) => owners.has(name))
    .map(({ name, version, sha256 }: Deb) => ({ name, version, sha256 }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The root packages with all libraries that they may need. */
function closure(apt: Apt): readonly string[] {
  const flags = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map((kind) => `--no-${kind}`);
  const dependencies = dependenciesIn(apt.cache('depends', '--recurse', ...flags, ...ROOT_PACKAGES));
  const names = new Set<string>(ROOT_PACKAGES);
  // A set visits what is added while it is walked.
  for (const name of names) {
    for (const dependency of dependencies.get(name) ?? []) if (LIBRARY.test(dependency)) names.add(dependency);
  }
  return [...names];
}

/** `apt-cache depends` gives each package on a line of its own, and below it what it depends on. */
function dependenciesIn(answer: string): ReadonlyMap<string, readonly string[]> {
  const blocks = answer.split(/^(?=\S)/m);
  return new Map(
    blocks.map((block) => [
      block.split('\n', 1)[0] ?? '',
      [...block.matchAll(/^ +(?:Pre)?Depends: (\S+)$/gm)].map(([, name = '']) => name),
    ]),
  );
}
