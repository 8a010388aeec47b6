import type { Cancel, Clock } from './clock.ts';

export interface VirtualClockOptions {
  /** Wall clock at the beginning, milliseconds since the epoch. Default 2026-01-01T00:00:00Z. */
  readonly startMs?: number;
  /** Seed of `random()`. Default 1. */
  readonly seed?: number;
}

/** 2026-01-01T00:00:00Z: any fixed moment does, as long as runs repeat. */
const DEFAULT_START_MS = 1_767_225_600_000;

/** More timers than this at one instant is a loop that would never let time go on. */
const MAX_TIMERS_AT_ONE_INSTANT = 100_000;

interface Timer {
  readonly atMs: number;
  readonly sequence: number;
  fire: (() => void) | null;
}

/**
 * Time that moves only when told to. Due timers fire in order of (time, insertion), and all promise jobs that a timer sets off have run before the next
 * one fires, so a run depends on nothing but the seed and the program. Nothing that waits for real input or output may take part in it.
 */
export class VirtualClock implements Clock {
  readonly #random: () => number;
  readonly #timers = new TimerHeap();
  readonly #startMs: number;
  #nowMs: number;
  #sequence = 0;

  constructor(options: VirtualClockOptions = {}) {
    this.#startMs = options.startMs ?? DEFAULT_START_MS;
    this.#nowMs = this.#startMs;
    this.#random = seededRandom(options.seed ?? 1);
  }

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs - this.#startMs;
  }

  random(): number {
    return this.#random();
  }

  after(delayMs: number, fire: () => void): Cancel {
    const timer: Timer = { atMs: this.#nowMs + Math.max(0, Math.ceil(delayMs)), sequence: this.#sequence++, fire };
    this.#timers.push(timer);
    return () => {
      if (timer.fire === null) return;
      timer.fire = null;
      this.#timers.cancelled();
    };
  }

  /** When the next timer is due, milliseconds since the epoch; undefined when none is set. */
  nextTimerMs(): number | undefined {
    return this.#timers.peek()?.atMs;
  }

  /** Runs promise jobs until none is left, and the timers that are due now; time stands still. */
  async idle(): Promise<void> {
    await this.runUntil(this.#nowMs);
  }

  /** Lets `ms` pass. */
  async advance(ms: number): Promise<void> {
    await this.runUntil(this.#nowMs + ms);
  }

  /**
   * Runs to a time (milliseconds since the epoch), or until a predicate holds; it is asked after every timer. `limitMs` (since the epoch) ends the search,
   * default: when no timer is left. Returns whether the time was reached or the predicate held. Throws what a timer throws.
   */
  async runUntil(goal: number | (() => boolean), limitMs: number = Number.POSITIVE_INFINITY): Promise<boolean> {
    const endMs = typeof goal === 'number' ? goal : limitMs;
    let instantMs = this.#nowMs;
    let firedAtInstant = 0;
    await settle();
    for (;;) {
      if (typeof goal !== 'number' && goal()) return true;
      const timer = this.#timers.popDue(endMs);
      if (timer === undefined) break;
      if (timer.atMs > instantMs) {
        instantMs = timer.atMs;
        firedAtInstant = 0;
      }
      firedAtInstant += 1;
      if (firedAtInstant > MAX_TIMERS_AT_ONE_INSTANT) {
        throw new Error(
          `running virtual time: expected it to go on, but ${MAX_TIMERS_AT_ONE_INSTANT} timers fired at ${new Date(instantMs).toISOString()}; look for a retry without delay`,
        );
      }
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      const fire = timer.fire;
      timer.fire = null;
      fire?.();
      await settle();
    }
    if (Number.isFinite(endMs)) this.#nowMs = Math.max(this.#nowMs, endMs);
    return typeof goal === 'number';
  }
}

/** Resolves when no promise job is left: Node runs an immediate only after all of them, whatever they queue meanwhile. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Uniform numbers in [0, 1), the same for the same seed on every machine (mulberry32: 32 bits of state, enough for jitter and names). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Binary heap by (time, insertion). Cancelled timers stay until they surface or are more than half of it. */
class TimerHeap {
  #items: Timer[] = [];
  #cancelledCount = 0;

  push(timer: Timer): void {
    this.#items.push(timer);
    this.#up(this.#items.length - 1);
  }

  cancelled(): void {
    this.#cancelledCount += 1;
    if (this.#cancelledCount < 64 || this.#cancelledCount * 2 < this.#items.length) return;
    // A sorted array is a heap.
    this.#items = this.#items.filter((timer) => timer.fire !== null).sort((a, b) => (before(a, b) ? -1 : 1));
    this.#cancelledCount = 0;
  }

  peek(): Timer | undefined {
    while (this.#items[0]?.fire === null) {
      this.#removeFirst();
      this.#cancelledCount -= 1;
    }
    return this.#items[0];
  }

  popDue(endMs: number): Timer | undefined {
    const first = this.peek();
    if (first === undefined || first.atMs > endMs) return undefined;
    this.#removeFirst();
    return first;
  }

  #removeFirst(): void {
    const last = this.#items.pop();
    if (last === undefined || this.#items.length === 0) return;
    this.#items[0] = last;
    this.#down(0);
  }

  #up(start: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#swapIfBefore(index, parent)) return;
      index = parent;
    }
  }

  #down(start: number): void {
    let index = start;
    for (;;) {
      const left = index * 2 + 1;
      const right = left + 1;
      const child = this.#isBefore(right, left) ? right : left;
      if (!this.#swapIfBefore(child, index)) return;
      index = child;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const first = this.#items[a];
    const second = this.#items[b];
    return first !== undefined && second !== undefined && before(first, second);
  }

  #swapIfBefore(a: number, b: number): boolean {
    const first = this.#items[a];
    const second = this.#items[b];
    if (first === undefined || second === undefined || !before(first, second)) return false;
    this.#items[a] = second;
    this.#items[b] = first;
    return true;
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);
}
