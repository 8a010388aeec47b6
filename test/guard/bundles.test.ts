import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { Metafile } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { metafilePath } from '#scripts/build/output.ts';
import { DIST } from '#scripts/build/paths.ts';

/** Bounds in KiB, about a tenth above what is built: a library that comes in unnoticed shows here. Who raises one says why in the commit. */
describe('what is built is at most so large', () => {
  test.each([
    ['core.wasm', 2_100],
    ['host.mjs', 4_000],
    ['kubectl-opencode.mjs', 4],
  ])('%s %d KiB', (file, mostKib) => {
    expect(statSync(DIST + file).size / 1_024).toBeLessThanOrEqual(mostKib);
  });

  test('dist/chunks 4,200 KiB', () => {
    const files = readdirSync(`${DIST}chunks`).filter((file) => file.endsWith('.mjs'));
    const bytes = files.reduce((sum, file) => sum + statSync(`${DIST}chunks/${file}`).size, 0);
    expect(bytes / 1_024).toBeLessThanOrEqual(4_200);
  });
});

describe('what a cold start of the plugin loads', () => {
  const { outputs } = JSON.parse(readFileSync(metafilePath('plugin'), 'utf8')) as Metafile;

  /** Chunks that a file brings with it, without those that it may load later. */
  function loadedBy(output: string, seen = new Set<string>()): ReadonlySet<string> {
    if (seen.has(output)) return seen;
    seen.add(output);
    for (const { path, kind, external } of outputs[output]?.imports ?? []) {
      if (kind === 'import-statement' && external !== true) loadedBy(path, seen);
    }
    return seen;
  }

  const sizeOf = (files: ReadonlySet<string>): number => [...files].reduce((sum, file) => sum + (outputs[file]?.bytes ?? 0), 0) / 1_024;
  const entry = 'dist/kubectl-opencode.mjs';
  const firstStep = new Set(
    (outputs[entry]?.imports ?? []).filter(({ external }) => external !== true).flatMap(({ path }) => [...loadedBy(path)]),
  );

  test('for --help: neither schemas nor the client of the API server, and at most 180 KiB', () => {
    expect(outputs[entry]).toBeDefined();
    const inputs = [...firstStep].flatMap((file) => Object.keys(outputs[file]?.inputs ?? {}));
    expect(inputs.length).toBeGreaterThan(10);
    expect(inputs.filter((input) => /node_modules\/(zod|yaml|undici|@kubernetes)\//.test(input))).toEqual([]);
    expect(sizeOf(firstStep)).toBeLessThanOrEqual(180);
  });
});
