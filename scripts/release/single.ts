import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build, type Metafile } from 'esbuild';
import { CORE_ASSET } from '#plugin/core-file.ts';
import { ROOT } from '#scripts/build/paths.ts';
import { versionPlugin } from './version.ts';

/** What Node looks for in its own file: source is Node's documentation of single executable applications. */
const SENTINEL = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
const BLOB_NAME = 'NODE_SEA_BLOB';
/** Parsed code has the order of V8's hash tables in it. The one flag of V8 that may differ between the Node that parsed and the one that runs. */
const SAME_SEED = '--random-seed=1';
/** CommonJS has no `import.meta`: files beside the program are beside the executable. */
const BANNER = "const __importMetaUrl=require('node:url').pathToFileURL(process.execPath).href;";

/** The plugin as the one CommonJS script that an executable of one file takes; what each command needs is evaluated only when it runs, as with chunks. */
export async function bundleSingle(version: string): Promise<{ readonly code: Uint8Array; readonly metafile: Metafile }> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['plugin/main.ts'],
    outfile: 'kubectl-opencode.cjs',
    bundle: true,
    write: false,
    metafile: true,
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    minifySyntax: true,
    minifyWhitespace: true,
    banner: { js: BANNER },
    define: { 'import.meta.url': '__importMetaUrl' },
    plugins: [versionPlugin(version)],
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error('bundling the plugin as one script: esbuild gave no output');
  return { code: output.contents, metafile };
}

export interface BlobInput {
  readonly code: Uint8Array;
  readonly core: Uint8Array;
  /** Whether it is for the platform that this runs on: only then can code that is parsed already be put in. */
  readonly isOwn: boolean;
}

/** What is put into a Node: the program and `core.wasm`. The same input gives the same bytes. */
export async function makeBlob({ code, core, isOwn }: BlobInput): Promise<Uint8Array> {
  return inFolder(async (folder) => {
    writeFileSync(join(folder, 'main.cjs'), code);
    writeFileSync(join(folder, CORE_ASSET), core);
    // Paths become part of the blob, so they are told from the folder.
    const config = { main: 'main.cjs', output: 'blob', disableExperimentalSEAWarning: true, useCodeCache: isOwn };
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, assets: { [CORE_ASSET]: CORE_ASSET } }));
    await promisify(execFile)(process.execPath, [SAME_SEED, '--experimental-sea-config', 'config.json'], { cwd: folder });
    return readFileSync(join(folder, 'blob'));
  });
}

/** An executable of one file: a Node, given by its path, with a blob in it. */
export async function makeSingle(node: string, blob: Uint8Array): Promise<Uint8Array> {
  return inFolder(async (folder) => {
    const [executable, content] = [join(folder, 'executable'), join(folder, 'blob')];
    writeFileSync(content, blob);
    copyFileSync(node, executable);
    chmodSync(executable, 0o755);
    await inject(executable, content);
    return readFileSync(executable);
  });
}

async function inFolder(work: (folder: string) => Promise<Uint8Array>): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'kubectl-opencode-single-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** In a process of its own: it takes long and much memory, and says things about Node's file that mean nothing to anybody. */
async function inject(executable: string, blob: string): Promise<void> {
  const postject = fileURLToPath(import.meta.resolve('postject/dist/cli.js'));
  await promisify(execFile)(process.execPath, [postject, executable, BLOB_NAME, blob, '--sentinel-fuse', SENTINEL], { maxBuffer: 1 << 24 });
}

export type ExecutableFormat = 'ELF' | 'PE';

/** What an executable is by its first bytes, and whether a program was put into its Node; for those that can't be run here. */
export function inspect(executable: Uint8Array): {
  readonly format: ExecutableFormat | undefined;
  readonly machine: string | undefined;
  readonly hasProgram: boolean;
} {
  const bytes = Buffer.from(executable.buffer, executable.byteOffset, executable.byteLength);
  // Node's file says `…:0`, and injecting makes it `…:1`.
  const hasProgram = bytes.includes(`${SENTINEL}:1`);
  if (bytes.subarray(0, 4).toString('latin1') === '\x7fELF') {
    return { format: 'ELF', machine: { 62: 'amd64', 183: 'arm64' }[bytes.readUInt16LE(18)], hasProgram };
  }
  if (bytes.subarray(0, 2).toString('latin1') === 'MZ') {
    const header = bytes.readUInt32LE(0x3c);
    return { format: 'PE', machine: { 34404: 'amd64', 43620: 'arm64' }[bytes.readUInt16LE(header + 4)], hasProgram };
  }
  return { format: undefined, machine: undefined, hasProgram };
}
