import { collectDefaultMetrics, Registry } from 'prom-client';
import { type CoreMetrics, type CoreSources, coreMetrics } from './metrics/core-metrics.ts';
import { kitOf } from './metrics/kit.ts';
import { LabelBound } from './metrics/label-bound.ts';
import { type RuntimeMetrics, runtimeMetrics } from './metrics/runtime-metrics.ts';
import { type TaskMetrics, type TaskSources, taskMetrics } from './metrics/task-metrics.ts';

export type { Sample } from './metrics/kit.ts';
export { type ApiVerb, TASK_CONTROLLER } from './metrics/runtime-metrics.ts';

/** What is counted where it stands rather than when it changes. Register with `observe`; each is asked at every scrape. */
export interface ScrapeSources extends TaskSources, CoreSources {
  /** Digest of the core that decides; default: that of the start. */
  readonly coreDigest?: () => string;
  /** Keys that wait in the work queue. */
  readonly workQueueDepth?: () => number;
  /** Reconciliations under way. */
  readonly activeWorkers?: () => number;
  /** Seconds that the reconciliations under way have taken, together and the longest of them. */
  readonly unfinishedSeconds?: () => number;
  readonly longestRunningSeconds?: () => number;
}

export interface Metrics extends RuntimeMetrics, Omit<TaskMetrics, 'prune'>, CoreMetrics {
  /** Content type and text for `GET /metrics`. */
  scrape(): Promise<{ readonly contentType: string; readonly text: string }>;
  observe(sources: ScrapeSources): void;
}

export interface MetricsOptions {
  readonly leaseName: string;
  readonly version: string;
  readonly coreDigest: string;
  /** Host and port of the API server, as a label. Default: empty. */
  readonly apiServer?: string;
  /** Memory, CPU and event loop of the process. Default true. */
  readonly process?: boolean;
}

/** All metrics of the host, each label combination that is known beforehand at zero, so that dashboards and alerts see 0 and not "no data". */
export function createMetrics(options: MetricsOptions): Metrics {
  const { leaseName, version, apiServer = '', process: ofProcess = true } = options;
  const registry = new Registry();
  const kit = kitOf(registry);
  let sources: ScrapeSources = {};
  if (ofProcess) collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 });
  const { coreDigest } = options;
  kit.sampled('kubeopencode_build_info', 'Version of the host and digest of the core that decides; always 1.', ['version', 'core'], () => [
    { labels: { version, core: sources.coreDigest?.() ?? coreDigest }, value: 1 },
  ]);
  const folded = kit.counter(
    'kubeopencode_metrics_folded_total',
    'Numbers that went to the series `_other`, because there are more namespaces, Agents or rules than are told apart.',
    [],
  );
  const onFolded = (): void => folded.inc();
  const runtime = runtimeMetrics(kit, leaseName, apiServer, {
    depth: () => sources.workQueueDepth?.() ?? 0,
    active: () => sources.activeWorkers?.() ?? 0,
    unfinishedSeconds: () => sources.unfinishedSeconds?.() ?? 0,
    longestRunningSeconds: () => sources.longestRunningSeconds?.() ?? 0,
  });
  const { prune, ...tasks } = taskMetrics(kit, new LabelBound(onFolded), () => sources);
  return {
    ...runtime,
    ...tasks,
    ...coreMetrics(kit, onFolded, () => sources),
    scrape: async () => {
      await prune();
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
    observe: (more) => {
      sources = { ...sources, ...more };
    },
  };
}
