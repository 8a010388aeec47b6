import { assertNever } from '#core/contract/decision.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../observe/log.ts';
import type { AroundReconcile, ControllerMetrics } from './hooks.ts';
import type { Reconciled, Reconciler } from './reconciler.ts';
import { type SubjectKey, subjectOf } from './subject.ts';
import type { Next, WorkQueue } from './work-queue.ts';

/** Longest wait before an API server that could not be asked is asked again. */
const LONGEST_UNAVAILABLE_MS = 30_000;

export interface WorkersOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: ControllerMetrics;
  readonly around?: AroundReconcile;
  readonly maxConcurrentReconciles: number;
  readonly queue: Pick<WorkQueue, 'finish'>;
  readonly reconciler: Pick<Reconciler, 'reconcile'>;
  /** The work on a subject threw: what it holds will not be known any better. */
  onThrown(key: SubjectKey): void;
  /** One of them is free again. */
  onFree(): void;
}

/** Those who work, so many at a time, each on one subject that was taken from the queue. */
export class Workers {
  readonly #options: WorkersOptions;
  readonly #working = new Set<Promise<void>>();
  /** Since when each subject is worked on, by the monotonic clock. */
  readonly #sinceMs = new Map<SubjectKey, number>();
  #reconciles = 0;

  constructor(options: WorkersOptions) {
    this.#options = options;
  }

  /** Whether one of them has nothing to do. */
  get hasFree(): boolean {
    return this.#working.size < this.#options.maxConcurrentReconciles;
  }

  /** How long the work under way on each subject has taken. */
  get workSeconds(): readonly number[] {
    const nowMs = this.#options.clock.monotonic();
    return [...this.#sinceMs.values()].map((sinceMs) => (nowMs - sinceMs) / 1_000);
  }

  /** How long the work on a subject has taken; undefined: nobody works on it. */
  workedForSeconds(key: SubjectKey): number | undefined {
    const sinceMs = this.#sinceMs.get(key);
    return sinceMs === undefined ? undefined : (this.#options.clock.monotonic() - sinceMs) / 1_000;
  }

  /** Has one of them work on a subject that came into the queue at a time of the monotonic clock. */
  begin(key: SubjectKey, queuedAtMs: number | undefined): void {
    const worker: Promise<void> = this.#work(key, queuedAtMs).finally(() => {
      this.#working.delete(worker);
      this.#options.onFree();
    });
    this.#working.add(worker);
  }

  /** Resolves when nobody works any more. */
  async done(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working);
  }

  /** As controller-runtime's `reconcileHandler`: each way that the work can end, with one call of the queue and one count. */
  async #work(key: SubjectKey, queuedAtMs: number | undefined): Promise<void> {
    const { around, clock, log, metrics, onThrown, queue, reconciler } = this.#options;
    const startedMs = clock.monotonic();
    this.#reconciles += 1;
    const reconcileID = this.#reconciles;
    metrics.queueWaited((startedMs - (queuedAtMs ?? startedMs)) / 1_000);
    this.#sinceMs.set(key, startedMs);
    const work = (): Promise<Reconciled> => reconciler.reconcile(key, reconcileID);
    const worked = around === undefined ? work() : around(subjectOf(key), reconcileID, work);
    const reconciled = await worked.catch((error: unknown): Reconciled => {
      log.error('the work on a Task threw, which is a bug of the host', { ...fieldsOf(key), reconcileID, error });
      metrics.panicked();
      onThrown(key);
      return { type: 'Failed', message: String(error) };
    });
    this.#sinceMs.delete(key);
    const finish = (next: Next): number | undefined => queue.finish(key, next, clock.now());
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
}

/** The API server says how long it wants to be left alone; and once it is back, what is in doubt must not wait for as long as it was away. */
function patienceFor({ retryAfterMs }: Extract<Reconciled, { type: 'Unavailable' }>): Omit<Extract<Next, { type: 'Retry' }>, 'type'> {
  return { longestMs: LONGEST_UNAVAILABLE_MS, ...(retryAfterMs === undefined ? {} : { minimumMs: retryAfterMs }) };
}

function fieldsOf(key: SubjectKey): Readonly<Record<string, unknown>> {
  const { namespace, name, uid } = subjectOf(key);
  return { controller: 'task', namespace, name, uid };
}
