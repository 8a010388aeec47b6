import { fnv1a32 } from '../units/hash.ts';
import { goQuote } from '../units/quote.ts';
import type { DirectoryMount } from './contexts.ts';
import type { FileMount } from './files.ts';
import { TOOLS } from './layout.ts';
import { isWithin, parentOf } from './paths.ts';
import { contextError, type Refusal } from './refusal.ts';

/** A folder outside the workspace that context-init fills and the agent container sees: an empty volume in both. */
export interface SharedFolder {
  readonly volume: string;
  readonly path: string;
}

export interface SharedFolders {
  /** Sorted by path, so that a folder comes before those inside it. */
  readonly folders: readonly SharedFolder[];
  /** Whether something is written into the tools volume too. */
  readonly tools: boolean;
}

/** The folders that files and directories need besides workspace and tools. Each hides what the image has at its path. */
export function sharedFolders(
  files: readonly FileMount[],
  directories: readonly DirectoryMount[],
  workspaceDir: string,
): SharedFolders | Refusal {
  const targets = [
    ...files.map(({ path, origin }) => ({ target: path, folder: parentOf(path), origin })),
    ...directories.map(({ path, origin }) => ({ target: path, folder: path, origin })),
  ].filter(({ target }) => !isWithin(target, workspaceDir));
  const inRoot = targets.find(({ folder }) => folder === '/');
  if (inRoot !== undefined) {
    return contextError(
      `${inRoot.origin} cannot be mounted at ${goQuote(inRoot.target)}: it would need / as a volume; choose a mountPath in a folder`,
    );
  }
  const paths = [...new Set(targets.map(({ folder }) => folder))].sort();
  const taken = new Set<string>();
  const folders = paths
    .filter((path) => path !== TOOLS.path)
    .map((path) => {
      const volume = volumeName(path, taken);
      taken.add(volume);
      return { volume, path };
    });
  return { folders, tools: paths.includes(TOOLS.path) };
}

/** `ctx-` and the path with slashes as `-`, as upstream has it; where that is no DNS label or taken, cut and with a hash of the path. */
function volumeName(path: string, taken: ReadonlySet<string>): string {
  const plain = `ctx-${path.slice(1).replaceAll('/', '-').toLowerCase()}`;
  if (/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(plain) && plain.length <= 63 && !taken.has(plain)) return plain;
  const readable = plain
    .replace(/[^-a-z0-9]/g, '-')
    .slice(0, 54)
    .replace(/-+$/, '');
  for (let salt = 0; ; salt++) {
    const name = `${readable}-${fnv1a32(salt === 0 ? path : `${path}#${salt}`)}`;
    if (!taken.has(name)) return name;
  }
}
