import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ENGINE_WASM } from './build/paths.ts';
import { compileEngine } from './engine/compile.ts';
import {
  lockedCrates,
  type Provenance,
  provenancePath,
  readProvenance,
  sha256,
  sourcesDigest,
  toolchainDifferences,
} from './engine/provenance.ts';
import { findToolchain, type Toolchain } from './engine/toolchain.ts';

/**
 * `npm run engine`: builds core/engine/engine.wasm again and compares it with the committed one. `--write` replaces it, and PROVENANCE.json with it.
 * Ends with 0 when they are the same, or when another toolchain explains the difference; with 1 when nothing does.
 */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
  const toolchain = await findToolchain();
  const built = compileEngine(toolchain);
  if (values.write) {
    write(built, toolchain);
    return 0;
  }
  return compare(built, toolchain);
}

function write(built: Uint8Array, toolchain: Toolchain): void {
  const provenance: Provenance = {
    engine: { sha256: sha256(built), sizeBytes: built.length },
    sources: { sha256: sourcesDigest() },
    toolchain: toolchain.versions,
    debianPackages: toolchain.debianPackages,
    crates: lockedCrates(),
  };
  writeFileSync(ENGINE_WASM, built);
  writeFileSync(provenancePath(), `${JSON.stringify(provenance, null, 2)}\n`);
  console.log(`engine: written, sha256 ${provenance.engine.sha256}`);
}

function compare(built: Uint8Array, toolchain: Toolchain): number {
  const committed = sha256(readFileSync(ENGINE_WASM));
  const rebuilt = sha256(built);
  if (rebuilt === committed) {
    console.log(`engine: the same, sha256 ${committed}`);
    return 0;
  }
  const provenance = readProvenance();
  const differences = toolchainDifferences(provenance.toolchain, toolchain.versions);
  console.log(`engine: committed ${committed}\n        rebuilt   ${rebuilt}`);
  if (sourcesDigest() !== provenance.sources.sha256) {
    console.log('engine: the crate was changed after engine.wasm was built: run `npm run engine -- --write`');
    return 1;
  }
  if (differences.length > 0) {
    console.log(`engine: other toolchain, so nothing is proven either way\n${differences.map((line) => `        ${line}`).join('\n')}`);
    return 0;
  }
  console.log(
    'engine: the same crate and the same toolchain gave another file: the committed engine.wasm is not what PROVENANCE.json says',
  );
  return 1;
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  return 1;
});
