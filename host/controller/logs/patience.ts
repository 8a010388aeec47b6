import { type Clock, sleep } from '../../clock.ts';
import type { ClusterError, Result } from '../../cluster/cluster.ts';

const SHORTEST_MS = 500;
const LONGEST_MS = 8_000;

/** Trouble that passes without anybody's doing: throttling, a server or a node in trouble, a network that fails, credentials that are being renewed. */
export function isPassing(error: ClusterError): boolean {
  return error.type !== 'Refused' || error.code === 401 || error.code === 408 || error.code === 429 || error.code >= 500;
}

/** Waits before the next try, each longer than the one before. */
export class Patience {
  readonly #clock: Clock;
  readonly #longestMs: number;
  #waitMs = SHORTEST_MS;

  constructor(clock: Clock, longestMs: number = LONGEST_MS) {
    this.#clock = clock;
    this.#longestMs = longestMs;
  }

  /** Resolves to whether there may be another try: false when the signal aborts first. */
  async wait(error: ClusterError, signal: AbortSignal): Promise<boolean> {
    const askedMs = error.type === 'Refused' ? (error.retryAfterMs ?? 0) : 0;
    const waitMs = Math.max(askedMs, this.#waitMs * (1 + this.#clock.random() / 2));
    this.#waitMs = Math.min(this.#longestMs, this.#waitMs * 2);
    try {
      await sleep(this.#clock, waitMs, signal);
      return true;
    } catch {
      return false;
    }
  }
}

/** Calls until there is an answer that waiting does not better, or the signal aborts: then it is the last one. */
export async function persist<T>(clock: Clock, signal: AbortSignal, call: () => Promise<Result<T>>): Promise<Result<T>> {
  const patience = new Patience(clock);
  for (;;) {
    const result = await call();
    if (result.ok || !isPassing(result.error) || !(await patience.wait(result.error, signal))) return result;
  }
}
