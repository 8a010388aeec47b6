import { redactText } from '../observe/redact.ts';
import { Alarm, earliest } from './alarm.ts';
import type { ControllerCounts, ControllerOptions, Inspection } from './controller.ts';
import { Effects } from './effects.ts';
import { isOvertaken } from './facts.ts';
import type { ControllerHooks, ControllerMetrics } from './hooks.ts';
import { Intake } from './intake.ts';
import { type Knowledge, knowledgeOver } from './knowledge.ts';
import { Reader } from './reader.ts';
import { Reconciler } from './reconciler.ts';
import { Starts } from './starts.ts';
import { keyOf, type SubjectKey, subjectOf } from './subject.ts';
import { type Priority, WorkQueue } from './work-queue.ts';
import { Workers } from './workers.ts';

export interface RunOptions extends ControllerOptions {
  readonly metrics: ControllerMetrics;
  readonly hooks: ControllerHooks;
  readonly maxConcurrentReconciles: number;
}

/** Of those who work, one in so many at most tells Tasks that they have to wait: thousands that come at once would keep the API server from those who have a place. */
const WAIT_SHARE = 8;

/** One time of leading: the queue, the workers, and what is known for so long. */
export class Run {
  readonly #options: RunOptions;
  readonly #leading: AbortSignal;
  readonly #ended = new AbortController();
  readonly #queue: WorkQueue;
  readonly #knowledge: Knowledge;
  readonly #effects: Effects;
  readonly #starts: Starts;
  readonly #intake: Intake;
  readonly #workers: Workers;
  readonly #alarm: Alarm;
  /** Since when each subject is in the queue, by the monotonic clock. */
  readonly #queuedAtMs = new Map<SubjectKey, number>();
  /** Tasks that have not been decided since the start; while there are any, no place is given out. */
  #undecided = new Set<SubjectKey>();
  #isDeciding = false;
  #isPumping = false;
  #lastDecisionAtMs: number | undefined;

  constructor(options: RunOptions, leading: AbortSignal) {
    const { cluster, clock, caches, sessions, taskSelector, metrics, hooks, identity, log, engine } = options;
    const { store } = caches;
    this.#options = options;
    this.#leading = leading;
    this.#queue = new WorkQueue({ wait: Math.ceil(options.maxConcurrentReconciles / WAIT_SHARE) });
    const knowledge = knowledgeOver(store, caches.isPerNamespace);
    const starts = new Starts({ cluster, clock, store, signal: leading });
    const reader = new Reader({
      cluster,
      store,
      signal: leading,
      overlay: (agent) => starts.overlay(agent),
      ...(taskSelector === undefined ? {} : { taskSelector }),
    });
    const effects = new Effects({
      cluster,
      clock,
      sessions,
      redactLog: options.redactLog ?? redactText,
      signal: AbortSignal.any([leading, this.#ended.signal]),
      onDone: (key, effect, report) => {
        const outcome = knowledge.outcomes.record(key, report, clock.now());
        hooks.acted?.(subjectOf(key), effect, outcome);
        this.#add(key, 'end');
      },
    });
    this.#knowledge = knowledge;
    this.#effects = effects;
    this.#starts = starts;
    this.#intake = new Intake({ store, knowledge, starts, metrics, settings: options.settings, add: (key, as) => this.#add(key, as) });
    const reconciler = new Reconciler({
      caches,
      clock,
      engine,
      log,
      hooks,
      knowledge,
      reader,
      starts,
      effects,
      apply: {
        cluster,
        clock,
        pending: knowledge.pending,
        starts,
        effects,
        identity,
        signal: leading,
        hasLeft: ({ uid }) => store.byUid('Task', uid) === undefined,
        isOvertaken: (basis) => isOvertaken({ store, live: knowledge.live }, basis),
        onReport: (subject, action, report) => {
          const outcome = knowledge.outcomes.record(keyOf(subject), report, clock.now());
          hooks.acted?.(subject, action, outcome);
        },
      },
      settings: () => this.#intake.settings,
      wake: (keys) => this.#wake(keys),
      onDecided: (key) => this.#onDecided(key),
    });
    this.#workers = new Workers({
      ...options,
      queue: this.#queue,
      reconciler,
      // Nobody else's place may wait for it.
      onThrown: (key) => this.#onDecided(key),
      onFree: () => this.#pump(),
    });
    this.#alarm = new Alarm({ clock, ring: () => this.#tick(clock.now()), onClockSet: () => this.#tick(Number.POSITIVE_INFINITY) });
  }

