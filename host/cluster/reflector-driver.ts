import type { Cancel, Clock } from '../clock.ts';
import { CatchUps } from './catch-up.ts';
import type { Cluster, ClusterError, Result, Scope } from './cluster.ts';
import { step } from './reflector.ts';
import {
  initialReflectorState,
  RESTART_REASONS,
  type ReflectorInput,
  type ReflectorOutput,
  type RestartReason,
} from './reflector-states.ts';
import type { StoreSink } from './store.ts';

type Omitted<T> = T extends unknown ? Omit<T, 'nowMs' | 'random'> : never;
type Input = Omitted<ReflectorInput>;

/** Something went wrong and is being mended; for the log. */
export type ReflectorTrouble =
  | {
      readonly type: 'Restarted';
      readonly scope: Scope;
      readonly reason: RestartReason;
      readonly message: string;
      readonly delayMs: number;
    }
  /** A listener of the store threw: a bug of the listener's. */
  | { readonly type: 'ListenerFailed'; readonly scope: Scope; readonly error: unknown };

export interface ReflectorOptions {
  readonly cluster: Pick<Cluster, 'list' | 'watch'>;
  readonly clock: Clock;
  readonly scope: Scope;
  readonly sink: StoreSink;
  /** Ends it for good. */
  readonly signal: AbortSignal;
  readonly onTrouble?: (trouble: ReflectorTrouble) => void;
}

/** Counted since the start. */
export interface ReflectorCounters {
  readonly lists: number;
  readonly pages: number;
  readonly watches: number;
  /** Objects delivered by watches. */
  readonly events: number;
  readonly bookmarks: number;
  readonly restarts: Readonly<Record<RestartReason, number>>;
}

/** Objects that one call of a list asks for. */
const PAGE_SIZE = 500;
/** One for all: an error of its own for each call that is given up would cost more than the call. */
const GIVEN_UP = new Error('the reflector has given up this call');

type Writable<T> = { -readonly [Key in keyof T]: T[Key] extends number ? T[Key] : Writable<T[Key]> };

