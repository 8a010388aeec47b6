import type { Clock } from './clock.ts';
import type { Cluster } from './cluster/cluster.ts';
import type { RestartReason } from './cluster/reflector-states.ts';
import type { Reviews } from './cluster/rest/reviews.ts';
import { openCaches } from './controller/caches.ts';
import { createController } from './controller/controller.ts';
import type { Sessions } from './controller/effects.ts';
import { decidingEngine } from './core/deciding-engine.ts';
import type { Engine } from './engine/engine.ts';
import type { ListenAddress } from './flag-values.ts';
import type { HostConfig } from './flags.ts';
import { leadAtOnce, leadWhenElected } from './lead.ts';
import type { Elector } from './leader/elector.ts';
import { fencedCluster } from './leader/fenced-cluster.ts';
import { createRecent } from './observe/debug/recent.ts';
import { debugRoutes } from './observe/debug/routes.ts';
import { accessGuard, guarded } from './observe/guard.ts';
import { engineCheck, reflectorsCheck, syncedCheck } from './observe/health.ts';
import type { Journal, JournalOptions } from './observe/journal.ts';
import type { LeveledLog } from './observe/log.ts';
import { createMetrics, type Metrics } from './observe/metrics.ts';
import { observeCluster } from './observe/observed-cluster.ts';
import { observeEngine } from './observe/observed-engine.ts';
import { scrapeSources } from './observe/scrape-sources.ts';
import { checkRoutes, type Route, type Servers, type Site, serve } from './observe/server.ts';
import { NO_TRACING, type Tracing } from './observe/tracing.ts';

/** A server ends each watch after a while, and a new leader asks for the newest: no trouble. */
const IN_ORDER: ReadonlySet<string> = new Set(['Closed', 'Refresh'] satisfies RestartReason[]);

/** What a host is made of; the process's own in `main.ts`, a memory cluster and virtual time in tests. */
export interface HostParts {
  readonly clock: Clock;
  /** The API server's time, by which Tasks are judged. Default: `clock`. */
  readonly serverClock?: Clock;
  readonly cluster: Cluster;
  /** Way to the Lease. Apart from `cluster`, so that a full pool costs no lead. */
  readonly leaseCluster: Cluster;
  /** Host and port of the API server, for the metrics. */
  readonly apiServer?: string;
  readonly engine: Engine;
  readonly sessions: Sessions;
  readonly log: LeveledLog;
  /** Who may read metrics and /debug; needed where the config demands it. */
  readonly reviews?: Pick<Reviews, 'authenticate' | 'authorize'>;
  /** Unique for this process; at most 128 bytes. */
  readonly identity: string;
  readonly leaseNamespace: string;
  readonly version: string;
  /** Default: none. */
  readonly tracing?: Tracing;
  /** A core that decides too, of which nothing is done; its differences go to `journal`. */
  readonly shadow?: { readonly engine: Engine; readonly journal?: Journal };
  /** Told once how to offer another core while the host runs. */
  readonly onReady?: (offer: (next: Engine) => void) => void;
  readonly journal?: (watcher: Pick<JournalOptions, 'onError' | 'onWritten' | 'onDropped'>) => Journal;
  /** Certificate and key of the metrics, as they are now. */
  readonly metricsTls?: Site['tls'];
  /** Told where metrics, health and /debug are served, in this order. */
  readonly onListening?: (addresses: readonly ListenAddress[]) => void;
}

/** How a host ended. `Lost`: another leads, or nobody could be asked; a fresh process must take over. */
export type HostEnd = 'Stopped' | 'Lost';

