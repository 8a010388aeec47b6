import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where core.wasm lies: beside the program, one above for one of its chunks, or in the build's folder for one who runs the source. */
const CANDIDATES = ['./core.wasm', '../core.wasm', '../dist/core.wasm', '../../dist/core.wasm'];

/** Path of the core to decide with. Throws when there is none. */
export function coreFile(asked: string | undefined): string {
  const candidates = asked === undefined ? CANDIDATES.map((candidate) => fileURLToPath(new URL(candidate, import.meta.url))) : [asked];
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found === undefined) throw new Error(`load the core: expected a file at ${candidates.join(' or ')}; name one with --core`);
  return found;
}
