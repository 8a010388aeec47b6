import { KeyedHeap } from './keyed-heap.ts';

/**
 * What goes before what. Ends before starts: otherwise finished Pods wait behind a backlog of new ones. Who can start before who is told only that it has to wait. Changes before
 * the first list: a user who acts now is not kept waiting by a restart.
 */
export const PRIORITIES = { end: 0, start: 1, wait: 2, initial: 3, settled: 4 } as const;
export type Priority = keyof typeof PRIORITIES;

const LANES: readonly Priority[] = ['end', 'start', 'wait', 'initial', 'settled'];

/** First wait after a failure, in milliseconds; it doubles with each in a row (client-go `util/workqueue/default_rate_limiters.go`). */
const FIRST_RETRY_MS = 5;
const LONGEST_RETRY_MS = 1_000_000;

/** What is to happen with a key that was worked on. Something that came for it meanwhile always goes first. */
export type Next =
  /** Nothing, until somebody adds it. Failures in a row are forgotten. */
  | { readonly type: 'Done' }
  /** Again at a time, milliseconds since the epoch. Failures in a row are forgotten. */
  | { readonly type: 'At'; readonly atMs: number; readonly priority: Priority }
  /** Again at a time, milliseconds since the epoch: it could not be worked on yet. Neither its priority nor its failures change. */
  | { readonly type: 'Wait'; readonly atMs: number }
  /** Again, at the same priority, after a wait that grows with each failure in a row; at least `minimumMs`, and grown to `longestMs` (default 1,000 s) at most. */
  | { readonly type: 'Retry'; readonly minimumMs?: number; readonly longestMs?: number };

/**
 * Queue of keys, not of events. A key waits at most once, at the highest priority asked for; one that is worked on is given out to nobody else, and
 * once more afterwards if it was added meanwhile. A delayed key keeps the earlier time and leaves the delay when it is worked on. Has no timer of its
 * own: `promote` at `nextAtMs`. Every call is O(log n).
 */
