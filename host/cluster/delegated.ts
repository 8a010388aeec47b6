import type { Cluster } from './cluster.ts';

/** The same cluster, as an object of functions: for who does a few of its calls otherwise, `{ ...delegated(cluster), get }`. */
export function delegated(cluster: Cluster): Cluster {
  return {
    list: (...args) => cluster.list(...args),
    watch: (...args) => cluster.watch(...args),
    get: (...args) => cluster.get(...args),
    create: (...args) => cluster.create(...args),
    replace: (...args) => cluster.replace(...args),
    patch: (...args) => cluster.patch(...args),
    delete: (...args) => cluster.delete(...args),
    logs: (...args) => cluster.logs(...args),
    followLogs: (...args) => cluster.followLogs(...args),
  };
}
