import type { Metafile } from 'esbuild';
import { readProvenance } from '#scripts/engine/provenance.ts';
import { notices, packagesIn } from '#scripts/image/bundled.ts';

/** The notices that the licences of others ask for: of npm packages in a bundle with their texts, of crates in the engine by name. */
export function noticesText(metafile: Pick<Metafile, 'inputs'>): string {
  const crates = readProvenance().crates.map(({ name, version, licence }) => `${name} ${version} (${licence})\n`);
  return `${notices(packagesIn([metafile]))}\n${'-'.repeat(78)}\n\nIn core.wasm: QuickJS, Javy and these crates of Rust\n\n${crates.join('')}`;
}
