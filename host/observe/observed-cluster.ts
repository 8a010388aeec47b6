import type { Kind } from '#core/contract/kinds.ts';
import type { Clock } from '../clock.ts';
import type { Cluster, ClusterError, LogPiece, Result, WatchEvent } from '../cluster/cluster.ts';
import type { ApiVerb, Metrics } from './metrics.ts';

/** The same cluster; each call is counted by verb, kind and HTTP code, and timed. A watch or a followed log counts when it ends, with the code of its end. */
export function observeCluster(cluster: Cluster, clock: Clock, metrics: Pick<Metrics, 'apiCall'>): Cluster {
  async function timed<T>(verb: ApiVerb, kind: Kind, call: Promise<Result<T>>): Promise<Result<T>> {
    const startedMs = clock.monotonic();
    const result = await call;
    metrics.apiCall(
      verb,
      kind,
      result.ok ? (verb === 'create' ? '201' : '200') : codeOf(result.error),
      (clock.monotonic() - startedMs) / 1000,
    );
    return result;
  }

  async function* streamed<T extends WatchEvent | LogPiece>(verb: ApiVerb, kind: Kind, items: AsyncIterable<T>): AsyncIterable<T> {
    const startedMs = clock.monotonic();
    let code = '200';
    try {
      for await (const item of items) {
        if (item.type === 'ERROR') code = codeOf(item.error);
        yield item;
      }
    } finally {
      metrics.apiCall(verb, kind, code, (clock.monotonic() - startedMs) / 1000);
    }
  }

  return {
    list: (options, signal) => timed('list', options.kind, cluster.list(options, signal)),
    watch: (options, signal) => streamed('watch', options.kind, cluster.watch(options, signal)),
    get: (address, signal) => timed('get', address.kind, cluster.get(address, signal)),
    create: (object, options, signal) => timed('create', object.kind, cluster.create(object, options, signal)),
    replace: (object, signal) => timed('update', object.kind, cluster.replace(object, signal)),
    patch: (address, patch, options, signal) => timed('patch', address.kind, cluster.patch(address, patch, options, signal)),
    delete: (address, options, signal) => timed('delete', address.kind, cluster.delete(address, options, signal)),
    logs: (address, options, signal) => timed('logs', address.kind, cluster.logs(address, options, signal)),
    followLogs: (address, options, signal) => streamed('logs', address.kind, cluster.followLogs(address, options, signal)),
  };
}

function codeOf(error: ClusterError): string {
  return error.type === 'Refused' ? String(error.code) : '0';
}
