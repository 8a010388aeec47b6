import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, type Report } from '../cluster/binaries.ts';
import { buildGoProgram } from '../cluster/build-binaries.ts';
import { withLock } from '../cluster/lock.ts';
import { askForGo, goModuleDigest, isExecutable, onPath } from '../process/programs.ts';

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

function builtFolder(): string {
  return join(cacheFolder(), 'bin', `helm-${goModuleDigest(MODULE)}`);
}

function pinnedVersion(): string {
  return /helm\.sh\/helm\/v4 (v\S+)/.exec(readFileSync(join(MODULE, 'go.mod'), 'utf8'))?.[1] ?? 'v4';
}

function hasGo(): boolean {
  try {
    askForGo();
    return true;
  } catch {
    return false;
  }
}
