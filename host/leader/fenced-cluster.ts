import type { Cluster, ClusterError, Result } from '../cluster/cluster.ts';
import { delegated } from '../cluster/delegated.ts';

const NOT_SENT: ClusterError = { type: 'Unreachable', message: 'not sent: by now the lease may be held by another' };

/**
 * The same cluster; nothing is written while `mayWrite` says no. A process that has stood still (frozen, swapped out, starved of CPU) hears of the answers that have come meanwhile
 * before its timers tell it that its lease is over: what it would write then, it would write beside another leader.
 */
export function fencedCluster(cluster: Cluster, mayWrite: () => boolean): Cluster {
  const write = async <T>(send: () => Promise<Result<T>>): Promise<Result<T>> => (mayWrite() ? send() : { ok: false, error: NOT_SENT });
  return {
    ...delegated(cluster),
    create: (object, options, signal) => write(() => cluster.create(object, options, signal)),
    replace: (object, signal) => write(() => cluster.replace(object, signal)),
    patch: (address, patch, options, signal) => write(() => cluster.patch(address, patch, options, signal)),
    delete: (address, options, signal) => write(() => cluster.delete(address, options, signal)),
  };
}
