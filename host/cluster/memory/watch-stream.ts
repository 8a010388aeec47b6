import type { Cancel, Clock } from '../../clock.ts';
import type { ClusterError, WatchEvent, WatchOptions } from '../cluster.ts';
import { badRequest, expired } from './errors.ts';
import type { Call, Delivery, Faults } from './faults.ts';
import type { StoredObject } from './kinds.ts';
import type { Change, ObjectStore } from './object-store.ts';
import { compileScope, type Matcher } from './selectors.ts';

/** How often the API server sends a bookmark. Source: apiserver pkg/storage/cacher, defaultBookmarkFrequency. */
const BOOKMARK_EVERY_MS = 60_000;

/** One watch: replays what came after its version, then follows the store until its time is over, its client leaves or a fault ends it. */
export class WatchStream implements AsyncIterableIterator<WatchEvent> {
  readonly #clock: Clock;
  readonly #store: ObjectStore;
  readonly #options: WatchOptions;
  readonly #call: Call;
  readonly #faults: Faults;
  readonly #ready: WatchEvent[] = [];
  readonly #cancels = new Set<Cancel>();
  #waiting: ((result: IteratorResult<WatchEvent>) => void) | undefined;
  /** Nothing more is taken from the store; what is ready or on its way is still given. */
  #isClosed = false;
  #isOver = false;
  #inFlight = 0;
  /** No event may come before the one ahead of it. */
  #notBeforeMs = 0;

  constructor(clock: Clock, store: ObjectStore, options: WatchOptions, call: Call, faults: Faults, signal: AbortSignal) {
    this.#clock = clock;
    this.#store = store;
    this.#options = options;
    this.#call = call;
    this.#faults = faults;
    if (signal.aborted) {
      this.#end();
      return;
    }
    const onAbort = (): void => this.#end();
    signal.addEventListener('abort', onAbort, { once: true });
    this.#cancels.add(() => signal.removeEventListener('abort', onAbort));
    this.#begin();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<WatchEvent>> {
    const event = this.#ready.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.#isOver || (this.#isClosed && this.#inFlight === 0)) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  return(): Promise<IteratorResult<WatchEvent>> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  #begin(): void {
    const scope = compileScope(this.#options);
    if (!scope.ok) {
      this.#fail(scope.error);
      return;
    }
    const from = Number(this.#options.resourceVersion);
    if (!Number.isSafeInteger(from)) {
      this.#fail(badRequest(`resourceVersion: Invalid value: "${this.#options.resourceVersion}"`));
      return;
    }
    if (from === 0) {
      for (const object of this.#store.sorted(this.#options.kind)) if (scope.value(object)) this.#deliver({ type: 'ADDED', object });
    } else if (from < this.#store.compactedRevision) {
      this.#fail(expired(from, this.#store.compactedRevision));
    } else {
      for (const change of this.#store.since(this.#options.kind, from)) this.#follow(change, scope.value);
    }
    if (this.#isClosed) return;
    const stop = this.#store.listen(this.#options.kind, (change) => {
      if (change.revision > from) this.#follow(change, scope.value);
    });
    this.#cancels.add(stop);
    this.#cancels.add(this.#clock.after(this.#options.timeoutSeconds * 1_000, () => this.#expire()));
    if (this.#options.timeoutSeconds * 1_000 > BOOKMARK_EVERY_MS) this.#scheduleBookmark();
  }

  #scheduleBookmark(): void {
    const cancel = this.#clock.after(BOOKMARK_EVERY_MS, () => {
      this.#cancels.delete(cancel);
      this.#bookmark();
      if (!this.#isClosed) this.#scheduleBookmark();
    });
    this.#cancels.add(cancel);
  }

  #bookmark(): void {
    this.#deliver({ type: 'BOOKMARK', resourceVersion: String(this.#store.revision) });
  }

  /** A bookmark comes just before the server ends a watch. */
  #expire(): void {
    this.#bookmark();
    this.#close();
  }

  #follow(change: Change, matches: Matcher): void {
    const event = eventOf(change, matches);
    if (event !== undefined) this.#deliver(event);
  }

  #deliver(event: WatchEvent): void {
    if (this.#isClosed) return;
    const delivery: Delivery = this.#faults.onDelivery?.(this.#call, event) ?? { type: 'Deliver' };
    switch (delivery.type) {
      case 'Drop':
        break;
      case 'Close':
        this.#close();
        break;
      case 'Fail':
        this.#fail(delivery.error);
        break;
      case 'Deliver':
        for (let copy = 0; copy < (delivery.copies ?? 1); copy++) this.#send(event, delivery.delayMs ?? 0);
    }
  }

  #send(event: WatchEvent, delayMs: number): void {
    const nowMs = this.#clock.now();
    const atMs = Math.max(nowMs + delayMs, this.#notBeforeMs);
    if (atMs <= nowMs && this.#inFlight === 0) {
      this.#arrive(event);
      return;
    }
    this.#notBeforeMs = atMs;
    this.#inFlight += 1;
    const cancel = this.#clock.after(atMs - nowMs, () => {
      this.#cancels.delete(cancel);
      this.#inFlight -= 1;
      this.#arrive(event);
      this.#finishIfDrained();
    });
    this.#cancels.add(cancel);
  }

  #arrive(event: WatchEvent): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#ready.push(event);
    else waiting({ done: false, value: event });
  }

  #fail(error: ClusterError): void {
    if (this.#isClosed) return;
    this.#send({ type: 'ERROR', error }, 0);
    this.#close();
  }

  /** Ends the stream behind what is on its way. */
  #close(): void {
    this.#isClosed = true;
    this.#finishIfDrained();
  }

  #finishIfDrained(): void {
    if (!this.#isClosed || this.#inFlight > 0) return;
    this.#release();
    if (this.#ready.length > 0) return;
    this.#waiting?.({ done: true, value: undefined });
    this.#waiting = undefined;
  }

  /** Ends the stream at once. */
  #end(): void {
    this.#isClosed = true;
    this.#isOver = true;
    this.#ready.length = 0;
    this.#release();
    this.#waiting?.({ done: true, value: undefined });
    this.#waiting = undefined;
  }

  #release(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }
}

/** A change as a watch with a selector shows it: objects that begin or cease to match are added or deleted. Source: apiserver pkg/storage/cacher, convertToWatchEvent. */
function eventOf({ type, object, previous }: Change, matches: Matcher): WatchEvent | undefined {
  const matchesNow = type !== 'DELETED' && matches(object);
  const matchedBefore = previous !== undefined && matches(previous);
  if (matchesNow) return { type: matchedBefore ? 'MODIFIED' : 'ADDED', object };
  if (!matchedBefore) return undefined;
  return { type: 'DELETED', object: type === 'DELETED' ? object : withVersion(previous, object.metadata.resourceVersion) };
}

function withVersion(object: StoredObject, resourceVersion: string): StoredObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion } };
}
