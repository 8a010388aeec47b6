import type { KubeOpenCodeConfig, KubeOpenCodeConfigSpec } from '#core/api/config.ts';
import { CONFIG_NAME } from '#core/contract/names.ts';
import { type Clock, sleep } from '../clock.ts';
import type { Cluster, ClusterError } from '../cluster/cluster.ts';
import { Reflector, type ReflectorTrouble } from '../cluster/reflector-driver.ts';
import type { Store } from '../cluster/store.ts';

const KIND = 'KubeOpenCodeConfig';
/** An installation in one namespace has no right to cluster-scoped objects, or no such CRD: that seldom changes. */
const ASK_AGAIN_MS = 600_000;
/** A definition that is not installed may be about to be: a host is often started before it. */
const ASK_FOR_DEFINITION_MS = 30_000;
/** Any other failure is one of the moment. */
const RETRY_MS = 2_000;

export interface ConfigSourceOptions {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly store: Store;
  readonly signal: AbortSignal;
  readonly onTrouble?: (trouble: ReflectorTrouble) => void;
  /** The configuration can't be read, so that it counts as empty: why, and when that is tried again. */
  onRefused?(error: ClusterError, againInMs: number): void;
}

/**
 * Watches KubeOpenCodeConfig where that is allowed. Not being allowed is a valid way to run: the configuration is empty then, and nothing waits for it.
 */
export class ConfigSource {
  readonly #options: ConfigSourceOptions;
  #reflector: Reflector | undefined;
  /** `Ready` once it is known whether there is a configuration. */
  readonly ready: Promise<'Ready' | 'Stopped'>;

  constructor(options: ConfigSourceOptions) {
    this.#options = options;
    this.ready = new Promise((resolve) => {
      void this.#run(() => resolve('Ready')).finally(() => resolve('Stopped'));
    });
  }

  get reflector(): Reflector | undefined {
    return this.#reflector;
  }

  async #run(ready: () => void): Promise<void> {
    const { cluster, clock, signal } = this.#options;
    while (!signal.aborted) {
      const probe = await cluster.list({ kind: KIND, limit: 1 }, signal);
      if (probe.ok) {
        this.#reflector = this.#watch();
        await this.#reflector.synced;
        return ready();
      }
      const againInMs = waitMs(probe.error);
      if (againInMs !== RETRY_MS) ready();
      if (!signal.aborted) this.#options.onRefused?.(probe.error, againInMs);
      await sleep(clock, againInMs, signal).catch(() => {});
    }
  }

  #watch(): Reflector {
    const { cluster, clock, store, signal, onTrouble } = this.#options;
    const scope = { kind: KIND } as const;
    return new Reflector({ cluster, clock, scope, sink: store.sink(KIND), signal, ...(onTrouble === undefined ? {} : { onTrouble }) });
  }
}

function waitMs(error: ClusterError): number {
  const code = error.type === 'Refused' ? error.code : 0;
  if (code === 403) return ASK_AGAIN_MS;
  return code === 404 ? ASK_FOR_DEFINITION_MS : RETRY_MS;
}

const EMPTY: KubeOpenCodeConfigSpec = {};

/** Spec of the one KubeOpenCodeConfig; empty when there is none. */
export function configOf(store: Pick<Store, 'get'>): KubeOpenCodeConfigSpec {
  const object = store.get({ kind: KIND, namespace: '', name: CONFIG_NAME });
  return object === undefined ? EMPTY : ((object as KubeOpenCodeConfig).spec ?? EMPTY);
}
