import type { Cancel, Clock } from '../clock.ts';

/** One timer for all that the controller waits for: set to the earliest time of its heaps, and set again when that changes. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #setToMs: number | undefined;
  #cancel: Cancel = () => {};

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings once at a time, milliseconds since the epoch; undefined: not at all. */
  set(atMs: number | undefined): void {
    if (atMs === this.#setToMs) return;
    this.#cancel();
    this.#setToMs = atMs;
    if (atMs === undefined) return;
    this.#cancel = this.#clock.after(atMs - this.#clock.now(), () => {
      this.#setToMs = undefined;
      this.#ring();
    });
  }
}

/** The earlier of two times that may not be set. */
export function earliest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
