import type { Cancel, Clock } from '../clock.ts';

/** Longest sleep: so soon it is noticed that the clock was set, or that the machine slept. */
const LONGEST_MS = 60_000;
/** A wall clock that gains or loses more than this against the monotonic one was set; less is the work of a time server that slews it. */
const STEP_MS = 1_000;

export interface AlarmOptions {
  readonly clock: Clock;
  /** The time has come. */
  ring(): void;
  /** The wall clock was set: nobody knows when what waits for a time is due now. */
  onClockSet(): void;
}

/** One timer for all that the controller waits for: set to the earliest time of its heaps, and set again when that changes. */
export class Alarm {
  readonly #options: AlarmOptions;
  #setToMs: number | undefined;
  /** How far the wall clock is ahead of the monotonic one. */
  #offsetMs: number;
  #cancel: Cancel = () => {};

  constructor(options: AlarmOptions) {
    this.#options = options;
    this.#offsetMs = this.#offset();
  }

  /** Rings once at a time, milliseconds since the epoch; undefined: not at all. */
  set(atMs: number | undefined): void {
    if (atMs === this.#setToMs) return;
    this.#cancel();
    this.#setToMs = atMs;
    if (atMs !== undefined) this.#sleep(atMs);
  }

  #sleep(atMs: number): void {
    const { clock } = this.#options;
    this.#cancel = clock.after(Math.min(LONGEST_MS, atMs - clock.now()), () => this.#wake(atMs));
  }

  #wake(atMs: number): void {
    const { clock, ring, onClockSet } = this.#options;
    const offsetMs = this.#offset();
    const wasSet = Math.abs(offsetMs - this.#offsetMs) > STEP_MS;
    this.#offsetMs = offsetMs;
    if (!wasSet && clock.now() < atMs) {
      this.#sleep(atMs);
      return;
    }
    this.#setToMs = undefined;
    if (wasSet) onClockSet();
    else ring();
  }

  #offset(): number {
    const { clock } = this.#options;
    return clock.now() - clock.monotonic();
  }
}

/** The earlier of two times that may not be set. */
export function earliest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
