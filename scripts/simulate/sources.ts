import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { build } from 'esbuild';
import { ENGINE_WASM, ROOT } from '../build/paths.ts';
import type { Source } from './ledger.ts';

/** The worker's whole program in one text, and what it was made of. */
export interface WorkerProgram {
  /** CommonJS, for `new Worker(code, { eval: true })`. */
  readonly code: string;
  readonly source: Source;
}

/**
 * Bundles the worker, so that the digest is over exactly what runs, files that are edited meanwhile change nothing in a run of hours, and a thread starts in
 * 30 ms of CPU instead of 350 (what it runs then is no faster). The sources' digest is over all that went in, but for these scripts: they only hand out seeds.
 */
export async function makeWorkerProgram(): Promise<WorkerProgram> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['scripts/simulate/worker.ts'],
    bundle: true,
    write: false,
    metafile: true,
    format: 'cjs',
    platform: 'node',
    target: 'node22',
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error('bundling the worker of the simulation: esbuild gave no output');
  const files = [...Object.keys(metafile.inputs), relative(ROOT, ENGINE_WASM)].filter((file) => !file.startsWith('scripts/')).sort();
  return { code: output.text, source: { digest: digestOf(files), ...commitOf(files) } };
}

function digestOf(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) {
    const content = readFileSync(`${ROOT}${file}`);
    hash.update(`${file}\n${content.length}\n`).update(content);
  }
  return `sha256:${hash.digest('hex')}`;
}

/** Outside of a checkout, or without git, there is no commit to name. */
function commitOf(files: readonly string[]): Pick<Source, 'commit' | 'isCommitted'> {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const commit = git('rev-parse', '--short=9', 'HEAD');
    return { commit, isCommitted: git('status', '--porcelain', '--', ...files) === '' };
  } catch {
    return { isCommitted: false };
  }
}
