import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, mkdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, type Report } from '../cluster/binaries.ts';
import { buildGoProgram } from '../cluster/build-binaries.ts';
import { withLock } from '../cluster/lock.ts';

const MODULE = fileURLToPath(new URL('go', import.meta.url));
const PACKAGE = 'helm.sh/helm/v4/cmd/helm';

/**
 * Path of helm: `$HELM`, else what this project built before, else of PATH; else it is built from Go modules, once, of the release that
 * `go/go.mod` pins. Undefined where there is none and no Go either.
 */
export async function findHelm(report: Report): Promise<string | undefined> {
  const built = join(builtFolder(), 'helm');
  const found = process.env.HELM || [built, ...onPath('helm')].find(isExecutable);
  if (found !== undefined) return found;
  if (!hasGo()) return undefined;
  const waiting = (pid: number): void => report(`process ${pid} is building helm; waiting for it`);
  await withLock(`${builtFolder()}.lock`, waiting, async () => {
    if (isExecutable(built)) return;
    report(`building helm from Go modules into ${builtFolder()}: a few minutes, once`);
    mkdirSync(builtFolder(), { recursive: true });
    const linkerFlags = ['-s', '-w', `-X helm.sh/helm/v4/internal/version.version=${pinnedVersion()}`].join(' ');
    await buildGoProgram({ name: 'helm', package: PACKAGE, module: MODULE, into: builtFolder(), linkerFlags });
  });
  return built;
}

/** A function of what `go.sum` pins, so an update never meets an old one. */
function builtFolder(): string {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(MODULE, file)));
  return join(cacheFolder(), 'bin', `helm-${hash.digest('hex').slice(0, 16)}`);
}

function pinnedVersion(): string {
  return /helm\.sh\/helm\/v4 (v\S+)/.exec(readFileSync(join(MODULE, 'go.mod'), 'utf8'))?.[1] ?? 'v4';
}

function onPath(name: string): readonly string[] {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function hasGo(): boolean {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore', timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}
