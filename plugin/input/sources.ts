import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Io } from '../io.ts';
import { shellLine } from '../kubectl.ts';

/** Text of one file, or of standard input (`-`). */
export interface SourceText {
  /** As the user named it, for messages. */
  readonly name: string;
  readonly text: string;
}

export type Sources = { readonly ok: true; readonly sources: readonly SourceText[] } | { readonly ok: false; readonly message: string };

/** What standard input is called in messages. */
export const STDIN_NAME = '<stdin>';

const EXTENSIONS = ['.json', '.yaml', '.yml'];

/** Reads what `-f` names, as kubectl does: files, folders (their .json, .yaml and .yml files, by name; below them with `-R`), `-` for standard input. */
export async function readSources(filenames: readonly string[], recursive: boolean, io: Pick<Io, 'cwd' | 'stdin'>): Promise<Sources> {
  const sources: SourceText[] = [];
  for (const filename of filenames) {
    if (filename === '-') {
      sources.push({ name: STDIN_NAME, text: await io.stdin() });
      continue;
    }
    if (/^https?:\/\//.test(filename)) {
      return {
        ok: false,
        message: `read ${filename}: expected a file or a folder, and nothing is read from the network here; fetch it first: ${shellLine(['curl', '-fsSLO', filename])}`,
      };
    }
    try {
      const names = statSync(resolve(io.cwd, filename)).isDirectory() ? listFolder(io.cwd, filename, recursive) : [filename];
      if (names.length === 0)
        return {
          ok: false,
          message: `read ${filename}: expected files that end with ${EXTENSIONS.join(', ')}, found none${recursive ? '' : '; -R looks into folders below'}`,
        };
      for (const name of names) sources.push({ name, text: readFileSync(resolve(io.cwd, name), 'utf8') });
    } catch (error) {
      return { ok: false, message: `read ${filename}: ${reasonOf(error)}` };
    }
  }
  return { ok: true, sources };
}

function listFolder(cwd: string, folder: string, recursive: boolean): readonly string[] {
  const entries = readdirSync(resolve(cwd, folder), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return recursive ? listFolder(cwd, path, recursive) : [];
    return EXTENSIONS.some((extension) => entry.name.endsWith(extension)) ? [path] : [];
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'not allowed to read it',
  EISDIR: 'is a folder',
};

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}
