import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ENGINE_WASM } from './build/paths.ts';
import { compileEngine } from './engine/compile.ts';
import {
  engineFaults,
  judge,
  lockedCrates,
  type Provenance,
  provenancePath,
  readProvenance,
  sha256,
  sourcesDigest,
} from './engine/provenance.ts';
import { findToolchain, type Toolchain } from './engine/toolchain.ts';

/**
 * `npm run engine`: builds core/engine/engine.wasm again and compares it with the committed one. `--write` replaces it, and PROVENANCE.json with it.
 * Ends with 0 when they are the same, or when another toolchain explains the difference; with 1 when nothing does.
 */
function main(): number {
  const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
  const toolchain = findToolchain();
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
  const [fault] = engineFaults();
  const rebuilt = { sha256: sha256(built), sourcesSha256: sourcesDigest(), toolchain: toolchain.versions };
  const verdict = judge(readProvenance(), rebuilt);
  switch (verdict.type) {
    case 'Same':
      console.log(fault === undefined ? `engine: the same, sha256 ${rebuilt.sha256}` : `engine: ${fault}`);
      return fault === undefined ? 0 : 1;
    case 'OtherToolchain':
      console.log(
        `engine: other toolchain, so nothing is proven either way\n${verdict.differences.map((line) => `        ${line}`).join('\n')}`,
      );
      return 0;
    case 'Fault':
      console.log(`engine: ${verdict.message}\n        rebuilt sha256 ${rebuilt.sha256}`);
      return 1;
  }
}

try {
  process.exitCode = main();
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
