import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import packageJson from '../package.json' with { type: 'json' };
import { createRestCluster, type RestCluster } from './cluster/rest/rest-cluster.ts';
import { createReviews, type Reviews } from './cluster/rest/reviews.ts';
import { loadCore, otherCore } from './core/load.ts';
import { httpGet } from './core/oci/transport.ts';
import type { Engine } from './engine/engine.ts';
import { type HostConfig, parseFlags } from './flags.ts';
import { type HostEnd, type HostParts, runHost } from './host.ts';
import { createJournal, journalFolder } from './observe/journal.ts';
import { createLog, errorText, type LeveledLog, type Log } from './observe/log.ts';
import { openTracing } from './observe/tracing.ts';
import { realClock } from './real-clock.ts';
import { runRelease } from './release/run-release.ts';
import { datesTo, serverClock } from './server-clock.ts';
import { createSessions } from './sessions.ts';

const EXIT = { ok: 0, error: 1, usage: 2 } as const;

/** Where core.wasm lies: beside the bundle, or where the build puts it for one who runs the source. */
const CORE_FILES = ['./core.wasm', '../dist/core.wasm'];

async function main(): Promise<number> {
  const parsed = parseFlags(process.argv.slice(2), process.env, packageJson.version);
  switch (parsed.type) {
    case 'Print':
      process.stdout.write(parsed.text);
      return EXIT.ok;
    case 'Faults':
      process.stderr.write(`${parsed.faults.map((fault) => `error: ${fault}`).join('\n')}\nSee --help.\n`);
      return EXIT.usage;
    case 'Run':
      return run(parsed.config);
  }
}

async function run(config: HostConfig): Promise<number> {
  const log = createLog({ level: config.logLevel, clock: realClock });
  process.on('uncaughtException', (error) => {
    log.error('a bug of the host: nobody caught this', { error, stack: error.stack });
    process.exit(EXIT.error);
  });
  // Before anything else: the first process of a container is not ended by a signal that nobody listens to.
  const shutdown = shutdownSignal(log);
  logLevelSignal(log);
  const clusters: { close(): Promise<void> }[] = [];
  try {
    const time = serverClock({
      clock: realClock,
      onCorrected: (aheadMs) => log.warn('the clock of this machine is not the API server’s, whose time counts', { aheadMs }),
    });
    const open = async (connections: number): Promise<RestCluster> => {
      const { kubeconfig, context } = config;
      const cluster = await createRestCluster({
        clock: realClock,
        connections,
        onExchange: datesTo(time),
        ...(kubeconfig === undefined ? {} : { kubeconfig }),
        ...(context === undefined ? {} : { context }),
      });
      clusters.push(cluster);
      return cluster;
    };
    const cluster = await open(config.maxConcurrentReconciles);
    const leaseCluster = await open(1);
    const { core: source, coreDigest: digest, coreAuthFile: authFile, coreCache: cacheFolder, shadowCore } = config;
    const from = {
      clock: realClock,
      get: httpGet(realClock),
      ...(authFile === undefined ? {} : { authFile }),
      ...(cacheFolder === undefined ? {} : { cacheFolder }),
    };
    const wanted = { ...(source === undefined ? {} : { source }), ...(digest === undefined ? {} : { digest }) };
    const besides = CORE_FILES.map((file) => fileURLToPath(new URL(file, import.meta.url)));
    const engine = await loadCore(wanted, besides, from);
    const shadow = shadowCore === undefined ? undefined : await loadCore({ source: shadowCore }, [], from);
    const reviews = config.metricsAuth ? openReviews(config) : undefined;
    if (reviews !== undefined) clusters.push(reviews);
    log.info('connecting', { server: cluster.server, context: cluster.context });
    const parts: HostParts = {
      ...partsOf(config, log, cluster, leaseCluster, engine),
      serverClock: time.clock,
      ...(reviews === undefined ? {} : { reviews }),
      ...(shadow === undefined ? {} : { shadow: shadowOf(config, log, shadow) }),
      onReady: watchCore(config, log, otherCore(wanted, besides, from, engine.digest)),
    };
    if (config.releasePods) return (await runRelease(config, parts, shutdown)) === 'Released' ? EXIT.ok : EXIT.error;
    return EXIT_OF[await runHost(config, parts, shutdown)];
  } catch (error) {
    log.error(errorText(error));
    return EXIT.error;
  } finally {
    await Promise.all(clusters.map((cluster) => cluster.close()));
  }
}

