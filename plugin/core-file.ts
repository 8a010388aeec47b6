import { existsSync, readFileSync } from 'node:fs';
import { getRawAsset, isSea } from 'node:sea';
import { fileURLToPath } from 'node:url';

/** Where core.wasm lies: beside the program, one above for one of its chunks, or in the build's folder for one who runs the source. */
const CANDIDATES = ['./core.wasm', '../core.wasm', '../dist/core.wasm', '../../dist/core.wasm'];

/** Name of the core inside of an executable of one file. */
export const CORE_ASSET = 'core.wasm';

/** The core to decide with: the file that was asked for, else the one that came with this program. Throws when there is none. */
export function readCore(asked: string | undefined): Uint8Array {
  if (asked === undefined && isSea()) return new Uint8Array(getRawAsset(CORE_ASSET));
  const candidates = asked === undefined ? CANDIDATES.map((candidate) => fileURLToPath(new URL(candidate, import.meta.url))) : [asked];
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found === undefined) throw new Error(`load the core: expected a file at ${candidates.join(' or ')}; name one with --core`);
  return readFileSync(found);
}
