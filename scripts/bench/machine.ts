import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import packageJson from '../../package.json' with { type: 'json' };
import { ROOT } from '../build/paths.ts';
import { KUBERNETES_VERSION } from '../cluster/components.ts';

/** What the figures of a run hang on. */
export interface Machine {
  /** `2026-01-31`. */
  readonly date: string;
  readonly commit?: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Mean load of the last minute before the run: what else the machine did. */
  readonly loadBefore: number;
}

export function thisMachine(): Machine {
  const processors = cpus();
  const commit = commitOf();
  return {
    date: new Date().toISOString().slice(0, 10),
    ...(commit === undefined ? {} : { commit }),
    cpu: processors[0]?.model.trim() || 'unknown processor',
    cores: processors.length,
    memoryGiB: totalmem() / 2 ** 30,
    system: `${type()} ${release()}`,
    versions: {
      'kubeopencode-runtime': packageJson.version,
      node: process.versions.node,
      V8: process.versions.v8,
      Kubernetes: KUBERNETES_VERSION,
    },
    loadBefore: loadavg()[0] ?? 0,
  };
}

/** Outside of a checkout there is none to name. */
function commitOf(): string | undefined {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return `${git('rev-parse', '--short=9', 'HEAD')}${git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' and changes'}`;
  } catch {
    return undefined;
  }
}
