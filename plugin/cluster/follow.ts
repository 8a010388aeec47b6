import type { Clock } from '#host/clock.ts';
import type { Cluster, Scope } from '#host/cluster/cluster.ts';
import { Reflector, type ReflectorTrouble } from '#host/cluster/reflector-driver.ts';
import type { RestartReason } from '#host/cluster/reflector-states.ts';
import { Store } from '#host/cluster/store.ts';
import { resourceName } from './failure.ts';

export interface FollowOptions {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly scopes: readonly Scope[];
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Something went wrong and is tried again. */
  onTrouble(text: string): void;
}

/** The objects of some scopes, as they are now and after each change: the host's own reflectors mend what breaks. Changes that come together are one. */
export async function* follow({ cluster, clock, scopes, signal, onTrouble }: FollowOptions): AsyncGenerator<Store> {
  const store = new Store();
  const over = new AbortController();
  const ended = AbortSignal.any([signal, over.signal]);
  let isChanged = true;
  let wake = (): void => {};
  store.onChange(() => {
    isChanged = true;
    wake();
  });
  ended.addEventListener('abort', () => wake(), { once: true });
  try {
    await Promise.all(scopes.map((scope) => begin(scope, { cluster, clock, store, signal: ended, onTrouble })));
    while (!ended.aborted) {
      if (isChanged) {
        isChanged = false;
        yield store;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    over.abort(new Error('nobody follows any longer'));
  }
}

interface Beginning extends Pick<FollowOptions, 'cluster' | 'clock' | 'signal' | 'onTrouble'> {
  readonly store: Store;
}

/** Resolves when the scope is in the store, or can't be read now: what lacks is told, and does not keep the rest waiting. */
function begin(scope: Scope, { store, onTrouble, ...rest }: Beginning): Promise<void> {
  return new Promise((resolve) => {
    const onReflectorTrouble = (trouble: ReflectorTrouble): void => {
      if (trouble.type === 'Restarted' && !TOLD.includes(trouble.reason)) return;
      onTrouble(`watch ${resourceName(scope.kind)}: ${troubleText(trouble)}; it is tried again`);
      resolve();
    };
    const reflector = new Reflector({ ...rest, scope, sink: store.sink(scope.kind, scope.namespace), onTrouble: onReflectorTrouble });
    void reflector.synced.then(() => resolve());
  });
}

/** Watches end and begin again all the time; these are worth a word. */
const TOLD: readonly RestartReason[] = ['Refused', 'Unreachable', 'Credentials', 'ServerError'];

function troubleText(trouble: ReflectorTrouble): string {
  if (trouble.type === 'ListenerFailed') return String(trouble.error);
  // The hint behind it is for whoever runs the host.
  const [text = ''] = trouble.message.split('; ');
  return text;
}
