import type { Clock } from '#host/clock.ts';
import { NO_SEEDS, type SeedCounts } from '#test/simulation/run-seeds.ts';
import type { SoakRequest } from './command-line.ts';
import type { Failure } from './failure.ts';
import { sum } from './ledger.ts';
import { type Block, nextBlock, type SeedRange } from './seeds.ts';
import { type BlockRunner, LostBlock } from './thread.ts';

/** Why a soak ended. */
export type SoakEnd = 'Done' | 'TimeIsUp' | 'Interrupted' | 'TooManyFailures';

/** A soak so far, or at its end. */
export interface SoakState {
  readonly from: number;
  readonly counts: SeedCounts;
  readonly failures: readonly Failure[];
  /** Of the wall clock. */
  readonly tookMs: number;
}

export interface SoakOptions extends Pick<SoakRequest, 'histories' | 'forMs' | 'jobs' | 'maxFailures'> {
  readonly from: number;
  /** Seeds that were run before: they run again, in blocks of their own. */
  readonly done: readonly SeedRange[];
  readonly open: (onFailure: (failure: Failure) => void) => BlockRunner;
  /** Keeps what a block came to. */
  readonly record: (block: Block, counts: SeedCounts) => Promise<void>;
  readonly onFailure: (failure: Failure) => void;
  readonly clock: Clock;
  /** Ends it with the histories in hand. */
  readonly signal: AbortSignal;
}

/** Histories of a block: a fraction of a second of work, so that little is lost, and the ledger is still written only a few times a second. */
const BLOCK = 25;
/** Seeds are 32 bits. */
const SEEDS_END = 2 ** 32;

/** Many histories on several runners at once, each with the next block as soon as it is free, until there is a reason to end. */
export class Soak {
  readonly #options: SoakOptions;
  readonly #beganMs: number;
  readonly #runners = new Set<BlockRunner>();
  readonly #failures: Failure[] = [];
  #counts = NO_SEEDS;
  #nextSeed: number;
  #end: SoakEnd | undefined;

  constructor(options: SoakOptions) {
    this.#options = options;
    this.#beganMs = options.clock.monotonic();
    this.#nextSeed = options.from;
  }

  get state(): SoakState {
    const { from, clock } = this.#options;
    return { from, counts: this.#counts, failures: this.#failures, tookMs: clock.monotonic() - this.#beganMs };
  }

  /** Runs to the end; once. Rejects when the account can't be kept. */
  async run(): Promise<SoakEnd> {
    const { jobs, forMs, clock, signal } = this.#options;
    const interrupt = (): void => this.#stop('Interrupted');
    signal.addEventListener('abort', interrupt);
    if (signal.aborted) interrupt();
    const cancel = forMs === undefined ? () => {} : clock.after(forMs, () => this.#stop('TimeIsUp'));
    try {
      await Promise.all(Array.from({ length: jobs }, () => this.#lane()));
      return this.#end ?? 'Done';
    } finally {
      cancel();
      signal.removeEventListener('abort', interrupt);
      await Promise.all([...this.#runners].map((runner) => runner.end()));
    }
  }

  async #lane(): Promise<void> {
    let runner: BlockRunner | undefined;
    for (let block = this.#take(); block !== undefined; block = this.#take()) {
      runner ??= this.#open();
      try {
        const counts = await runner.run(block);
        this.#counts = sum(this.#counts, counts);
        if (counts.histories > 0) await this.#options.record({ from: block.from, histories: counts.histories }, counts);
      } catch (error) {
        if (!(error instanceof LostBlock)) throw error;
        this.#runners.delete(runner);
        runner = undefined;
        this.#failed({ seed: error.seed, violations: [{ rule: 'a-history-ends', says: error.message }], faults: [], lines: [] });
      }
    }
  }

  #open(): BlockRunner {
    const runner = this.#options.open((failure) => this.#failed(failure));
    this.#runners.add(runner);
    return runner;
  }

  #take(): Block | undefined {
    if (this.#end !== undefined) return undefined;
    const { from, histories, done } = this.#options;
    const endSeed = Math.min(SEEDS_END, histories === undefined ? SEEDS_END : from + histories);
    if (this.#nextSeed >= endSeed) return undefined;
    const block = nextBlock(this.#nextSeed, BLOCK, done);
    const cut = { ...block, histories: Math.min(block.histories, endSeed - block.from) };
    this.#nextSeed += cut.histories;
    return cut;
  }

  #failed(failure: Failure): void {
    this.#failures.push(failure);
    this.#options.onFailure(failure);
    if (this.#failures.length >= this.#options.maxFailures) this.#stop('TooManyFailures');
  }

  #stop(why: SoakEnd): void {
    this.#end ??= why;
    for (const runner of this.#runners) runner.askToStop();
  }
}
