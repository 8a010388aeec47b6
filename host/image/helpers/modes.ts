import { chmod, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Said } from './said.ts';

/** Permission bits that everything below a folder gets, besides those that it has. */
export interface AddedModes {
  readonly folders: number;
  readonly files: number;
  /** For files that somebody may run; default: `files`. */
  readonly programs?: number;
}

/** Adds permission bits to a folder and all in it. Links are left alone, and what belongs to somebody else is only warned of. */
export async function addModes(path: string, added: AddedModes, said: Said): Promise<void> {
  const entry = await lstat(path);
  if (entry.isSymbolicLink()) return;
  const isProgram = (entry.mode & 0o111) !== 0;
  const bits = entry.isDirectory() ? added.folders : isProgram ? (added.programs ?? added.files) : added.files;
  const mode = entry.mode & 0o7777;
  if ((mode | bits) !== mode) {
    await chmod(path, mode | bits).catch((error: unknown) => said.warn(`the mode of ${path} stays ${mode.toString(8)}: ${String(error)}`));
  }
  if (!entry.isDirectory()) return;
  for (const name of await readdir(path)) await addModes(join(path, name), added, said);
}