const EXIT_OF = { Stopped: EXIT.ok, Lost: EXIT.error } as const satisfies Record<HostEnd, number>;

function partsOf(config: HostConfig, log: LeveledLog, cluster: RestCluster, leaseCluster: RestCluster, engine: Engine): HostParts {
  const { journal, metricsTls } = config;
  const files = journal === undefined ? undefined : journalFolder(journal.folder);
  return {
    clock: realClock,
    cluster,
    leaseCluster,
    apiServer: new URL(cluster.server).host,
    engine,
    sessions: createSessions({ clock: realClock, fetch }),
    log,
    identity: `${(process.env.POD_NAME ?? hostname()).slice(0, 80)}_${randomUUID()}`,
    leaseNamespace: config.leaderElection.leaseNamespace ?? process.env.POD_NAMESPACE ?? cluster.namespace,
    version: packageJson.version,
    tracing: openTracing(packageJson.version),
    ...(metricsTls === undefined ? {} : { metricsTls: () => tlsFiles(metricsTls) }),
    ...(files === undefined || journal === undefined
      ? {}
      : { journal: (watcher) => createJournal({ files, maxSizeBytes: journal.maxSizeBytes, ...watcher }) }),
  };
}

/** Only differences are written, so `replay` of this folder by the core in charge shows each of them. */
function shadowOf({ journal }: HostConfig, log: Log, engine: Engine): NonNullable<HostParts['shadow']> {
  if (journal === undefined) return { engine };
  const files = journalFolder(join(journal.folder, 'shadow'));
  const onError = (error: unknown): void => log.debug('the journal of the shadow could not be written', { error });
  return { engine, journal: createJournal({ files, maxSizeBytes: Math.floor(journal.maxSizeBytes / 8), onError }) };
}

function openReviews({ kubeconfig, context }: HostConfig): Reviews {
  return createReviews({
    clock: realClock,
    userAgent: `kubeopencode-host/${packageJson.version}`,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  });
}

function tlsFiles({ certFile, keyFile }: NonNullable<HostConfig['metricsTls']>): { readonly cert: string; readonly key: string } {
  return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
}

/** SIGUSR2: the log tells everything, and the next one brings back what it told before. (Node takes SIGUSR1 for its debugger.) */
function logLevelSignal(log: LeveledLog): void {
  const usual = log.level;
  process.on('SIGUSR2', () => {
    log.level = log.level === 'debug' ? usual : 'debug';
    log.warn('SIGUSR2: the level of the log was changed', { level: log.level });
  });
}

/** Tells `offer` of a core that is not the one before, at SIGHUP and, where the config says so, from time to time. A core that can't be had is told in the log. */
function watchCore(config: HostConfig, log: Log, load: () => Promise<Engine | null>): NonNullable<HostParts['onReady']> {
  return (offer) => {
    let isLoading = false;
    const look = async (): Promise<void> => {
      if (isLoading) return;
      isLoading = true;
      await load()
        .then((next) => (next === null ? log.debug('the core is the same as before') : offer(next)))
        .catch((error: unknown) => log.error('no other core could be loaded', { error }))
        .finally(() => {
          isLoading = false;
        });
    };
    process.on('SIGHUP', () => {
      log.info('SIGHUP: looking for another core');
      void look();
    });
    const { coreWatchIntervalMs: intervalMs } = config;
    const again = (): void => void realClock.after(intervalMs, () => void look().then(again));
    if (intervalMs > 0) again();
  };
}

/** Aborts at the first SIGTERM or SIGINT; a second ends the process at once. */
function shutdownSignal(log: Log): AbortSignal {
  const shutdown = new AbortController();
  const onSignal = (signal: NodeJS.Signals, number: number): void => {
    if (shutdown.signal.aborted) {
      log.warn(`${signal} again: ending at once`);
      process.exit(128 + number);
    }
    log.info(`${signal}: ending`);
    shutdown.abort(new Error(signal));
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return shutdown.signal;
}

// Nothing that is left over may keep the process: a Pod must end when it was asked to.
process.exit(await main());
