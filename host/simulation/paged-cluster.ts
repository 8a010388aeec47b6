import type { Cluster } from '#host/cluster/cluster.ts';

/** A server that gives no more than so many objects in a page, whatever is asked for. */
export function paged(cluster: Cluster, limit: number): Cluster {
  return {
    list: (options) => cluster.list({ ...options, limit: Math.min(limit, options.limit ?? limit) }),
    watch: (options, signal) => cluster.watch(options, signal),
    get: (address) => cluster.get(address),
    create: (object, how) => cluster.create(object, how),
    replace: (object) => cluster.replace(object),
    patch: (address, patch, how) => cluster.patch(address, patch, how),
    delete: (address, how) => cluster.delete(address, how),
    logs: (address, how) => cluster.logs(address, how),
    followLogs: (address, how, signal) => cluster.followLogs(address, how, signal),
  };
}
