import type { Outcome, Settings, Subject } from '#core/contract/snapshot.ts';
import type { Clock } from '../clock.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Engine } from '../engine/engine.ts';
import type { Log } from '../observe/log.ts';
import type { Caches } from './caches.ts';
import type { Sessions } from './effects.ts';
import { type AroundReconcile, type ControllerHooks, type ControllerMetrics, NO_METRICS } from './hooks.ts';
import type { Standing } from './pending-writes.ts';
import type { LineCounts, PlaceView } from './place-view.ts';
import { Run } from './run.ts';
import { keyOf } from './subject.ts';
import type { KeyState } from './work-queue.ts';

export interface ControllerOptions {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly engine: Engine;
  readonly caches: Caches;
  readonly sessions: Sessions;
  readonly log: Log;
  /** Which replica speaks: `reportingInstance` of Events. At most 128 bytes, not empty. */
  readonly identity: string;
  /** What the host's flags say; the rest of the settings comes from KubeOpenCodeConfig. */
  readonly settings: Omit<Settings, 'config'>;
  /** The selector that `caches` were opened with. */
  readonly taskSelector?: string;
  /** Most subjects that are worked on at a time. Default 32. */
  readonly maxConcurrentReconciles?: number;
  readonly metrics?: ControllerMetrics;
  readonly hooks?: ControllerHooks;
  /** Default: nothing around it. */
  readonly around?: AroundReconcile;
  /** What is left of a text before it is kept as the end of a log. Default: it is blotted out what the journal blots out (`redactText`). */
  readonly redactLog?: (text: string) => string;
}

export const LEDGERS = ['dependents', 'effects', 'finished', 'live', 'outcomes', 'pending', 'places', 'queue', 'starts'] as const;
export type Ledger = (typeof LEDGERS)[number];

/** How busy the controller is, for metrics. */
export interface ControllerCounts {
  /** Keys that wait in the work queue. */
  readonly depth: number;
  /** Keys that are worked on. */
  readonly active: number;
  /** How long the work under way has taken, in seconds: together, and the longest. */
  readonly unfinishedSeconds: number;
  readonly longestRunningSeconds: number;
  /** Effects that run or wait. */
  readonly effects: number;
  /** The queues of the Agents; those without anybody are left out. */
  readonly lines: readonly LineCounts[];
  /** Entries of what is kept beside the caches, by ledger. All are 0 when there is no Task. */
  readonly ledgers: Readonly<Record<Ledger, number>>;
  /** When a decision was last made, milliseconds since the epoch; undefined before the first. */
  readonly lastDecisionAtMs: number | undefined;
}

/** What the controller knows of one subject beside the cache, for people who ask. */
export interface Inspection {
  readonly queue: KeyState;
  /** How long the work under way has taken. */
  readonly workedForSeconds?: number;
  /** Its place in the queue of its Agent; absent: it asked for none. */
  readonly place?: PlaceView;
  readonly outcomes: readonly Outcome[];
  /** Whether its own writes are visible. */
  readonly standing: Standing;
  /** Effects that run or wait. */
  readonly effects: readonly string[];
}

/** Turns watched objects into snapshots, has the core decide, and carries out what it says. */
export interface Controller {
  /**
   * Begins to work: waits until the caches hold everything that has happened, then decides every subject. `leading` ends the work at once, requests in
   * flight too. Resolves to `Started` when the first decision may be made, to `Stopped` when it was ended before. May be called again after `stop`.
   */
  start(leading: AbortSignal): Promise<'Started' | 'Stopped'>;
  /** Makes no new decision, and resolves when the work in hand is done. */
  stop(): Promise<void>;
  counts(): ControllerCounts;
  /** undefined while it does not lead. */
  inspect(subject: Subject): Inspection | undefined;
}

const DEFAULT_CONCURRENCY = 32;
const NOTHING: ControllerCounts = {
  depth: 0,
  active: 0,
  unfinishedSeconds: 0,
  longestRunningSeconds: 0,
  effects: 0,
  lines: [],
  ledgers: Object.fromEntries(LEDGERS.map((ledger) => [ledger, 0])) as Record<Ledger, number>,
  lastDecisionAtMs: undefined,
};

export function createController(options: ControllerOptions): Controller {
  let run: Run | undefined;
  const metrics = options.metrics ?? NO_METRICS;
  const maxConcurrentReconciles = options.maxConcurrentReconciles ?? DEFAULT_CONCURRENCY;
  metrics.maxConcurrentReconciles(maxConcurrentReconciles);
  return {
    start: (leading) => {
      if (run !== undefined) throw new Error('start the controller: expected it to be stopped, it is running; call stop() first');
      run = new Run({ ...options, metrics, hooks: options.hooks ?? {}, maxConcurrentReconciles }, leading);
      return run.start();
    },
    stop: async () => {
      const ending = run;
      run = undefined;
      await ending?.stop();
    },
    counts: () => run?.counts() ?? NOTHING,
    inspect: (subject) => run?.inspect(keyOf(subject)),
  };
}
