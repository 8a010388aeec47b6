import type { Clock } from '#host/clock.ts';
import type { Cluster, ClusterError, LogPiece } from '#host/cluster/cluster.ts';
import { delegated } from '#host/cluster/delegated.ts';
import type { Admission } from '#host/cluster/memory/admission.ts';
import { Draw, seedOf } from './draw.ts';

export interface LogFaultsOptions {
  readonly clock: Clock;
  readonly seed: number;
  /** How likely a log goes wrong now. */
  rate(): number;
  onFault(namespace: string, pod: string, what: string): void;
}

const AWAY: ClusterError = { type: 'Unreachable', message: 'the connection to the node was reset' };
const BROKEN: ClusterError = { type: 'Refused', code: 500, reason: 'InternalError', message: 'the node does not answer' };

/** A way to the cluster on which logs go wrong: they can't be read, come late, break off, or never come to an end. */
export function withLogFaults(cluster: Cluster, options: LogFaultsOptions): Cluster {
  const counts = new Map<string, number>();
  const followLogs: Cluster['followLogs'] = async function* (address, how, signal): AsyncGenerator<LogPiece> {
    const question = `log ${address.namespace}/${address.name}/${how.container}`;
    const count = counts.get(question) ?? 0;
    counts.set(question, count + 1);
    const draw = new Draw(seedOf(options.seed, `${question} ${count}`));
    if (!draw.chance(options.rate())) {
      yield* cluster.followLogs(address, how, signal);
      return;
    }
    const fault = draw.pick(['Refused', 'Late', 'BreaksOff', 'Mute'] as const);
    options.onFault(address.namespace, address.name, fault);
    switch (fault) {
      case 'Refused':
        yield { type: 'ERROR', error: draw.pick([AWAY, BROKEN]) };
        return;
      case 'Late':
        await passed(options.clock, draw.int(500, 40_000), signal);
        if (!signal.aborted) yield* cluster.followLogs(address, how, signal);
        return;
      case 'BreaksOff':
        for await (const piece of cluster.followLogs(address, how, signal)) {
          yield piece;
          break;
        }
        if (!signal.aborted) yield { type: 'ERROR', error: AWAY };
        return;
      case 'Mute':
        await passed(options.clock, undefined, signal);
        return;
    }
  };
  return { ...delegated(cluster), followLogs };
}

/** After a while, or when the caller gives up. */
function passed(clock: Clock, delayMs: number | undefined, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = delayMs === undefined ? () => {} : clock.after(delayMs, resolve);
    const giveUp = (): void => {
      cancel();
      resolve();
    };
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
}

/** A quota or a policy that lets no ConfigMap of a log in. */
export function logRefusal(how: 'Forbidden' | 'Invalid'): Admission {
  const error: ClusterError =
    how === 'Forbidden'
      ? { type: 'Refused', code: 403, reason: 'Forbidden', message: 'exceeded quota: config maps' }
      : { type: 'Refused', code: 422, reason: 'Invalid', message: 'a policy lets no such config map in' };
  return ({ operation, kind, name }) =>
    operation === 'create' && kind === 'ConfigMap' && isLogName(name) ? { type: 'Refuse', error } : undefined;
}

/** Whether a ConfigMap is one that keeps a log, by its name. */
export function isLogName(name: string): boolean {
  return /-log(?:-\d+)?-[0-9a-f]+$/.test(name);
}
