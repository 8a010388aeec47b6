import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CRD_FOLDER, generatedManifests } from './crds/manifests.ts';
import { CHART_FOLDER } from './helm/chart.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const wanted = generatedManifests();
const stale = await staleFiles(wanted);

if (values.check) {
  for (const path of stale)
    console.error(`error: checking ${path}: it is not what its source generates; run npm run crds and commit the result`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const path of stale) await bring(path, wanted.get(path));
  console.error(stale.length === 0 ? `${wanted.size} manifests are up to date` : `brought up to date: ${stale.join(', ')}`);
}

/** Paths whose text on disk differs from `wanted`: changed, missing, or left in a folder that holds nothing else by what is gone. */
async function staleFiles(manifests: ReadonlyMap<string, string>): Promise<readonly string[]> {
  const left = await Promise.all([CRD_FOLDER, CHART_FOLDER].map(filesBelow));
  const paths = [...new Set([...manifests.keys(), ...left.flat()])].sort();
  const checked = await Promise.all(paths.map(async (path) => ({ path, same: (await textOf(path)) === manifests.get(path) })));
  return checked.filter(({ same }) => !same).map(({ path }) => path);
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => relative(root, join(parentPath, name)));
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(join(root, path), 'utf8').catch(() => undefined);
}

async function bring(path: string, text: string | undefined): Promise<void> {
  const file = join(root, path);
  if (text === undefined) return rm(file);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
