import type { Pod } from '#core/api/kubernetes.ts';
import { isHeld } from '#core/contract/held.ts';
import { LABELS } from '#core/contract/names.ts';
import { type Clock, sleep } from '../clock.ts';
import type { Cluster, ClusterError } from '../cluster/cluster.ts';
import { letGo } from '../controller/held-pods.ts';
import type { Log } from '../observe/log.ts';

const PAGE_SIZE = 500;
/** Patches under way at a time. */
const AT_ONCE = 16;
/** Between two tries when the API server did not answer. */
const RETRY_MS = 2_000;

export interface ReleasePodsOptions {
  readonly cluster: Pick<Cluster, 'list' | 'patch'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Empty: all. */
  readonly namespaces: readonly string[];
}

/** `Released`: no Pod is held any more. `Refused`: the API server will not let us, which the log explains. */
export type ReleasePodsEnd = 'Released' | 'Refused' | 'Stopped';

/**
 * Takes our finalizer off every Pod that bears it, and ends when none is left: what an uninstall needs, after the controller. Goes on for as long
 * as the API server is only away or busy.
 */
export async function releasePods(options: ReleasePodsOptions, signal: AbortSignal): Promise<ReleasePodsEnd> {
  const { clock, log, namespaces } = options;
  const places = namespaces.length === 0 ? [undefined] : namespaces;
  let released = 0;
  while (!signal.aborted) {
    const passes = await Promise.all(places.map((namespace) => onePass(options, namespace, signal)));
    released += passes.reduce((sum, pass) => sum + pass.released, 0);
    const errors = passes.flatMap((pass) => pass.errors);
    if (signal.aborted) break;
    const final = errors.find(({ error }) => !isPassing(error));
    if (final !== undefined) {
      log.error(`release Pods: ${final.what}: ${final.error.message}; grant list and patch on pods, or run kubectl opencode release`, {
        released,
      });
      return 'Refused';
    }
    const [first] = errors;
    if (first === undefined && passes.every(({ held }) => held === 0)) {
      log.info('no Pod is held any more', { released, namespaces });
      return 'Released';
    }
    if (first === undefined) continue;
    log.warn(`release Pods: ${first.what}: ${first.error.message}`, { released, againInMs: RETRY_MS });
    await sleep(clock, RETRY_MS, signal).catch(() => {});
  }
  return 'Stopped';
}

interface Pass {
  /** Pods that bore the finalizer when this pass looked. */
  readonly held: number;
  readonly released: number;
  readonly errors: readonly { readonly what: string; readonly error: ClusterError }[];
}

async function onePass({ cluster, log }: ReleasePodsOptions, namespace: string | undefined, signal: AbortSignal): Promise<Pass> {
  const held: Pod[] = [];
  for (let continueToken: string | undefined; ; ) {
    const page = await cluster.list(
      {
        kind: 'Pod',
        labelSelector: LABELS.taskUid,
        limit: PAGE_SIZE,
        ...(namespace === undefined ? {} : { namespace }),
        ...(continueToken === undefined || continueToken === '' ? {} : { continueToken }),
      },
      signal,
    );
    if (!page.ok)
      return { held: held.length, released: 0, errors: [{ what: `list Pods of ${namespace ?? 'all namespaces'}`, error: page.error }] };
    held.push(...(page.value.items as readonly Pod[]).filter(isHeld));
    continueToken = page.value.continueToken;
    if (continueToken === undefined || continueToken === '') break;
  }
  let released = 0;
  const errors: { what: string; error: ClusterError }[] = [];
  const waiting = [...held];
  const work = async (): Promise<void> => {
    for (let pod = waiting.shift(); pod !== undefined && !signal.aborted; pod = waiting.shift()) {
      const { namespace: place, name } = pod.metadata;
      const result = await letGo(cluster, pod, signal);
      if (result.type === 'Failed') errors.push({ what: `patch Pod ${place}/${name}`, error: result.error });
      if (result.type !== 'Released') continue;
      released += 1;
      log.info('released', { namespace: place, name, phase: pod.status?.phase, deleting: pod.metadata.deletionTimestamp !== undefined });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { held: held.length, released, errors };
}

/** Whether it may be otherwise in a moment. A page that expired is asked for again from the start. */
function isPassing(error: ClusterError): boolean {
  return error.type !== 'Refused' || error.code === 409 || error.code === 410 || error.code === 429 || error.code >= 500;
}
