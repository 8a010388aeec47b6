import type { Kind } from '#core/contract/kinds.ts';
import { LABELS } from '#core/contract/names.ts';
import { type Clock, sleep } from '../clock.ts';
import type { Cluster, ClusterError, Scope } from '../cluster/cluster.ts';
import { Reflector, type ReflectorTrouble } from '../cluster/reflector-driver.ts';
import { Store } from '../cluster/store.ts';
import { ConfigSource } from './config-source.ts';

const WATCHED = ['Task', 'Pod', 'Agent', 'AgentTemplate'] as const satisfies readonly Kind[];
/** Between two tries to learn what version a kind has now. */
const RETRY_MS = 1_000;

export interface CachesOptions {
  readonly cluster: Cluster;
  readonly clock: Clock;
  /** Namespaces to work in; absent or empty: all. */
  readonly namespaces?: readonly string[];
  /** Label selector of the Tasks to work on; absent: all. Lets several hosts share a cluster. */
  readonly taskSelector?: string;
  /** Ends the watches for good. */
  readonly signal: AbortSignal;
  readonly onTrouble?: (trouble: ReflectorTrouble) => void;
  readonly onConfigRefused?: (error: ClusterError, againInMs: number) => void;
}

/** The store and the watches that feed it. Also a replica that does not lead keeps them, to be ready within one lease. */
export interface Caches {
  readonly store: Store;
  /** Whether there is one watch a namespace. */
  readonly isPerNamespace: boolean;
  reflectors(): readonly Reflector[];
  /** Resolves when each kind has been listed once. */
  readonly synced: Promise<'Synced' | 'Stopped'>;
  isSynced(): boolean;
  /** Resolves when the store holds everything that had happened when this was called: what a new leader waits for. */
  catchUp(signal: AbortSignal): Promise<'CaughtUp' | 'Stopped'>;
}

/** Opens all watches that the controller needs. */
export function openCaches(options: CachesOptions): Caches {
  const { cluster, clock, namespaces = [], taskSelector, signal, onTrouble, onConfigRefused } = options;
  const store = new Store();
  const isPerNamespace = namespaces.length > 0;
  const scopes: readonly (string | undefined)[] = isPerNamespace ? [...new Set(namespaces)].sort() : [undefined];
  const trouble = onTrouble === undefined ? {} : { onTrouble };
  const reflectors = WATCHED.flatMap((kind) =>
    scopes.map((namespace) => {
      const labelSelector = kind === 'Pod' ? LABELS.taskUid : kind === 'Task' ? taskSelector : undefined;
      const scope: Scope = {
        kind,
        ...(namespace === undefined ? {} : { namespace }),
        ...(labelSelector === undefined ? {} : { labelSelector }),
      };
      return new Reflector({ cluster, clock, scope, sink: store.sink(kind, namespace), signal, ...trouble });
    }),
  );
  const config = new ConfigSource({
    cluster,
    clock,
    store,
    signal,
    ...trouble,
    ...(onConfigRefused === undefined ? {} : { onRefused: onConfigRefused }),
  });
  const all = (): readonly Reflector[] => (config.reflector === undefined ? reflectors : [...reflectors, config.reflector]);
  let isSynced = false;
  const synced = Promise.all([...reflectors.map((reflector) => reflector.synced), config.ready]).then((results) => {
    isSynced = !results.includes('Stopped');
    return isSynced ? ('Synced' as const) : ('Stopped' as const);
  });
  return {
    store,
    isPerNamespace,
    reflectors: all,
    synced,
    isSynced: () => isSynced,
    catchUp: async (wanted) => {
      if ((await untilAborted(synced, wanted)) !== 'Synced') return 'Stopped';
      const results = await Promise.all(all().map((reflector) => catchUpOne(reflector, clock, wanted)));
      return results.includes('Stopped') ? 'Stopped' : 'CaughtUp';
    },
  };
}

async function catchUpOne(reflector: Reflector, clock: Clock, signal: AbortSignal): Promise<'CaughtUp' | 'Stopped'> {
  while (!signal.aborted) {
    const result = await reflector.catchUpToNow(signal);
    if (result.ok) return result.value;
    // Losing the right to read the configuration must not keep a leader from working with what it knows.
    if (reflector.scope.kind === 'KubeOpenCodeConfig' && isRefused(result.error)) return 'CaughtUp';
    await sleep(clock, RETRY_MS, signal).catch(() => {});
  }
  return 'Stopped';
}

function isRefused(error: ClusterError): boolean {
  return error.type === 'Refused' && (error.code === 403 || error.code === 404);
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | 'Stopped'> {
  if (signal.aborted) return Promise.resolve('Stopped');
  return new Promise((resolve) => {
    const onAbort = (): void => resolve('Stopped');
    signal.addEventListener('abort', onAbort, { once: true });
    void promise.then((value) => {
      signal.removeEventListener('abort', onAbort);
      resolve(value);
    });
  });
}
