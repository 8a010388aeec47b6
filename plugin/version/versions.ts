import { CONTRACT_VERSION } from '#core/contract/version.ts';
import { loadEngine } from '#host/engine/wasm-engine.ts';
import packageJson from '../../package.json' with { type: 'json' };
import type { Versions } from '../contract/version.ts';
import { readCore } from '../core-file.ts';

/** Loads the core, so a printed contract is one that it answered to. Throws when there is no core, or one of another contract. */
export function ownVersions(core: string | undefined): Versions {
  const engine = loadEngine(readCore(core));
  return {
    formatVersion: 1,
    plugin: packageJson.version,
    core: { digest: engine.digest, contract: CONTRACT_VERSION },
    node: process.versions.node,
  };
}
