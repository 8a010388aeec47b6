import { execFileSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { goModuleDigest, isExecutable, onPath } from '../process/programs.ts';
import { buildComponents } from './build-binaries.ts';
import { type Component, KUBERNETES_VERSION } from './components.ts';
import { withLock } from './lock.ts';

/** Says one line of progress; the caller decides where it goes. */
export type Report = (line: string) => void;

/** Absolute path of each program that was asked for. */
export type Binaries<C extends Component> = Readonly<Record<C, string>>;

const MODULE = fileURLToPath(new URL('go', import.meta.url));

/** Folder for what is expensive to make: `$XDG_CACHE_HOME/kubeopencode`, else `~/.cache/kubeopencode`. */
export function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'kubeopencode');
}

/** Folder of the binaries that this project built: a function of the sources that `go.sum` pins, so an update never meets old binaries. */
export function builtFolder(): string {
  return join(cacheFolder(), 'bin', goModuleDigest(MODULE, KUBERNETES_VERSION));
}

/**
 * Paths of the programs: of `$KUBEBUILDER_ASSETS`, else of what this project built before, else of PATH; what is missing is built from Go modules, once.
 * Throws when something is missing and can't be built.
 */
export async function findBinaries<C extends Component>(names: readonly C[], report: Report): Promise<Binaries<C>> {
  const built = builtFolder();
  const find = (): Map<C, string | undefined> => new Map(names.map((name) => [name, locate(name, built)]));
  const missing = (found: ReadonlyMap<C, string | undefined>): C[] => names.filter((name) => found.get(name) === undefined);
  let found = find();
  if (missing(found).length > 0) {
    const waiting = (pid: number): void => report(`process ${pid} is building the control plane; waiting for it`);
    await withLock(`${built}.lock`, waiting, () => buildComponents(missing(find()), { module: MODULE, into: built, report }));
    found = find();
  }
  const entries = names.map((name) => [name, found.get(name) ?? join(built, name)]);
  warnOfSkew(Object.fromEntries(entries), report);
  return Object.fromEntries(entries);
}

function locate(name: Component, built: string): string | undefined {
  const assets = process.env.KUBEBUILDER_ASSETS;
  const candidates = [...(assets ? [join(assets, name)] : []), join(built, name), ...onPath(name)];
  return candidates.find(isExecutable);
}

/** Kubernetes supports a controller manager and a scheduler that are as old as the API server or one minor older, never newer. */
function warnOfSkew(binaries: Readonly<Partial<Record<Component, string>>>, report: Report): void {
  const server = binaries['kube-apiserver'];
  const others = [binaries['kube-controller-manager'], binaries['kube-scheduler']].filter((path) => path !== undefined);
  if (server === undefined || others.length === 0) return;
  if (others.every((path) => folderOf(path) === folderOf(server))) return;
  const expected = versionOf(server);
  for (const path of others) {
    const version = versionOf(path);
    if (version !== expected)
      report(`warning: ${path} is ${version}, the API server is ${expected}; if it misbehaves, give both in KUBEBUILDER_ASSETS`);
  }
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function versionOf(path: string): string {
  return execFileSync(path, ['--version'], { encoding: 'utf8', timeout: 20_000 }).trim();
}
