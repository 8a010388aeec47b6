import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Kind } from '#core/contract/kinds.ts';
import { RESTART_REASONS } from '../cluster/reflector-states.ts';
import type { TaskEnd } from '../controller/hooks.ts';
import type { EngineResult } from '../engine/engine.ts';

/** What a reconciliation came to, in controller-runtime's words. */
export type ReconcileResult = 'success' | 'error' | 'requeue' | 'requeue_after';

/** A count with its labels, read when somebody asks for the metrics. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What is counted where it stands rather than when it changes. Register with `observe`; each is asked at every scrape. */
export interface ScrapeSources {
  /** Tasks by namespace and phase; labels `namespace`, `phase`. */
  readonly tasks?: () => readonly Sample[];
  /** Tasks that have a cause, because they wait for something or have ended of it; labels `namespace`, `phase`, `cause`. */
  readonly causes?: () => readonly Sample[];
  /** Waiting Tasks by Agent; labels `namespace`, `agent`. */
  readonly agentQueue?: () => readonly Sample[];
  /** What the controller keeps beside the caches; label `ledger`. */
  readonly ledgers?: () => readonly Sample[];
  /** Keys that wait in the work queue. */
  readonly workQueueDepth?: () => number;
  /** Reconciliations under way. */
  readonly activeWorkers?: () => number;
}

export interface Metrics {
  /** Content type and text for `GET /metrics`. */
  scrape(): Promise<{ readonly contentType: string; readonly text: string }>;
  observe(sources: ScrapeSources): void;
  reconciled(result: ReconcileResult, seconds: number): void;
  queueAdded(): void;
  queueRetried(): void;
  /** A key was taken from the queue after this wait. */
  queueWaited(seconds: number): void;
  maxConcurrentReconciles(count: number): void;
  leading(isLeader: boolean): void;
  decided(result: EngineResult, seconds: number): void;
  apiCall(verb: ApiVerb, kind: Kind, code: string, seconds: number): void;
  /** A watch or list ended otherwise than by the server's own time limit. */
  reflectorRestarted(kind: Kind, reason: string): void;
  journalFailed(): void;
  /** `seconds` null: its times do not tell. */
  taskFinished(end: TaskEnd, seconds: number | null): void;
}

export const API_VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'logs'] as const;
export type ApiVerb = (typeof API_VERBS)[number];

export const TASK_CONTROLLER = 'task';

/** controller-runtime `pkg/internal/controller/metrics`. */
const RECONCILE_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 4.5,
  5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];
/** controller-runtime `pkg/internal/metrics/workqueue`: 10 ns to 1,000 s by tens. */
const QUEUE_BUCKETS = Array.from({ length: 12 }, (_, power) => Number(`1e${power - 8}`));
const DECISION_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const FUEL_BUCKETS = Array.from({ length: 10 }, (_, power) => 4 ** power);
const API_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30];
/** Upstream's: 10 s, doubling. */
const TASK_BUCKETS = Array.from({ length: 10 }, (_, power) => 10 * 2 ** power);

const RESULTS: readonly ReconcileResult[] = ['success', 'error', 'requeue', 'requeue_after'];
const ENGINE_FAULTS = ['Exception', 'OutOfFuel', 'OutOfMemory', 'Trap', 'OutputTooLarge', 'Nonsense'] as const;
const WATCHED: readonly Kind[] = ['Task', 'Pod', 'Agent', 'AgentTemplate', 'KubeOpenCodeConfig'];

export interface MetricsOptions {
  readonly leaseName: string;
  readonly version: string;
  readonly coreDigest: string;
  /** Memory, CPU and event loop of the process. Default true. */
  readonly process?: boolean;
}

