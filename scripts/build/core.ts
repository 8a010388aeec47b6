import { readFileSync } from 'node:fs';
import { build, type Metafile } from 'esbuild';
import { writeMetafile, writeOutput } from './output.ts';
import { DIST, ENGINE_WASM, ROOT } from './paths.ts';
import { snapshotBundle } from './snapshot.ts';

export interface Bundle {
  readonly code: Uint8Array;
  readonly metafile: Metafile;
}

/** One ES module of everything that the entry imports, for the engine: it has neither Node's modules nor a DOM. */
export async function bundleForEngine(entry: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile: 'core.mjs',
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
  });
  const [output] = outputFiles;
  if (!output) throw new Error(`bundling ${entry}: esbuild gave no output`);
  return { code: output.contents, metafile };
}

/** The engine with the evaluated core in its memory. The same sources give the same bytes. */
export async function makeCore(): Promise<{ readonly wasm: Uint8Array; readonly metafile: Metafile }> {
  const { code, metafile } = await bundleForEngine('core/main.ts');
  return { wasm: snapshotBundle(readFileSync(ENGINE_WASM), code), metafile };
}

/** Writes `dist/core.wasm`. */
export async function buildCore(): Promise<readonly string[]> {
  const { wasm, metafile } = await makeCore();
  writeOutput(`${DIST}core.wasm`, wasm);
  writeMetafile('core', metafile);
  return [`${DIST}core.wasm`];
}
