import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where a program of this name would lie, by folder of PATH. */
export function onPath(name: string): readonly string[] {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name));
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Throws what came where there is no Go on PATH. */
export function askForGo(): void {
  execFileSync('go', ['version'], { stdio: 'ignore', timeout: 20_000 });
}

/** 16 hex digits, a function of what a Go module's `go.mod` and `go.sum` pin and of `more`: what was built of it is never taken for what an update builds. */
export function goModuleDigest(module: string, more = ''): string {
  const hash = createHash('sha256').update(more);
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(module, file)));
  return hash.digest('hex').slice(0, 16);
}