/** Runs until `shutdown` is aborted (finishes the work in hand, gives the lease back) or the lead is lost. Rejects when an address to listen on is taken. */
export async function runHost(config: HostConfig, parts: HostParts, shutdown: AbortSignal): Promise<HostEnd> {
  const { clock, log, serverClock = clock } = parts;
  const metrics = createMetrics({
    leaseName: config.leaderElection.leaseName,
    version: parts.version,
    coreDigest: parts.engine.digest,
    ...(parts.apiServer === undefined ? {} : { apiServer: parts.apiServer }),
  });
  const journal = parts.journal?.({
    onError: limited(clock, (error) => log.error('the journal could not be written', { error }), metrics),
    onWritten: metrics.journalWrote,
    onDropped: metrics.journalDropped,
  });
  const health = engineCheck(clock);
  const tracing = parts.tracing ?? NO_TRACING;
  const cluster = tracing.cluster(observeCluster(parts.cluster, clock, metrics));
  const observed = (core: Engine): Engine =>
    observeEngine(tracing.engine(core), { clock, metrics, log, health, ...(journal === undefined ? {} : { journal }) });
  const engine = decidingEngine({ parts, metrics, observed });
  const selector = config.labelSelector === undefined ? {} : { taskSelector: config.labelSelector };
  const ended = new AbortController();
  const caches = openCaches({
    cluster,
    clock,
    namespaces: config.namespaces,
    ...selector,
    signal: ended.signal,
    onTrouble: (trouble) => {
      if (trouble.type === 'ListenerFailed')
        return log.error('a bug of the host: a listener of the store threw', { kind: trouble.scope.kind, error: trouble.error });
      metrics.reflectorRestarted(trouble.scope.kind, trouble.reason);
      const { kind, namespace } = trouble.scope;
      const fields = { kind, namespace, reason: trouble.reason, againInMs: trouble.delayMs };
      if (IN_ORDER.has(trouble.reason)) log.debug(`watch ${kind} again: ${trouble.message}`, fields);
      else log.warn(`watch ${kind} again: ${trouble.message}`, fields);
    },
    onConfigRefused: (error, againInMs) => log.warn(`no KubeOpenCodeConfig can be read, so there is none: ${error.message}`, { againInMs }),
  });
  let elector: Pick<Elector, 'isLeader'> | undefined;
  const recent = config.metricsAuth || config.debugAddress !== 'off' ? createRecent() : undefined;
  const controller = createController({
    // Without an election it is the only one, by the user's word.
    cluster: fencedCluster(cluster, () => elector?.isLeader() ?? true),
    clock: serverClock,
    engine,
    caches,
    sessions: parts.sessions,
    log,
    identity: parts.identity,
    settings: { referenceGraceSeconds: config.referenceGraceSeconds, unreachableAfterSeconds: config.unreachableAfterSeconds },
    ...selector,
    maxConcurrentReconciles: config.maxConcurrentReconciles,
    metrics,
    ...(tracing === NO_TRACING ? {} : { around: (subject, id, work) => tracing.reconcile(subject, id, work, ({ type }) => type) }),
    hooks: {
      acted: (_subject, action, outcome) => metrics.acted(action, outcome),
      // Nothing is kept for a /debug that nobody can ask.
      ...(recent === undefined
        ? {}
        : { decided: (subject, deliberation) => recent.decided(subject, { atMs: serverClock.now(), core: engine.digest, deliberation }) }),
    },
  });
  metrics.observe({ ...scrapeSources(config.namespaces, serverClock, caches.store, controller), coreDigest: () => engine.digest });
  const watched = (): ReturnType<typeof caches.reflectors> => caches.reflectors();
  const guard = config.metricsAuth ? accessGuard(reviewsOf(parts), clock, log) : undefined;
  const debug = recent === undefined ? {} : debugRoutes({ store: caches.store, controller, recent, log });
  let servers: Servers | undefined;
  try {
    servers = await serve([
      ...site(
        config.metricsAddress,
        guarded({ '/metrics': metricsRoute(metrics), ...(config.metricsAuth ? debug : {}) }, guard),
        parts.metricsTls,
      ),
      ...site(config.healthAddress, {
        ...checkRoutes('/healthz', [reflectorsCheck(clock, watched), health]),
        ...checkRoutes('/readyz', [syncedCheck(watched)]),
      }),
      ...site(config.debugAddress, debug),
    ]);
    parts.onListening?.(servers.addresses);
    log.info('started', {
      version: parts.version,
      core: engine.digest,
      identity: parts.identity,
      namespaces: config.namespaces,
      addresses: servers.addresses,
    });
    const end = config.leaderElection.enabled
      ? await leadWhenElected(config, parts, controller, metrics, shutdown, (made) => {
          elector = made;
        })
      : await leadAtOnce(parts, controller, metrics, shutdown);
    log.info('ended', { end });
    return end;
  } finally {
    ended.abort(new Error('the host has ended'));
    await servers?.close();
  }
}

function metricsRoute(metrics: Metrics): Route {
  return async () => {
    const { contentType, text } = await metrics.scrape();
    return { code: 200, contentType, text };
  };
}

function site(address: ListenAddress | 'off', routes: Site['routes'], tls?: Site['tls']): readonly Site[] {
  return address === 'off' ? [] : [{ address, routes, ...(tls === undefined ? {} : { tls }) }];
}

function reviewsOf({ reviews }: HostParts): NonNullable<HostParts['reviews']> {
  if (reviews === undefined) throw new Error('--metrics-auth: expected a way to ask the API server who may read metrics, there is none');
  return reviews;
}

/** A full disk is told once a minute, and counted each time. */
function limited(clock: Clock, tell: (error: unknown) => void, metrics: Pick<Metrics, 'journalFailed'>): (error: unknown) => void {
  let quietUntilMs = 0;
  return (error) => {
    metrics.journalFailed();
    if (clock.now() < quietUntilMs) return;
    quietUntilMs = clock.now() + 60_000;
    tell(error);
  };
}
