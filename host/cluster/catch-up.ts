import type { Cancel, Clock } from '../clock.ts';
import { isAtLeast } from './resource-version.ts';

/** How long to hope for the watch before the present state is asked for. On a quiet kind the server tells its version but once a minute. */
const PATIENCE_MS = 1_000;

interface Waiter {
  readonly resourceVersion: string;
  /** Lists begun before it waited: one that begins later reads at least what it waits for. */
  readonly listsBefore: number;
  readonly settle: (how: 'CaughtUp' | 'Stopped') => void;
}

/** What those who wait have to know of a reflector. */
export interface CatchUpSource {
  readonly clock: Clock;
  /** Asks for the present state, if it is not coming anyway; to be repeated until it has come. */
  readonly refresh: () => void;
  /** How many lists have begun. */
  readonly listsBegun: () => number;
}

/** Those who wait until a reflector has got somewhere. */
export class CatchUps {
  readonly #source: CatchUpSource;
  readonly #waiters = new Set<Waiter>();
  #seen: string | undefined;
  #isStopped = false;

  constructor(source: CatchUpSource) {
    this.#source = source;
  }

  /** Resolves when everything up to `resourceVersion`, which was read before this call, is in the store. */
  wait(resourceVersion: string, signal?: AbortSignal): Promise<'CaughtUp' | 'Stopped'> {
    if (this.#hasSeen(resourceVersion)) return Promise.resolve('CaughtUp');
    if (this.#isStopped || signal?.aborted) return Promise.resolve('Stopped');
    const { clock, refresh, listsBegun } = this.#source;
    return new Promise((resolve) => {
      let cancelPatience: Cancel = () => {};
      const onAbort = (): void => waiter.settle('Stopped');
      const waiter: Waiter = {
        resourceVersion,
        listsBefore: listsBegun(),
        settle: (how) => {
          cancelPatience();
          signal?.removeEventListener('abort', onAbort);
          this.#waiters.delete(waiter);
          resolve(how);
        },
      };
      const nudge = (): void => {
        // Once a list has begun after this call, it is only a matter of waiting for it.
        if (listsBegun() === waiter.listsBefore) refresh();
        if (this.#waiters.has(waiter)) cancelPatience = clock.after(PATIENCE_MS, nudge);
      };
      this.#waiters.add(waiter);
      signal?.addEventListener('abort', onAbort, { once: true });
      cancelPatience = clock.after(PATIENCE_MS, nudge);
    });
  }

  /** The store holds everything up to `resourceVersion`, and all of the list number `listsDone`. */
  advance(resourceVersion: string | undefined, listsDone: number): void {
    this.#seen = resourceVersion ?? this.#seen;
    for (const waiter of this.#waiters) {
      if (this.#hasSeen(waiter.resourceVersion) || listsDone > waiter.listsBefore) waiter.settle('CaughtUp');
    }
  }

  /** Nothing will come any more. */
  stop(): void {
    this.#isStopped = true;
    for (const waiter of this.#waiters) waiter.settle('Stopped');
  }

  #hasSeen(resourceVersion: string): boolean {
    return this.#seen !== undefined && isAtLeast(this.#seen, resourceVersion);
  }
}
