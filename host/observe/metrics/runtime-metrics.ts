import type { Kind } from '#core/contract/kinds.ts';
import type { Kit } from './kit.ts';

/** What a reconciliation came to, in controller-runtime's words. */
export type ReconcileResult = 'success' | 'error' | 'requeue' | 'requeue_after';

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
const API_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30];
/** client-go `k8s.io/component-base/metrics/prometheus/restclient`. */
const REST_CLIENT_BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

const RESULTS: readonly ReconcileResult[] = ['success', 'error', 'requeue', 'requeue_after'];
const METHODS = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  logs: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
} as const satisfies Record<ApiVerb, string>;
/** These last as long as there is something to follow, which says nothing of the API server. */
const STREAMS: ReadonlySet<ApiVerb> = new Set(['watch', 'logs']);

export interface WorkCounts {
  /** Keys that wait in the work queue. */
  depth(): number;
  /** Reconciliations under way. */
  active(): number;
  /** Seconds that the reconciliations under way have taken, together and the longest of them. */
  unfinishedSeconds(): number;
  longestRunningSeconds(): number;
}

export interface RuntimeMetrics {
  reconciled(result: ReconcileResult, seconds: number): void;
  /** A reconciliation threw: a bug of the host. It counts as an error besides. */
  panicked(): void;
  queueAdded(): void;
  queueRetried(): void;
  /** A key was taken from the queue after this wait. */
  queueWaited(seconds: number): void;
  maxConcurrentReconciles(count: number): void;
  leading(isLeader: boolean): void;
  /** `code` 0: no usable answer. */
  apiCall(verb: ApiVerb, kind: Kind, code: string, seconds: number): void;
}

/** Names, labels and buckets of controller-runtime and client-go, so that what people have for those works here; and the same calls by verb and kind. */
export function runtimeMetrics(kit: Kit, leaseName: string, apiServer: string, work: WorkCounts): RuntimeMetrics {
  const { counter, histogram, gauge, sampled } = kit;
  const controller = TASK_CONTROLLER;
  const queue = { name: controller, controller };
  const ofQueue = ['name', 'controller'] as const;
  const total = counter('controller_runtime_reconcile_total', 'Reconciliations per controller and result.', ['controller', 'result']);
  const errors = counter('controller_runtime_reconcile_errors_total', 'Reconciliations that failed, per controller.', ['controller']);
  const panics = counter('controller_runtime_reconcile_panics_total', 'Reconciliations that threw, per controller: each is a bug.', [
    'controller',
  ]);
  const time = histogram(
    'controller_runtime_reconcile_time_seconds',
    'Time of a reconciliation, per controller.',
    ['controller'],
    RECONCILE_BUCKETS,
  );
  const maxWorkers = gauge('controller_runtime_max_concurrent_reconciles', 'Most reconciliations at a time, per controller.', [
    'controller',
  ]);
  sampled('controller_runtime_active_workers', 'Reconciliations under way, per controller.', ['controller'], () => [
    { labels: { controller }, value: work.active() },
  ]);
  const ofWork = (name: string, help: string, value: () => number): void =>
    sampled(name, help, ofQueue, () => [{ labels: queue, value: value() }]);
  ofWork('workqueue_depth', 'Keys that wait in the work queue.', () => work.depth());
  ofWork('workqueue_unfinished_work_seconds', 'Seconds that the work under way has taken, added up.', () => work.unfinishedSeconds());
  ofWork('workqueue_longest_running_processor_seconds', 'Seconds that the longest work under way has taken.', () =>
    work.longestRunningSeconds(),
  );
  const adds = counter('workqueue_adds_total', 'Keys added to the work queue.', ofQueue);
  const retries = counter('workqueue_retries_total', 'Keys added again after a failure.', ofQueue);
  const wait = histogram('workqueue_queue_duration_seconds', 'How long a key waits in the work queue.', ofQueue, QUEUE_BUCKETS);
  const duration = histogram('workqueue_work_duration_seconds', 'How long the work on a key takes.', ofQueue, QUEUE_BUCKETS);
  const leader = gauge('leader_election_master_status', 'Whether this process leads: 1 or 0.', ['name']);
  const requests = counter('rest_client_requests_total', 'Requests to the API server by method, host and HTTP code (<error>: no answer).', [
    'code',
    'method',
    'host',
  ]);
  const latency = histogram(
    'rest_client_request_duration_seconds',
    'Time of a request to the API server, without watches and logs.',
    ['verb', 'host'],
    REST_CLIENT_BUCKETS,
  );
  const calls = counter('kubeopencode_api_requests_total', 'Requests to the API server by verb, kind and HTTP code (0: no answer).', [
    'verb',
    'kind',
    'code',
  ]);
  const callTime = histogram('kubeopencode_api_request_duration_seconds', 'Time of a request to the API server.', ['verb'], API_BUCKETS);

  for (const result of RESULTS) total.inc({ controller, result }, 0);
  for (const count of [errors, panics]) count.inc({ controller }, 0);
  time.zero({ controller });
  for (const count of [adds, retries]) count.inc(queue, 0);
  for (const each of [wait, duration]) each.zero(queue);
  leader.set({ name: leaseName }, 0);
  maxWorkers.set({ controller }, 0);
  for (const verb of API_VERBS) callTime.zero({ verb });
  for (const verb of new Set(Object.values(METHODS))) latency.zero({ verb, host: apiServer });

  return {
    reconciled: (result, seconds) => {
      total.inc({ controller, result });
      if (result === 'error') errors.inc({ controller });
      time.observe({ controller }, seconds);
      duration.observe(queue, seconds);
    },
    panicked: () => panics.inc({ controller }),
    queueAdded: () => adds.inc(queue),
    queueRetried: () => retries.inc(queue),
    queueWaited: (seconds) => wait.observe(queue, seconds),
    maxConcurrentReconciles: (count) => maxWorkers.set({ controller }, count),
    leading: (isLeader) => leader.set({ name: leaseName }, isLeader ? 1 : 0),
    apiCall: (verb, kind, code, seconds) => {
      const method = METHODS[verb];
      calls.inc({ verb, kind, code });
      callTime.observe({ verb }, seconds);
      requests.inc({ code: code === '0' ? '<error>' : code, method, host: apiServer });
      if (!STREAMS.has(verb)) latency.observe({ verb: method, host: apiServer }, seconds);
    },
  };
}
