import type { Clock } from '#host/clock.ts';
import type { Cluster, ClusterError, LogPiece, Result, WatchEvent } from '#host/cluster/cluster.ts';
import type { Call } from '#host/cluster/memory/faults.ts';
import type { HostLife } from './host-life.ts';

/** What befalls a host at the moment at which it is about to send a call. */
export type Stroke = 'Nothing' | 'DiesBefore' | 'DiesAfter' | 'Pauses';

export interface HostLineOptions {
  readonly life: HostLife;
  /** Absent: answers bear no date. */
  readonly dates?: {
    /** True time, which is the API server's too. */
    readonly clock: Clock;
    /** The API server has dated an answer, as the header `Date` has it, for which the host has waited so long, in milliseconds. */
    told(date: string, tookMs: number): void;
  };
  /** Asked before each call; does to the host what it answers, but for `DiesAfter`. */
  strike(call: Omit<Call, 'client'>): Stroke;
  /** The call was done by the API server, and the host is to die of it. */
  die(): void;
  sent(call: Omit<Call, 'client'>): void;
  answered(call: Omit<Call, 'client'>, result: Result<unknown>): void;
}

/**
 * A host's way to the cluster: a dead host neither sends nor hears, a paused one hears later. An aborted call is given up at once, and what was on its way
 * may happen all the same.
 */
export function hostLine(cluster: Cluster, options: HostLineOptions): Cluster {
  const { life, dates } = options;
  const pass = async <T>(call: Omit<Call, 'client'>, send: () => Promise<Result<T>>, signal?: AbortSignal): Promise<Result<T>> => {
    if (!life.isAwake) await life.awake();
    if (signal?.aborted) return givenUp(call);
    const stroke = options.strike(call);
    if (!life.isAwake) await life.awake();
    if (signal?.aborted) return givenUp(call);
    options.sent(call);
    const sentMs = dates?.clock.monotonic() ?? 0;
    const sent = dated(dates?.clock, send());
    if (stroke === 'DiesAfter') options.die();
    const { result, date } = await orAborted(sent, call, signal);
    if (!life.isAwake) await life.awake();
    if (dates !== undefined && date !== undefined) dates.told(date, dates.clock.monotonic() - sentMs);
    options.answered(call, result);
    return result;
  };
  return {
    list: (wanted, signal) =>
      pass({ verb: 'list', kind: wanted.kind, namespace: wanted.namespace ?? '', name: '' }, () => cluster.list(wanted), signal),
    watch: (wanted, signal) => streamed(life, cluster.watch(wanted, signal)),
    get: (address, signal) => pass({ verb: 'get', ...address }, () => cluster.get(address), signal),
    create: (object, how, signal) => {
      const { kind, metadata } = object;
      return pass(
        { verb: 'create', kind, namespace: metadata.namespace ?? '', name: metadata.name },
        () => cluster.create(object, how),
        signal,
      );
    },
    replace: (object, signal) => {
      const { kind, metadata } = object;
      return pass(
        { verb: 'replace', kind, namespace: metadata.namespace ?? '', name: metadata.name },
        () => cluster.replace(object),
        signal,
      );
    },
    patch: (address, patch, how, signal) => {
      const call = { verb: 'patch' as const, ...address, ...(how.subresource === undefined ? {} : { subresource: how.subresource }) };
      return pass(call, () => cluster.patch(address, patch, how), signal);
    },
    delete: (address, how, signal) => pass({ verb: 'delete', ...address }, () => cluster.delete(address, how), signal),
    logs: (address, how, signal) => pass({ verb: 'logs', ...address }, () => cluster.logs(address, how), signal),
    followLogs: (address, how, signal) => streamed(life, cluster.followLogs(address, how, signal)),
  };
}

async function* streamed<T extends WatchEvent | LogPiece>(life: HostLife, items: AsyncIterable<T>): AsyncGenerator<T> {
  if (!life.isAwake) await life.awake();
  for await (const item of items) {
    if (!life.isAwake) await life.awake();
    yield item;
  }
  if (!life.isAwake) await life.awake();
}

/** What came of a call; a refusal may be that of something between the two. */
interface Came<T> {
  readonly result: Result<T>;
  readonly date?: string;
}

async function dated<T>(clock: Clock | undefined, sent: Promise<Result<T>>): Promise<Came<T>> {
  const result = await sent;
  return { result, ...(result.ok && clock !== undefined ? { date: new Date(clock.now()).toUTCString() } : {}) };
}

function orAborted<T>(sent: Promise<Came<T>>, call: Omit<Call, 'client'>, signal: AbortSignal | undefined): Promise<Came<T>> {
  if (signal === undefined) return sent;
  return new Promise((resolve) => {
    const onAbort = (): void => resolve({ result: givenUp(call) });
    signal.addEventListener('abort', onAbort, { once: true });
    void sent.then((came) => {
      signal.removeEventListener('abort', onAbort);
      resolve(came);
    });
  });
}

function givenUp({ verb, kind, namespace, name }: Omit<Call, 'client'>): { readonly ok: false; readonly error: ClusterError } {
  return { ok: false, error: { type: 'Unreachable', message: `${verb} ${kind} ${namespace}/${name}: the caller gave up` } };
}
