import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import type { Metafile } from 'esbuild';
import { metafilePath } from './output.ts';
import { DIST, ENGINE_WASM, ROOT } from './paths.ts';

/**
 * True when an output is missing or older than anything that went into it. What went in is what the last build wrote down; a new file can only
 * have come in through a change of one of those. Packages change with the lock file.
 */
export function isStale(bundle: string, outputs: readonly string[]): boolean {
  const metafile = metafilePath(bundle);
  if (!existsSync(metafile) || outputs.some((output) => !existsSync(output))) return true;
  const { inputs } = JSON.parse(readFileSync(metafile, 'utf8')) as Metafile;
  const own = Object.keys(inputs).filter((input) => !input.startsWith('node_modules/'));
  const sources = [...own.map((input) => ROOT + input), ...buildFiles()];
  const built = Math.min(...outputs.map((output) => statSync(output).mtimeMs));
  return sources.some((source) => !existsSync(source) || statSync(source).mtimeMs > built);
}

/** What every output depends on. */
function buildFiles(): string[] {
  const scripts = readdirSync(`${ROOT}scripts/build`).map((file) => `${ROOT}scripts/build/${file}`);
  return [...scripts, ENGINE_WASM, `${ROOT}host/engine/wasi.ts`, `${ROOT}package.json`, `${ROOT}package-lock.json`];
}

export const OUTPUTS = {
  core: [`${DIST}core.wasm`],
  host: [`${DIST}host.mjs`],
  plugin: [`${DIST}kubectl-opencode.mjs`, `${DIST}bin/kubectl-opencode`, `${DIST}bin/kubectl_complete-opencode`],
} as const;
