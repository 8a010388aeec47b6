import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { relative } from 'node:path';
import { buildCore } from './build/core.ts';
import { buildExecutables } from './build/executables.ts';
import { DIST, ROOT } from './build/paths.ts';
import { buildHelpers, buildHost, buildPlugin } from './build/programs.ts';
import { builtPart, isStale, type PartName } from './build/stale.ts';

interface Part {
  readonly name: PartName;
  readonly entry: string;
  readonly build: () => Promise<readonly string[]>;
}

const PARTS: readonly Part[] = [
  { name: 'core', entry: 'core/main.ts', build: buildCore },
  { name: 'host', entry: 'host/main.ts', build: buildHost },
  { name: 'helpers', entry: 'host/image/helpers/main.ts', build: buildHelpers },
  { name: 'plugin', entry: 'plugin/main.ts', build: async () => [...(await buildPlugin()), ...(await buildExecutables())] },
];

/** Builds everything into `dist/`. Talks on stderr. */
export async function buildAll(): Promise<void> {
  for (const part of PARTS) await buildPart(part);
}

/**
 * Builds those of the named parts of `dist/` (default: all) that are missing or older than their sources; says nothing when there are none. Talks on
 * stderr.
 */
export async function buildIfStale(names: readonly PartName[] = PARTS.map((part) => part.name)): Promise<void> {
  for (const part of PARTS.filter(({ name }) => names.includes(name))) {
    if (isStale(builtPart(part.name))) await buildPart(part);
  }
}

async function buildPart(part: Part): Promise<void> {
  if (!existsSync(ROOT + part.entry)) {
    console.error(`build: no ${part.entry}, so ${builtPart(part.name).outputs.map(short).join(', ')} is left out`);
    return;
  }
  const startedMs = performance.now();
  const files = await part.build();
  const tookMs = Math.round(performance.now() - startedMs);
  const top = files.filter((file) => !file.startsWith(`${DIST}chunks/`));
  const chunks = files.length - top.length;
  const parts = [...top.map(described), ...(chunks > 0 ? [`dist/chunks/ (${chunks} files)`] : [])];
  console.error(`build: ${parts.join(', ')} in ${tookMs} ms`);
}

function described(file: string): string {
  const sizeKb = Math.ceil(statSync(file).size / 1024);
  if (!file.endsWith('.wasm')) return `${short(file)} ${sizeKb} KB`;
  const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
  return `${short(file)} ${sizeKb} KB sha256:${digest}`;
}

function short(file: string): string {
  return relative(ROOT, file);
}

if (import.meta.main) {
  await buildAll().catch((error: unknown) => {
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  });
}
