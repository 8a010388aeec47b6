import { Worker } from 'node:worker_threads';
import type { Clock } from '#host/clock.ts';
import type { SeedCounts } from '#test/simulation/run-seeds.ts';
import type { Failure } from './failure.ts';
import type { Block } from './seeds.ts';
import { type FromWorker, SHARED, SHARED_BYTES, type WorkerData } from './thread-messages.ts';

/** Runs one block at a time. */
export interface BlockRunner {
  /** What its histories came to; fewer of them when it was asked to stop. Rejects with a `LostBlock` when it can't go on, and is of no use then. */
  run(block: Block): Promise<SeedCounts>;
  askToStop(): void;
  end(): Promise<void>;
}

/** A block whose runner died of it. */
export class LostBlock extends Error {
  /** The seed that it was at. */
  readonly seed: number;

  constructor(seed: number, why: string) {
    super(why);
    this.name = 'LostBlock';
    this.seed = seed;
  }
}

export interface ThreadOptions {
  /** CommonJS program of the thread. */
  readonly code: string;
  /** core.wasm. */
  readonly core: Uint8Array;
  /** Name of a mistake that every host makes. */
  readonly mistake: string | undefined;
  readonly clock: Clock;
  readonly onFailure: (failure: Failure) => void;
}

/** No history takes as long, nor does cutting one down; who is still at it goes round in circles. */
const STUCK_MS = 300_000;
const LOOK_EVERY_MS = 10_000;

/** A thread of its own, so that a history that never ends or eats all memory costs its block and no more. */
export function openThread({ code, core, mistake, clock, onFailure }: ThreadOptions): BlockRunner {
  const shared = new SharedArrayBuffer(SHARED_BYTES);
  const state = new Uint32Array(shared);
  const worker = new Worker(code, { eval: true, workerData: { core, mistake, shared } satisfies WorkerData });
  let hand: { readonly resolve: (counts: SeedCounts) => void; readonly reject: (why: LostBlock) => void } | undefined;
  let unwatch = (): void => {};

  function lose(why: string): void {
    unwatch();
    hand?.reject(new LostBlock(Atomics.load(state, SHARED.seed), why));
    hand = undefined;
  }
  function watch(seed: number, sinceMs: number): void {
    unwatch = clock.after(LOOK_EVERY_MS, () => {
      const now = Atomics.load(state, SHARED.seed);
      if (now !== seed) return watch(now, clock.monotonic());
      if (clock.monotonic() - sinceMs < STUCK_MS) return watch(seed, sinceMs);
      lose(`came to no end in ${STUCK_MS / 1_000} s`);
      void worker.terminate();
    });
  }
  worker.on('message', (message: FromWorker) => {
    if (message.type === 'Failed') return onFailure(message.failure);
    unwatch();
    hand?.resolve(message.counts);
    hand = undefined;
  });
  worker.on('error', (error) => lose(error instanceof Error ? (error.stack ?? error.message) : String(error)));
  worker.on('exit', (exitCode) => lose(`its thread ended with exit code ${exitCode}`));

  return {
    run(block) {
      return new Promise((resolve, reject) => {
        hand = { resolve, reject };
        watch(block.from, clock.monotonic());
        worker.postMessage(block);
      });
    },
    askToStop: () => void Atomics.store(state, SHARED.isAskedToStop, 1),
    end: async () => {
      unwatch();
      await worker.terminate();
    },
  };
}
