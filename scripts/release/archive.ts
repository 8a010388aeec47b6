import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { packTar } from 'modern-tar';

/** A file of an archive. */
export interface ArchiveFile {
  /** With slashes, relative. */
  readonly path: string;
  readonly content: Uint8Array;
  /** Default: 0644. */
  readonly mode?: number;
}

/** npm's own time of every file in a package: there is none that a tool takes for a fault, as some do 1970. */
const MTIME = new Date('1985-10-26T08:15:00Z');

/** The same files give the same bytes, in whatever order they come: sorted, with one time, without owners. Folders are left to whoever unpacks. */
export async function tar(files: readonly ArchiveFile[]): Promise<Uint8Array> {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const twice = sorted.find(({ path }, index) => sorted[index + 1]?.path === path);
  if (twice !== undefined) throw new Error(`making an archive: expected each path once, ${twice.path} is there twice`);
  return packTar(
    sorted.map(({ path, content, mode = 0o644 }) => ({
      header: { name: path, size: content.length, type: 'file', mode, mtime: MTIME, uid: 0, gid: 0, uname: '', gname: '' },
      body: content,
    })),
  );
}

/** The same with gzip around it. The bytes are those of this version of Node: another zlib may pack otherwise. */
export async function tarGz(files: readonly ArchiveFile[]): Promise<Uint8Array> {
  return promisify(gzip)(await tar(files), { level: 6 });
}

/** Lower-case hex. */
export function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** What `sha256sum -c` reads. */
export function sumsText(files: readonly Pick<ArchiveFile, 'path' | 'content'>[]): string {
  return [...files]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, content }) => `${sha256(content)}  ${path}\n`)
    .join('');
}

export function textFile(path: string, text: string, mode?: number): ArchiveFile {
  return { path, content: new TextEncoder().encode(text), ...(mode === undefined ? {} : { mode }) };
}
