import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import type { Metafile } from 'esbuild';
import { metafilePath } from './output.ts';
import { DIST, ENGINE_WASM, ROOT } from './paths.ts';

/** What the staleness of an output hangs on. */
export interface Built {
  readonly outputs: readonly string[];
  /** esbuild's account of what went in. */
  readonly metafile: string;
  /** The folder that the account's paths start from, with a slash behind it. */
  readonly root: string;
  /** Files that every output depends on. */
  readonly others: readonly string[];
}

/**
 * True when an output is missing or older than anything that went into it. What went in is what the last build wrote down; a new file can only
 * have come in through a change of one of those. Packages change with the lock file.
 */
export function isStale({ outputs, metafile, root, others }: Built): boolean {
  if (!existsSync(metafile) || outputs.some((output) => !existsSync(output))) return true;
  const { inputs } = JSON.parse(readFileSync(metafile, 'utf8')) as Metafile;
  const own = Object.keys(inputs).filter((input) => !input.startsWith('node_modules/'));
  const sources = [...own.map((input) => root + input), ...others];
  const builtMs = Math.min(...outputs.map((output) => statSync(output).mtimeMs));
  return sources.some((source) => !existsSync(source) || statSync(source).mtimeMs > builtMs);
}

const OUTPUTS = {
  core: [`${DIST}core.wasm`],
  host: [`${DIST}host.mjs`],
  helpers: [`${DIST}kubeopencode.mjs`],
  plugin: [`${DIST}kubectl-opencode.mjs`, `${DIST}bin/kubectl-opencode`, `${DIST}bin/kubectl_complete-opencode`],
} as const;

export type PartName = keyof typeof OUTPUTS;

/** What is in `dist/` of a part. */
export function builtPart(name: PartName): Built {
  const scripts = readdirSync(`${ROOT}scripts/build`).map((file) => `${ROOT}scripts/build/${file}`);
  const others = [...scripts, ENGINE_WASM, `${ROOT}host/engine/wasi.ts`, `${ROOT}package.json`, `${ROOT}package-lock.json`];
  return { outputs: OUTPUTS[name], metafile: metafilePath(name), root: ROOT, others };
}
