import { relative } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { removeOthers, writeMetafile, writeOutput } from './output.ts';
import { DIST, ROOT } from './paths.ts';

/** CommonJS packages in the bundle call `require` for Node's own modules, which an ES module does not have. */
const BANNER = "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);";

/** The plugin has a launcher that looks. Without this an older Node ends with a trace of some package that misses something. */
const NODE_CHECK = `{
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 22 || (major === 22 && minor < 19)) {
    console.error('error: the host needs Node 22.19 or newer, this is ' + process.versions.node + '; npm ci brings one on Linux and Windows: node_modules/.bin/node');
    process.exit(1);
  }
}`;

const COMMON = {
  absWorkingDir: ROOT,
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  write: false,
  metafile: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  banner: { js: BANNER },
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
  // Node prints the whole line of a crash; without a limit that is the whole bundle.
  lineLimit: 160,
} as const satisfies BuildOptions;

/** How the plugin is bundled; its paths are below `dist/`. */
export const PLUGIN = {
  ...COMMON,
  entryPoints: { 'kubectl-opencode': 'plugin/main.ts' },
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  minifySyntax: true,
} as const satisfies BuildOptions;

/** `dist/host.mjs`: the controller process, one file. */
export async function buildHost(): Promise<readonly string[]> {
  return bundle('host', { ...COMMON, entryPoints: { host: 'host/main.ts' }, banner: { js: `${BANNER}\n${NODE_CHECK}` } });
}

/** `dist/kubeopencode.mjs`: what the init containers of a Task's Pod run, one file. */
export async function buildHelpers(): Promise<readonly string[]> {
  return bundle('helpers', { ...COMMON, entryPoints: { kubeopencode: 'host/image/helpers/main.ts' } });
}

/** `dist/kubectl-opencode.mjs` and `dist/chunks/`: split, so that `--help` does not load what only some commands need. */
export async function buildPlugin(): Promise<readonly string[]> {
  const files = await bundle('plugin', PLUGIN);
  const chunks = files.filter((file) => file.startsWith(`${DIST}chunks/`));
  if (chunks.length > 0) removeOthers(`${DIST}chunks`, chunks);
  return files;
}

async function bundle(name: string, options: BuildOptions): Promise<readonly string[]> {
  const { outputFiles = [], metafile } = await build(options);
  // Chunks first: whoever reads the new entry finds what it names.
  const files = [...outputFiles].sort((a, b) => depth(b.path) - depth(a.path));
  for (const file of files) writeOutput(file.path, file.contents);
  if (metafile) writeMetafile(name, metafile);
  return files.map((file) => file.path);
}

function depth(path: string): number {
  return relative(DIST, path).split('/').length;
}
