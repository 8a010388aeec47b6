/** Something at a path of the image. */
export type Entry =
  | { readonly type: 'folder'; readonly mode: number }
  | { readonly type: 'file'; readonly mode: number; readonly content: Uint8Array }
  | { readonly type: 'link'; readonly target: string };

/** Paths of the image, without a slash before them and behind them, and what is there. */
export type Tree = ReadonlyMap<string, Entry>;

export const PROGRAM_MODE = 0o755;
export const FILE_MODE = 0o644;

/** Folders of Debian's merged /usr; those in the root are links. */
const MERGED = ['bin', 'sbin', 'lib', 'lib64'] as const;

/** A path of a package as the image has it: `./bin/sh`, `/bin/sh` and `usr/bin/sh` are the same. */
export function imagePath(path: string): string {
  const clean = path.replace(/^(\.?\/)+/, '').replace(/\/+$/, '');
  return MERGED.some((folder) => clean.startsWith(`${folder}/`)) ? `usr/${clean}` : clean;
}

/** Links in the root for the folders of the merged /usr. */
export function mergedUsrLinks(): Tree {
  return new Map(MERGED.map((folder) => [folder, { type: 'link', target: `usr/${folder}` }]));
}

export function file(content: Uint8Array | string, mode: number = FILE_MODE): Entry {
  return { type: 'file', mode, content: typeof content === 'string' ? Buffer.from(content) : content };
}

/** All of several trees. @throws when two have different things at one path. */
export function union(...trees: readonly Tree[]): Tree {
  const all = new Map<string, Entry>();
  for (const [path, entry] of trees.flatMap((tree) => [...tree])) {
    if (all.has(path)) throw new Error(`making the image: two packages have something at /${path}`);
    all.set(path, entry);
  }
  return all;
}

/** The tree with the folders that its paths lie in, sorted so that each folder comes before what is in it. */
export function withFolders(tree: Tree): readonly (readonly [path: string, entry: Entry])[] {
  const all = new Map(tree);
  for (const path of tree.keys()) {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const folder = path.slice(0, at);
      if (!all.has(folder)) all.set(folder, { type: 'folder', mode: 0o755 });
    }
  }
  return [...all].sort(([a], [b]) => (a < b ? -1 : 1));
}
