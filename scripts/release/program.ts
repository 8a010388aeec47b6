import { relative } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { makeCore } from '#scripts/build/core.ts';
import { executables } from '#scripts/build/executables.ts';
import { DIST } from '#scripts/build/paths.ts';
import { PLUGIN } from '#scripts/build/programs.ts';
import { type ArchiveFile, textFile } from './archive.ts';
import { versionPlugin } from './version.ts';

/** The plugin as a Node runs it, made anew from the sources with the version of the release. */
export interface Program {
  /** By path below the package. */
  readonly files: readonly ArchiveFile[];
  readonly core: Uint8Array;
  readonly metafile: Metafile;
}

export async function buildProgram(version: string): Promise<Program> {
  const { wasm: core } = await makeCore();
  const { outputFiles, metafile } = await build({ ...PLUGIN, plugins: [versionPlugin(version)] });
  const bundles = outputFiles.map(({ path, contents }) => ({ path: relative(DIST, path), content: contents }));
  const launchers = executables().map(({ path, text, mode }) => textFile(path, text, mode));
  return { files: [...bundles, ...launchers, { path: 'core.wasm', content: core }], core, metafile };
}