export class WorkQueue {
  readonly #atMost: Partial<Readonly<Record<Priority, number>>>;
  readonly #queued = new Map<string, Priority>();
  readonly #lanes: Readonly<Record<Priority, Lane>> = {
    end: new Lane(),
    start: new Lane(),
    wait: new Lane(),
    initial: new Lane(),
    settled: new Lane(),
  };
  readonly #delayed = new KeyedHeap<Delayed>((a, b) => a.atMs < b.atMs);
  /** Keys that are worked on, and at what priority they were taken. */
  readonly #working = new Map<string, Priority>();
  readonly #dirty = new Map<string, Priority>();
  readonly #failures = new Map<string, number>();

  /** `atMost`: how many of a priority are worked on at a time (default: no limit); the others of it wait, and those below it do not wait for them. */
  constructor(atMost: Partial<Readonly<Record<Priority, number>>> = {}) {
    this.#atMost = atMost;
  }

  /** Keys that can be taken now, but for those that wait for one of their priority to be given back. */
  get depth(): number {
    return this.#queued.size;
  }

  /** Keys that are worked on. */
  get working(): number {
    return this.#working.size;
  }

  /** Keys of which anything is kept: those that wait for their time, too, and those that have failed. */
  get size(): number {
    return new Set([...this.#queued.keys(), ...this.#delayed.keys(), ...this.#working.keys(), ...this.#failures.keys()]).size;
  }

  /** Where a key is. */
  whereIs(key: string): KeyState {
    const failures = this.#failures.get(key) ?? 0;
    const working = this.#working.get(key);
    if (working !== undefined) return { state: 'Working', priority: working, failures };
    const queued = this.#queued.get(key);
    if (queued !== undefined) return { state: 'Queued', priority: queued, failures };
    const delayed = this.#delayed.rankOf(key);
    return delayed === undefined ? { state: 'Idle', failures } : { state: 'Delayed', ...delayed, failures };
  }

  add(key: string, priority: Priority): void {
    if (this.#working.has(key)) {
      this.#dirty.set(key, higher(priority, this.#dirty.get(key)));
      return;
    }
    const before = this.#queued.get(key);
    // What it waits for at a later time will be seen to now: that may be the more urgent.
    const now = higher(higher(priority, this.#delayed.rankOf(key)?.priority), before);
    if (before === now) return;
    this.#queued.set(key, now);
    this.#lanes[now].push(key);
  }

  /** Adds the key at a time, milliseconds since the epoch; an earlier time that it has already stays. */
  addAt(key: string, atMs: number, priority: Priority): void {
    const known = this.#delayed.rankOf(key);
    if (known !== undefined && known.atMs <= atMs) return;
    this.#delayed.set(key, { atMs, priority });
  }

  /** When `promote` has something to do, milliseconds since the epoch. */
  nextAtMs(): number | undefined {
    return this.#delayed.peek()?.rank.atMs;
  }

  /** Adds the keys whose time has come. */
  promote(nowMs: number): void {
    for (let first = this.#delayed.peek(); first !== undefined && first.rank.atMs <= nowMs; first = this.#delayed.peek()) {
      this.#delayed.delete(first.key);
      this.add(first.key, first.rank.priority);
    }
  }

  /** The next key to work on, to be given back by `finish`; undefined when none waits. */
  take(): string | undefined {
    for (const priority of LANES) {
      const lane = this.#lanes[priority];
      if (lane.working >= (this.#atMost[priority] ?? Number.POSITIVE_INFINITY)) continue;
      for (let key = lane.shift(); key !== undefined; key = lane.shift()) {
        // A key that has moved to a higher lane, or was taken from it, leaves its old entry behind.
        if (this.#queued.get(key) !== priority) continue;
        this.#queued.delete(key);
        this.#delayed.delete(key);
        this.#working.set(key, priority);
        lane.working += 1;
        return key;
      }
    }
    return undefined;
  }

  /** Gives a taken key back. Returns the wait in milliseconds when that is a retry. */
  finish(key: string, next: Next, nowMs: number): number | undefined {
    const taken = this.#working.get(key) ?? 'start';
    if (this.#working.delete(key)) this.#lanes[taken].working -= 1;
    const dirty = this.#dirty.get(key);
    this.#dirty.delete(key);
    const waitMs = next.type === 'Retry' ? this.#failed(key, next) : undefined;
    if (next.type === 'Done' || next.type === 'At') this.#failures.delete(key);
    // What it was taken for has not been done.
    if (dirty !== undefined) this.add(key, next.type === 'Wait' || next.type === 'Retry' ? higher(taken, dirty) : dirty);
    else if (next.type === 'At') this.addAt(key, next.atMs, next.priority);
    else if (next.type === 'Wait') this.addAt(key, next.atMs, taken);
    else if (next.type === 'Retry') this.addAt(key, nowMs + (waitMs ?? 0), taken);
    return waitMs;
  }

  #failed(key: string, { minimumMs = 0, longestMs = LONGEST_RETRY_MS }: Extract<Next, { type: 'Retry' }>): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    return Math.max(minimumMs, Math.min(longestMs, FIRST_RETRY_MS * 2 ** Math.min(failures, 30)));
  }
}

/** Where a key of the queue is, and how often in a row the work on it has failed. */
export type KeyState =
  | { readonly state: 'Idle'; readonly failures: number }
  | { readonly state: 'Queued' | 'Working'; readonly priority: Priority; readonly failures: number }
  /** Again at this time, milliseconds since the epoch. */
  | { readonly state: 'Delayed'; readonly atMs: number; readonly priority: Priority; readonly failures: number };

interface Delayed {
  readonly atMs: number;
  readonly priority: Priority;
}

function higher(a: Priority, b: Priority | undefined): Priority {
  return b !== undefined && PRIORITIES[b] <= PRIORITIES[a] ? b : a;
}

/** First in, first out, both in constant time. */
class Lane {
  /** Keys that were taken from it and are worked on. */
  working = 0;
  #keys: string[] = [];
  #head = 0;

  push(key: string): void {
    this.#keys.push(key);
  }

  shift(): string | undefined {
    const key = this.#keys[this.#head];
    if (key === undefined) return undefined;
    this.#head += 1;
    if (this.#head === this.#keys.length || (this.#head > 1_024 && this.#head * 2 > this.#keys.length)) {
      this.#keys = this.#keys.slice(this.#head);
      this.#head = 0;
    }
    return key;
  }
}
