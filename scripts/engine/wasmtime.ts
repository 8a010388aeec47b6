import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cacheFolder } from './cache.ts';

/** Another WASI runtime, for the tests: Python's package of Wasmtime, in a virtual environment in the cache. */
const VERSION = '50.0.1';

/** A Python that can `import wasmtime`, or why there is none. */
export type Wasmtime = { readonly type: 'Ready'; readonly python: string } | { readonly type: 'Missing'; readonly reason: string };

export function findWasmtime(): Wasmtime {
  const python = venvPython();
  if (!existsSync(python))
    return { type: 'Missing', reason: 'Wasmtime is not installed: `node scripts/engine/wasmtime.ts` installs it into the cache' };
  return { type: 'Ready', python };
}

/** Installs it unless it is there (about 10 MB from PyPI). `Missing` says why it can't be: no python3, no venv module, no network. */
export function installWasmtime(): Wasmtime {
  const found = findWasmtime();
  if (found.type === 'Ready') return found;
  const folder = venv();
  const steps: readonly (readonly [string, readonly string[]])[] = [
    ['python3', ['-m', 'venv', '--clear', folder]],
    [`${folder}/bin/pip`, ['install', '--quiet', '--disable-pip-version-check', `wasmtime==${VERSION}`]],
    // Last, so that its presence says that all went well.
    ['ln', ['-s', 'python3', venvPython()]],
  ];
  for (const [program, args] of steps) {
    console.error(`wasmtime: ${program} ${args.join(' ')}`);
    const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
    if (status !== 0) return { type: 'Missing', reason: `\`${program} ${args.join(' ')}\` failed: ${error?.message ?? stderr.trim()}` };
  }
  return findWasmtime();
}

function venv(): string {
  return `${cacheFolder('python')}wasmtime-${VERSION}`;
}

function venvPython(): string {
  return `${venv()}/bin/python-with-wasmtime`;
}

if (import.meta.main) {
  const result = installWasmtime();
  console.error(result.type === 'Ready' ? `wasmtime: ready, ${result.python}` : `error: installing Wasmtime: ${result.reason}`);
  process.exitCode = result.type === 'Ready' ? 0 : 1;
}
