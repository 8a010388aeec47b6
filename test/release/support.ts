import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { ArchiveFile } from '#scripts/release/archive.ts';
import { makeRelease, type ReleaseInput } from '#scripts/release/make.ts';
import packageJson from '../../package.json' with { type: 'json' };

export const VERSION = '1.2.3';

/** A release of another version than package.json has, so that what tells its version has it from the release. */
export function release(input: Partial<ReleaseInput> = {}): Promise<readonly ArchiveFile[]> {
  const { license, engines } = packageJson;
  return makeRelease({
    project: { version: VERSION, license, engines },
    baseUrl: `https://example.com/v${VERSION}`,
    platforms: [],
    image: [],
    report: () => {},
    ...input,
  });
}

/** Files in a folder of their own. */
export function written(files: readonly ArchiveFile[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'release-'));
  for (const { path, content, mode = 0o644 } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content, { mode });
  }
  return folder;
}

/** Stdout of a program that must end well. */
export async function said(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout } = await promisify(execFile)(program, [...args], { env: { ...process.env, ...env }, maxBuffer: 1 << 24 });
  return stdout;
}

export function named(files: readonly ArchiveFile[], name: string): ArchiveFile {
  const file = files.find(({ path }) => path === name);
  if (file === undefined) throw new Error(`expected ${name}, there are ${files.map(({ path }) => path).join(', ')}`);
  return file;
}
