import { assertNever } from '#core/contract/decision.ts';
import { redactText } from '../observe/redact.ts';
import { Alarm, earliest } from './alarm.ts';
import type { ControllerCounts, ControllerOptions, Inspection } from './controller.ts';
import { Effects } from './effects.ts';
import { isOvertaken } from './facts.ts';
import type { ControllerHooks, ControllerMetrics } from './hooks.ts';
import { Intake } from './intake.ts';
import { type Knowledge, knowledgeOver } from './knowledge.ts';
import { Reader } from './reader.ts';
import { type Reconciled, Reconciler } from './reconciler.ts';
import { Starts } from './starts.ts';
import { keyOf, type SubjectKey, subjectOf } from './subject.ts';
import { type Next, type Priority, WorkQueue } from './work-queue.ts';

/** Longest wait before an API server that could not be asked is asked again. */
const LONGEST_UNAVAILABLE_MS = 30_000;

export interface RunOptions extends ControllerOptions {
  readonly metrics: ControllerMetrics;
  readonly hooks: ControllerHooks;
  readonly maxConcurrentReconciles: number;
}

/** One time of leading: the queue, the workers, and what is known for so long. */
export class Run {
  readonly #options: RunOptions;
  readonly #leading: AbortSignal;
  readonly #ended = new AbortController();
  readonly #queue = new WorkQueue();
  readonly #knowledge: Knowledge;
  readonly #effects: Effects;
  readonly #starts: Starts;
  readonly #intake: Intake;
  readonly #reconciler: Reconciler;
  readonly #alarm: Alarm;
  readonly #workers = new Set<Promise<void>>();
  readonly #queuedAtMs = new Map<SubjectKey, number>();
  /** Since when each subject is worked on, by the monotonic clock. */
  readonly #workedSinceMs = new Map<SubjectKey, number>();
  /** Tasks that have not been decided since the start; while there are any, no place is given out. */
  #undecided = new Set<SubjectKey>();
  #reconciles = 0;
  #isDeciding = false;
  #isPumping = false;
  #lastDecisionAtMs: number | undefined;

  constructor(options: RunOptions, leading: AbortSignal) {
    const { cluster, clock, caches, sessions, taskSelector, metrics, hooks, identity, log, engine } = options;
    const { store } = caches;
    this.#options = options;
    this.#leading = leading;
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
    this.#reconciler = new Reconciler({
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
    while (this.#workers.size > 0) await Promise.all(this.#workers);
    // Of what runs aside nobody here will hear any more.
    this.#ended.abort(new Error('the controller was stopped'));
  }

  counts(): ControllerCounts {
    const { dependents, finished, live, outcomes, pending, places } = this.#knowledge;
    const { depth, working, size } = this.#queue;
    const effects = this.#effects.size;
    const nowMs = this.#options.clock.monotonic();
    const workSeconds = [...this.#workedSinceMs.values()].map((sinceMs) => (nowMs - sinceMs) / 1_000);
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
    const sinceMs = this.#workedSinceMs.get(key);
    const place = places.placeOf(key);
    return {
      queue: this.#queue.whereIs(key),
      ...(sinceMs === undefined ? {} : { workedForSeconds: (this.#options.clock.monotonic() - sinceMs) / 1_000 }),
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

  /** Who is granted a place goes before those who come: it stands empty until then. */
  #wake(keys: readonly SubjectKey[]): void {
    for (const key of keys) this.#add(key, this.#knowledge.places.granted(key) === true ? 'end' : 'start');
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
      while (this.#isDeciding && this.#workers.size < this.#options.maxConcurrentReconciles) {
        const key = this.#queue.take();
        if (key === undefined) break;
        const worker: Promise<void> = this.#work(key).finally(() => {
          this.#workers.delete(worker);
          this.#pump();
        });
        this.#workers.add(worker);
      }
      if (this.#isDeciding) this.#alarm.set(earliest(this.#queue.nextAtMs(), this.#knowledge.places.nextAtMs()));
    });
  }

  /** As controller-runtime's `reconcileHandler`: each way that the work can end, with one call of the queue and one count. */
  async #work(key: SubjectKey): Promise<void> {
    const { clock, log, metrics } = this.#options;
    const startedMs = clock.monotonic();
    this.#reconciles += 1;
    const reconcileID = this.#reconciles;
    metrics.queueWaited((startedMs - (this.#queuedAtMs.get(key) ?? startedMs)) / 1_000);
    this.#queuedAtMs.delete(key);
    this.#workedSinceMs.set(key, startedMs);
    const work = (): Promise<Reconciled> => this.#reconciler.reconcile(key, reconcileID);
    const { around } = this.#options;
    const worked = around === undefined ? work() : around(subjectOf(key), reconcileID, work);
    const reconciled = await worked.catch((error: unknown): Reconciled => {
      log.error('the work on a Task threw, which is a bug of the host', { ...fieldsOf(key), reconcileID, error });
      metrics.panicked();
      // Nobody else's place may wait for it.
      this.#onDecided(key);
      return { type: 'Failed', message: String(error) };
    });
    this.#workedSinceMs.delete(key);
    const finish = (next: Next): number | undefined => this.#queue.finish(key, next, clock.now());
    const seconds = (clock.monotonic() - startedMs) / 1_000;
    switch (reconciled.type) {
      case 'Done':
      case 'Forgotten':
        finish({ type: 'Done' });
        metrics.reconciled('success', seconds);
        break;
      case 'WakeAt':
        finish({ type: 'At', atMs: reconciled.atMs, priority: reconciled.priority });
        metrics.reconciled('requeue_after', seconds);
        break;
      case 'Waits':
        finish({ type: 'Wait', atMs: reconciled.untilMs });
        metrics.reconciled('requeue', seconds);
        break;
      case 'Failed':
      case 'Unavailable': {
        const againInMs = finish({ type: 'Retry', ...(reconciled.type === 'Unavailable' ? patienceFor(reconciled) : {}) });
        metrics.queueRetried();
        metrics.reconciled('error', seconds);
        log.warn(`will try again: ${reconciled.message}`, { ...fieldsOf(key), reconcileID, againInMs });
        break;
      }
      default:
        assertNever(reconciled);
    }
  }

  #onDecided(key: SubjectKey): void {
    this.#lastDecisionAtMs = this.#options.clock.now();
    if (this.#undecided.delete(key)) this.#openPlacesWhenAllAreKnown();
  }

  #openPlacesWhenAllAreKnown(): void {
    if (this.#undecided.size === 0) this.#wake(this.#knowledge.places.open(this.#options.clock.now()));
  }
}

/** The API server says how long it wants to be left alone; and once it is back, what is in doubt must not wait for as long as it was away. */
function patienceFor({ retryAfterMs }: Extract<Reconciled, { type: 'Unavailable' }>): Omit<Extract<Next, { type: 'Retry' }>, 'type'> {
  return { longestMs: LONGEST_UNAVAILABLE_MS, ...(retryAfterMs === undefined ? {} : { minimumMs: retryAfterMs }) };
}

function fieldsOf(key: SubjectKey): Readonly<Record<string, unknown>> {
  const { namespace, name, uid } = subjectOf(key);
  return { controller: 'task', namespace, name, uid };
}
