/** Ends a timer that has not fired; harmless afterwards. */
export type Cancel = () => void;

/** All time and chance of the host. Only the real one, in `real-clock.ts`, touches the machine's. */
export interface Clock {
  /** Milliseconds since the epoch, UTC. */
  now(): number;
  /** Milliseconds that never go back, for measuring. */
  monotonic(): number;
  /** Calls `fire` once, after at least `delayMs` (0 or less: as soon as possible, never synchronously). */
  after(delayMs: number, fire: () => void): Cancel;
  /** Uniform in [0, 1): jitter only. */
  random(): number;
}

let latest = { epochMs: Number.NaN, text: '' };

/** `2026-01-02T03:04:05.678Z` for milliseconds since the epoch. The last answer is remembered: much is told of one moment. */
export function timestamp(epochMs: number): string {
  if (epochMs !== latest.epochMs) latest = { epochMs, text: new Date(epochMs).toISOString() };
  return latest.text;
}

/** Resolves after `delayMs`; rejects with the signal's reason when that is aborted first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
