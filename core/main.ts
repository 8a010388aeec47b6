import { readFileSync, writeFileSync } from 'javy/fs';
import type { Snapshot } from './contract/snapshot.ts';
import { decide as decideSnapshot } from './decide.ts';

/** Javy gives these globals; the core's own library has neither DOM nor Node. */
declare class TextDecoder {
  decode(bytes: Uint8Array): string;
}
declare class TextEncoder {
  encode(text: string): Uint8Array;
}

const STDIN = 0;
const STDOUT = 1;

/** What the host calls: a `Snapshot` as JSON in, a `Decision` as JSON out. */
export function decide(json: string): string {
  return JSON.stringify(decideSnapshot(JSON.parse(json) as Snapshot));
}

/** The core as a WASI command: a snapshot on stdin, the decision and a line end on stdout. */
export function main(): void {
  const decision = decide(new TextDecoder().decode(readFileSync(STDIN)));
  writeFileSync(STDOUT, new TextEncoder().encode(`${decision}\n`));
}