/** All metrics of the host, each label combination that is known beforehand at zero, so that dashboards and alerts see 0 and not "no data". */
export function createMetrics({ leaseName, version, coreDigest, process: ofProcess = true }: MetricsOptions): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const controller = TASK_CONTROLLER;
  let sources: ScrapeSources = {};
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> =>
    new Counter({ name, help, labelNames: [...labelNames], registers });
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[], buckets: readonly number[]): Histogram<L> =>
    new Histogram({ name, help, labelNames: [...labelNames], buckets: [...buckets], registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> =>
    new Gauge({ name, help, labelNames: [...labelNames], registers });
  /** A gauge whose series are read from their source at each scrape; those that are gone are gone here too. */
  const sampled = <L extends string>(name: string, help: string, labelNames: readonly L[], read: () => readonly Sample[]): Gauge<L> =>
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers,
      collect() {
        this.reset();
        for (const { labels, value } of read()) this.set(labels as Record<L, string>, value);
      },
    });

  if (ofProcess) collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 });
  gauge('kubeopencode_build_info', 'Version of the host and digest of its core; always 1.', ['version', 'core']).set(
    { version, core: coreDigest },
    1,
  );

  const reconcileTotal = counter('controller_runtime_reconcile_total', 'Reconciliations per controller and result.', [
    'controller',
    'result',
  ]);
  const reconcileErrors = counter('controller_runtime_reconcile_errors_total', 'Reconciliations that failed, per controller.', [
    'controller',
  ]);
  const reconcileTime = histogram(
    'controller_runtime_reconcile_time_seconds',
    'Time of a reconciliation, per controller.',
    ['controller'],
    RECONCILE_BUCKETS,
  );
  const maxWorkers = gauge('controller_runtime_max_concurrent_reconciles', 'Most reconciliations at a time, per controller.', [
    'controller',
  ]);
  sampled('controller_runtime_active_workers', 'Reconciliations under way, per controller.', ['controller'], () => [
    { labels: { controller }, value: sources.activeWorkers?.() ?? 0 },
  ]);
  const queue = { name: controller, controller };
  sampled('workqueue_depth', 'Keys that wait in the work queue.', ['name', 'controller'], () => [
    { labels: queue, value: sources.workQueueDepth?.() ?? 0 },
  ]);
  const queueAdds = counter('workqueue_adds_total', 'Keys added to the work queue.', ['name', 'controller']);
  const queueRetries = counter('workqueue_retries_total', 'Keys added again after a failure.', ['name', 'controller']);
  const queueWait = histogram(
    'workqueue_queue_duration_seconds',
    'How long a key waits in the work queue.',
    ['name', 'controller'],
    QUEUE_BUCKETS,
  );
  const queueWork = histogram(
    'workqueue_work_duration_seconds',
    'How long the work on a key takes.',
    ['name', 'controller'],
    QUEUE_BUCKETS,
  );
  const leader = gauge('leader_election_master_status', 'Whether this process leads: 1 or 0.', ['name']);

  sampled('kubeopencode_tasks', 'Tasks in the cache.', ['namespace', 'phase'], () => sources.tasks?.() ?? []);
  sampled(
    'kubeopencode_task_causes',
    'Tasks in the cache that have a cause: those that wait, by what keeps them, and those that ended, by what ended them.',
    ['namespace', 'phase', 'cause'],
    () => sources.causes?.() ?? [],
  );
  sampled(
    'kubeopencode_agent_queue_length',
    'Tasks that wait for a slot of an Agent.',
    ['namespace', 'agent'],
    () => sources.agentQueue?.() ?? [],
  );
  sampled(
    'kubeopencode_ledger_entries',
    'Entries that the controller keeps beside the cache, by ledger; all 0 when there is no Task.',
    ['ledger'],
    () => sources.ledgers?.() ?? [],
  );
  const taskTime = histogram(
    'kubeopencode_task_duration_seconds',
    'Time from the start of a Task (its creation, where it never started) to its end, however it ended.',
    ['namespace', 'agent'],
    TASK_BUCKETS,
  );
  const taskEnds = counter('kubeopencode_task_ends_total', 'Tasks that ended, by how and why.', ['namespace', 'agent', 'outcome', 'cause']);
  const decisionTime = histogram('kubeopencode_decision_duration_seconds', 'Time of one call of the core.', [], DECISION_BUCKETS);
  const decisionFuel = histogram('kubeopencode_decision_fuel', 'Fuel that one call of the core used.', [], FUEL_BUCKETS);
  const restarts = counter('kubeopencode_sandbox_restarts_total', 'Sandboxes thrown away because the core failed.', ['cause']);
  const apiCalls = counter('kubeopencode_api_requests_total', 'Requests to the API server by verb, kind and HTTP code (0: no answer).', [
    'verb',
    'kind',
    'code',
  ]);
  const apiTime = histogram('kubeopencode_api_request_duration_seconds', 'Time of a request to the API server.', ['verb'], API_BUCKETS);
  const reflector = counter('kubeopencode_reflector_restarts_total', 'Watches that had to be taken up again, by kind and reason.', [
    'kind',
    'reason',
  ]);
  const journal = counter('kubeopencode_journal_errors_total', 'Journal entries that could not be written.', []);

  for (const result of RESULTS) reconcileTotal.inc({ controller, result }, 0);
  reconcileErrors.inc({ controller }, 0);
  reconcileTime.zero({ controller });
  for (const count of [queueAdds, queueRetries]) count.inc(queue, 0);
  for (const time of [queueWait, queueWork]) time.zero(queue);
  leader.set({ name: leaseName }, 0);
  maxWorkers.set({ controller }, 0);
  for (const cause of ENGINE_FAULTS) restarts.inc({ cause }, 0);
  for (const kind of WATCHED) for (const reason of RESTART_REASONS) reflector.inc({ kind, reason }, 0);
  for (const verb of API_VERBS) apiTime.zero({ verb });

  return {
    scrape: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    observe: (more) => {
      sources = { ...sources, ...more };
    },
    reconciled: (result, seconds) => {
      reconcileTotal.inc({ controller, result });
      if (result === 'error') reconcileErrors.inc({ controller });
      reconcileTime.observe({ controller }, seconds);
      queueWork.observe(queue, seconds);
    },
    queueAdded: () => queueAdds.inc(queue),
    queueRetried: () => queueRetries.inc(queue),
    queueWaited: (seconds) => queueWait.observe(queue, seconds),
    maxConcurrentReconciles: (count) => maxWorkers.set({ controller }, count),
    leading: (isLeader) => leader.set({ name: leaseName }, isLeader ? 1 : 0),
    decided: (result, seconds) => {
      decisionTime.observe(seconds);
      if (result.type === 'Answered') decisionFuel.observe(result.fuelUsed);
      else restarts.inc({ cause: result.cause });
    },
    apiCall: (verb, kind, code, seconds) => {
      apiCalls.inc({ verb, kind, code });
      apiTime.observe({ verb }, seconds);
    },
    reflectorRestarted: (kind, reason) => reflector.inc({ kind, reason }),
    journalFailed: () => journal.inc(),
    taskFinished: ({ namespace, agent, outcome, cause }, seconds) => {
      taskEnds.inc({ namespace, agent, outcome, cause });
      if (seconds !== null) taskTime.observe({ namespace, agent }, seconds);
    },
  };
}
