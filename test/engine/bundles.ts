import { readFileSync } from 'node:fs';
import type { Snapshot } from '#core/contract/snapshot.ts';
import { CONTRACT_VERSION } from '#core/contract/version.ts';
import { ENGINE_WASM } from '#scripts/build/paths.ts';
import { snapshotBundle } from '#scripts/build/snapshot.ts';

/** A core.wasm whose `decide` has this body (`json` is the snapshot's text) and answers the contract question as a real one does. */
export function coreWith(body: string, more = ''): Uint8Array {
  return coreFrom(`
    ${more}
    export function decide(json) {
      if (JSON.parse(json).contract === 0) return '{"type":"Unusable","contract":${CONTRACT_VERSION},"message":"a probe"}';
      ${body}
    }
  `);
}

/** A core.wasm made of this ES module. */
export function coreFrom(source: string): Uint8Array {
  return snapshotBundle(readFileSync(ENGINE_WASM), new TextEncoder().encode(source));
}

/** The answer of a core that wants nothing, with a text in it. */
export const DECIDED = (says: string): string =>
  `JSON.stringify({ type: 'Decided', actions: [], dependsOn: [], reasons: [{ rule: 'test', module: 'core', says: String(${says}), facts: {} }] })`;

/** A snapshot whose content the cores of these tests do not look at. */
export const SNAPSHOT: Snapshot = {
  contract: CONTRACT_VERSION,
  kind: 'Task',
  now: '2026-01-02T03:04:05.678Z',
  subject: { namespace: 'default', name: 'a', uid: '1' },
  task: null,
  pods: [],
  read: {},
  outcomes: [],
  settings: { config: {}, referenceGraceSeconds: 60, unreachableAfterSeconds: 300 },
};
