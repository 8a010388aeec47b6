import type { SeedCounts } from '#test/simulation/run-seeds.ts';
import type { Failure } from './failure.ts';

export interface WorkerData {
  /** core.wasm. */
  readonly core: Uint8Array;
  /** Name of a mistake that every host makes. */
  readonly mistake: string | undefined;
  /** Numbers of 32 bits, by `SHARED`. */
  readonly shared: SharedArrayBuffer;
}

/** What main thread and worker share, so that neither waits for a message of the other. */
export const SHARED = {
  /** 1: the block ends with the history in hand. */
  isAskedToStop: 0,
  /** The seed in hand. */
  seed: 1,
} as const;
export const SHARED_BYTES = 8;

/** To a worker goes a block; this comes back. */
export type FromWorker =
  | { readonly type: 'Failed'; readonly failure: Failure }
  /** Fewer histories than the block has when it was asked to stop. */
  | { readonly type: 'Done'; readonly counts: SeedCounts };