  async start(): Promise<'Started' | 'Stopped'> {
    const ended = AbortSignal.any([this.#leading, this.#ended.signal]);
    // First, so that nothing falls between what is there and what comes.
    this.#intake.open();
    const caught = await this.#options.caches.catchUp(ended);
    if (caught === 'Stopped' || ended.aborted) {
      this.#end();
      return 'Stopped';
    }
    this.#leading.addEventListener('abort', () => this.#end(), { once: true });
    this.#undecided = new Set(this.#intake.seed());
    this.#isDeciding = true;
    this.#openPlacesWhenAllAreKnown();
    this.#pump();
    return 'Started';
  }

  async stop(): Promise<void> {
    this.#end();
    await this.#workers.done();
    // Of what runs aside nobody here will hear any more.
    this.#ended.abort(new Error('the controller was stopped'));
  }

  counts(): ControllerCounts {
    const { dependents, finished, live, outcomes, pending, places } = this.#knowledge;
    const { depth, working, size } = this.#queue;
    const effects = this.#effects.size;
    const { workSeconds } = this.#workers;
    return {
      depth,
      active: working,
      unfinishedSeconds: workSeconds.reduce((sum, seconds) => sum + seconds, 0),
      longestRunningSeconds: Math.max(0, ...workSeconds),
      effects,
      lines: [...places.counts()],
      ledgers: {
        dependents: dependents.size,
        effects,
        finished: finished.size,
        live: live.size,
        outcomes: outcomes.size,
        pending: pending.size,
        places: places.size,
        queue: Math.max(size, this.#queuedAtMs.size),
        starts: this.#starts.size,
      },
      lastDecisionAtMs: this.#lastDecisionAtMs,
    };
  }

  inspect(key: SubjectKey): Inspection {
    const { outcomes, pending, places } = this.#knowledge;
    const workedForSeconds = this.#workers.workedForSeconds(key);
    const place = places.placeOf(key);
    return {
      queue: this.#queue.whereIs(key),
      ...(workedForSeconds === undefined ? {} : { workedForSeconds }),
      ...(place === undefined ? {} : { place }),
      outcomes: outcomes.of(key),
      standing: pending.look(key, this.#options.clock.now()),
      effects: this.#effects.of(key),
    };
  }

  #end(): void {
    this.#isDeciding = false;
    this.#alarm.set(undefined);
    this.#intake.close();
  }

  #add(key: SubjectKey, priority: Priority): void {
    this.#options.metrics.queueAdded();
    this.#queue.add(key, priority);
    if (!this.#queuedAtMs.has(key)) this.#queuedAtMs.set(key, this.#options.clock.monotonic());
    this.#pump();
  }

  /** Who is granted a place goes before those who come: it stands empty until then. Who is told that it has to wait for one has time. */
  #wake(keys: readonly SubjectKey[]): void {
    const { places } = this.#knowledge;
    for (const key of keys) {
      const granted = places.granted(key);
      const isOnlyTold = granted === false && !places.isHeldUp(key);
      this.#add(key, granted === true ? 'end' : isOnlyTold ? 'wait' : 'start');
    }
  }

  /** Sees to all that was to wait until then, milliseconds since the epoch. What is seen to too early is told anew how long it has to wait. */
  #tick(dueMs: number): void {
    this.#queue.promote(dueMs);
    this.#wake(this.#knowledge.places.due(this.#options.clock.now()));
    this.#pump();
  }

  /** Gives out work, once all that happens at this moment is in the queue: a whole page of a list, say, so that priorities count. */
  #pump(): void {
    if (this.#isPumping || !this.#isDeciding) return;
    this.#isPumping = true;
    queueMicrotask(() => {
      this.#isPumping = false;
      while (this.#isDeciding && this.#workers.hasFree) {
        const key = this.#queue.take();
        if (key === undefined) break;
        const queuedAtMs = this.#queuedAtMs.get(key);
        this.#queuedAtMs.delete(key);
        this.#workers.begin(key, queuedAtMs);
      }
      if (this.#isDeciding) this.#alarm.set(earliest(this.#queue.nextAtMs(), this.#knowledge.places.nextAtMs()));
    });
  }

  #onDecided(key: SubjectKey): void {
    this.#lastDecisionAtMs = this.#options.clock.now();
    if (this.#undecided.delete(key)) this.#openPlacesWhenAllAreKnown();
  }

  #openPlacesWhenAllAreKnown(): void {
    if (this.#undecided.size === 0) this.#wake(this.#knowledge.places.open(this.#options.clock.now()));
  }
}
