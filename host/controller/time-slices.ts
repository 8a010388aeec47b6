import type { Clock } from '../clock.ts';

/** How long decisions may follow one another before the event loop turns. */
const SLICE_MS = 20;

/**
 * Lets the event loop turn now and then. Decisions that need nothing from the network follow one another as promise jobs, and ten thousand of them would keep the
 * lease, the probes and the watches waiting for seconds. Costs a timer for each turn, and nothing where decisions are few.
 */
export class TimeSlices {
  readonly #clock: Pick<Clock, 'monotonic' | 'after'>;
  /** The slice that runs, until the loop has turned. */
  #slice: Slice | undefined;

  constructor(clock: Pick<Clock, 'monotonic' | 'after'>) {
    this.#clock = clock;
  }

  /** Undefined while there is time left to decide; else what to wait for before asking again. */
  turn(): Promise<void> | undefined {
    const slice = this.#slice ?? this.#begin();
    return this.#clock.monotonic() - slice.startedMs < SLICE_MS ? undefined : slice.turned;
  }

  #begin(): Slice {
    const turned = new Promise<void>((resolve) => {
      this.#clock.after(0, () => {
        this.#slice = undefined;
        resolve();
      });
    });
    const slice = { startedMs: this.#clock.monotonic(), turned };
    this.#slice = slice;
    return slice;
  }
}

interface Slice {
  readonly startedMs: number;
  readonly turned: Promise<void>;
}
