/** Gives a slot back; only the first call counts. */
export type Release = () => void;

/** A fixed number of slots, given in the order in which they are asked for: bounds the calls, and so the sockets, that are open at once. */
export class Slots {
  readonly #waiting = new Set<(release: Release) => void>();
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  /** Resolves to null when the signal aborts before a slot is free. */
  take(signal?: AbortSignal): Promise<Release | null> {
    if (signal?.aborted) return Promise.resolve(null);
    if (this.#free > 0) {
      this.#free--;
      return Promise.resolve(this.#release());
    }
    return new Promise((resolve) => {
      const onAbort = (): void => {
        this.#waiting.delete(give);
        resolve(null);
      };
      const give = (release: Release): void => {
        signal?.removeEventListener('abort', onAbort);
        resolve(release);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(give);
    });
  }

  #release(): Release {
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const [next] = this.#waiting;
      if (next === undefined) {
        this.#free++;
        return;
      }
      this.#waiting.delete(next);
      next(this.#release());
    };
  }
}