/** Keeps a sink of the store up to date with the cluster: the timers and calls around `step`. Begins at once; never throws and never rejects. */
export class Reflector {
  readonly scope: Scope;
  /** `Synced` once the first list is in the store. */
  readonly synced: Promise<'Synced' | 'Stopped'>;
  readonly #options: ReflectorOptions;
  readonly #calls = new Map<number, AbortController>();
  readonly #catchUps: CatchUps;
  readonly #inputs: Input[] = [];
  readonly #counters: Writable<ReflectorCounters>;
  #settleSynced: (how: 'Synced' | 'Stopped') => void = () => {};
  #state = initialReflectorState;
  #isStepping = false;
  #isSynced = false;
  #listsDone = 0;
  #lastProgressAtMs: number;
  #cancelTimer: Cancel = () => {};

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.scope = options.scope;
    this.#lastProgressAtMs = options.clock.now();
    this.#catchUps = new CatchUps({
      clock: options.clock,
      refresh: () => this.#feed({ type: 'Refresh' }),
      listsBegun: () => this.#counters.lists,
    });
    this.#counters = { lists: 0, pages: 0, watches: 0, events: 0, bookmarks: 0, restarts: zeroed() };
    this.synced = new Promise((resolve) => {
      this.#settleSynced = resolve;
    });
    options.signal.addEventListener('abort', () => this.#feed({ type: 'Stop' }), { once: true });
    this.#feed(options.signal.aborted ? { type: 'Stop' } : { type: 'Start' });
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** When the server last answered with a page, an event, a bookmark or an orderly end of a watch: milliseconds since the epoch, UTC. Before that, when it began. */
  get lastProgressAtMs(): number {
    return this.#lastProgressAtMs;
  }

  get counters(): ReflectorCounters {
    return { ...this.#counters, restarts: { ...this.#counters.restarts } };
  }

  /** Resolves when the store holds everything up to `resourceVersion`, which somebody has read before this call; asks for it when the watch does not bring it soon. */
  catchUp(resourceVersion: string, signal?: AbortSignal): Promise<'CaughtUp' | 'Stopped'> {
    return this.#catchUps.wait(resourceVersion, signal);
  }

  /** Reads the version that the kind has now, and waits until the store is there: what a new leader does before it decides. */
  async catchUpToNow(signal?: AbortSignal): Promise<Result<'CaughtUp' | 'Stopped'>> {
    const present = await this.#options.cluster.list({ ...this.scope, limit: 1 }, signal);
    return present.ok ? { ok: true, value: await this.catchUp(present.value.resourceVersion, signal) } : present;
  }

  #feed(input: Input): void {
    this.#inputs.push(input);
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
        const { clock } = this.#options;
        const { state, outputs } = step(this.#state, { ...next, nowMs: clock.now(), random: clock.random() } as ReflectorInput);
        this.#state = state;
        for (const output of outputs) this.#perform(output);
      }
    } finally {
      this.#isStepping = false;
    }
    if (this.#state.phase.type !== 'Stopped') return;
    this.#settleSynced('Stopped');
    this.#catchUps.stop();
  }

  #perform(output: ReflectorOutput): void {
    switch (output.type) {
      case 'List':
        this.#counters.pages++;
        void this.#list(output.call, output.continueToken);
        break;
      case 'Watch':
        this.#counters.watches++;
        void this.#watch(output.call, output.resourceVersion, output.timeoutSeconds);
        break;
      case 'Abort':
        this.#calls.get(output.call)?.abort(GIVEN_UP);
        break;
      case 'SetTimer':
        this.#cancelTimer();
        this.#cancelTimer = this.#options.clock.after(output.delayMs, () => this.#feed({ type: 'TimerFired', timer: output.timer }));
        break;
      case 'ClearTimer':
        this.#cancelTimer();
        break;
      case 'Restarted':
        this.#counters.restarts[output.reason]++;
        this.#report({ scope: this.scope, ...output });
        break;
      case 'ListBegun':
        this.#counters.lists++;
        this.#put((sink) => sink.beginList());
        break;
      case 'Page':
        this.#put((sink) => sink.page(output.objects));
        break;
      case 'ListDone':
        this.#onListDone(output.resourceVersion);
        break;
      case 'Upsert':
        this.#counters.events++;
        this.#advance(output.object.metadata.resourceVersion, (sink) => sink.upsert(output.object));
        break;
      case 'Remove':
        this.#counters.events++;
        this.#advance(output.object.metadata.resourceVersion, (sink) => sink.remove(output.object));
        break;
      case 'Bookmark':
        this.#counters.bookmarks++;
        this.#advance(output.resourceVersion, (sink) => sink.bookmark(output.resourceVersion));
        break;
    }
  }

  #onListDone(resourceVersion: string): void {
    this.#listsDone = this.#counters.lists;
    this.#advance(resourceVersion, (sink) => sink.endList(resourceVersion));
    this.#isSynced = true;
    this.#settleSynced('Synced');
  }

  #advance(resourceVersion: string | undefined, put: (sink: StoreSink) => void): void {
    this.#put(put);
    this.#catchUps.advance(resourceVersion, this.#listsDone);
  }

  #put(put: (sink: StoreSink) => void): void {
    try {
      put(this.#options.sink);
    } catch (error) {
      this.#report({ type: 'ListenerFailed', scope: this.scope, error });
    }
  }

  #report(trouble: ReflectorTrouble): void {
    try {
      this.#options.onTrouble?.(trouble);
    } catch {
      // A log that fails must not stop the cache.
    }
  }

  async #list(call: number, continueToken: string | undefined): Promise<void> {
    const controller = this.#open(call);
    const options = { ...this.scope, limit: PAGE_SIZE, ...(continueToken === undefined ? {} : { continueToken }) };
    try {
      const result = await this.#options.cluster.list(options, controller.signal);
      if (result.ok) this.#progressed();
      this.#feed(result.ok ? { type: 'PageRead', call, list: result.value } : { type: 'PageFailed', call, error: result.error });
    } catch (error) {
      this.#feed({ type: 'PageFailed', call, error: thrown(error) });
    } finally {
      this.#calls.delete(call);
    }
  }

  async #watch(call: number, resourceVersion: string, timeoutSeconds: number): Promise<void> {
    const controller = this.#open(call);
    try {
      for await (const event of this.#options.cluster.watch({ ...this.scope, resourceVersion, timeoutSeconds }, controller.signal)) {
        if (controller.signal.aborted) return;
        this.#feed({ type: 'Watched', call, event });
        if (event.type === 'ERROR') return;
        this.#progressed();
      }
      if (!controller.signal.aborted) this.#progressed();
      this.#feed({ type: 'WatchEnded', call });
    } catch (error) {
      this.#feed({ type: 'Watched', call, event: { type: 'ERROR', error: thrown(error) } });
    } finally {
      this.#calls.delete(call);
    }
  }

  #open(call: number): AbortController {
    const controller = new AbortController();
    this.#calls.set(call, controller);
    return controller;
  }

  #progressed(): void {
    this.#lastProgressAtMs = this.#options.clock.now();
  }
}

function zeroed(): Record<RestartReason, number> {
  return Object.fromEntries(RESTART_REASONS.map((reason) => [reason, 0])) as Record<RestartReason, number>;
}

function thrown(error: unknown): ClusterError {
  return { type: 'Unreachable', message: `expected an answer, the transport threw: ${String(error)}`, cause: error };
}
