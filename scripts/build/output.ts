import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Metafile } from 'esbuild';
import { DIST } from './paths.ts';

/** Writes a file whole or not at all: another process may be reading it. */
export function writeOutput(file: string, content: Uint8Array | string, mode = 0o644): void {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, content, { mode });
  renameSync(draft, file);
}

/** Keeps what went into a bundle, for the staleness check and the test of the dependency rule. */
export function writeMetafile(bundle: string, metafile: Metafile): void {
  writeOutput(metafilePath(bundle), `${JSON.stringify(metafile, null, 1)}\n`);
}

export function metafilePath(bundle: string): string {
  return `${DIST}meta/${bundle}.json`;
}

/** Removes files of a folder that an earlier build left there; drafts may be another build's, at work now. */
export function removeOthers(folder: string, keep: readonly string[]): void {
  const kept = new Set(keep.map((file) => basename(file)));
  for (const entry of readdirSync(folder)) {
    if (!kept.has(entry) && !entry.endsWith('.tmp')) rmSync(`${folder}/${entry}`, { force: true });
  }
}
