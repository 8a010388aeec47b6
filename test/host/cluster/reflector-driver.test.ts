import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Cluster, ClusterError, ListOptions, ObjectList, Result, WatchEvent, WatchOptions } from '#host/cluster/cluster.ts';
import { Reflector, type ReflectorTrouble } from '#host/cluster/reflector-driver.ts';
import { Store } from '#host/cluster/store.ts';
import { VirtualClock } from '#host/virtual-clock.ts';

type Reads = Pick<Cluster, 'list' | 'watch'>;

/** One kind of an API server in virtual time, with a history of its events, that may refuse, cut and stall. */
class ScriptedCluster implements Reads {
  readonly objects = new Map<string, KubernetesObject>();
  readonly listCalls: ListOptions[] = [];
  readonly watchCalls: WatchOptions[] = [];
  /** Errors that the next lists and watches meet first. */
  readonly listErrors: ClusterError[] = [];
  readonly watchErrors: ClusterError[] = [];
  openWatches = 0;
  mostWatches = 0;
  version = 10;
  #history: WatchEvent[] = [];
  #compactedAt = 0;
  #queues = new Set<(event: WatchEvent) => void>();
  #endings = new Set<(how: ClusterError | 'Closed') => void>();

  put(name: string, more: Partial<KubernetesObject['metadata']> = {}): void {
    const resourceVersion = String(++this.version);
    const isNew = !this.objects.has(name);
    const object = { metadata: { name, namespace: 'n', uid: `uid-${name}`, resourceVersion, ...more } };
    this.objects.set(name, object);
    this.#tell({ type: isNew ? 'ADDED' : 'MODIFIED', object });
  }

  remove(name: string): void {
    const object = this.objects.get(name);
    if (object === undefined) return;
    this.objects.delete(name);
    this.#tell({ type: 'DELETED', object: { metadata: { ...object.metadata, resourceVersion: String(++this.version) } } });
  }

  compact(): void {
    this.#compactedAt = ++this.version;
    this.#history = [];
  }

  /** Ends every open watch. */
  end(how: ClusterError | 'Closed'): void {
    for (const ending of [...this.#endings]) ending(how);
  }

  async list(options: ListOptions): Promise<Result<ObjectList>> {
    this.listCalls.push(options);
    await Promise.resolve();
    const error = this.listErrors.shift();
    if (error !== undefined) return { ok: false, error };
    const all = [...this.objects.values()];
    const [version = String(this.version), from = '0'] = options.continueToken?.split(':') ?? [];
    const to = Number(from) + Math.min(options.limit ?? all.length, 3);
    const items = all.slice(Number(from), to);
    return { ok: true, value: { resourceVersion: version, items, ...(to < all.length ? { continueToken: `${version}:${to}` } : {}) } };
  }

  async *watch(options: WatchOptions, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    this.watchCalls.push(options);
    const error = this.watchErrors.shift();
    if (error !== undefined) return yield { type: 'ERROR', error };
    if (Number(options.resourceVersion) < this.#compactedAt) return yield { type: 'ERROR', error: gone };
    this.openWatches++;
    this.mostWatches = Math.max(this.mostWatches, this.openWatches);
    let ending: ClusterError | 'Closed' | undefined;
    let wake = (): void => {};
    const finish = (how: ClusterError | 'Closed'): void => {
      ending ??= how;
      wake();
    };
    const onAbort = (): void => finish('Closed');
    // What was sent to a watch reaches it, also when the history is compacted meanwhile.
    const queue = this.#history.filter((event) => versionOf(event) > Number(options.resourceVersion));
    const enqueue = (event: WatchEvent): void => {
      queue.push(event);
      wake();
    };
    signal.addEventListener('abort', onAbort);
    this.#endings.add(finish);
    this.#queues.add(enqueue);
    try {
      while (ending === undefined) {
        const next = queue.shift();
        if (next === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        } else {
          yield next;
        }
      }
      if (ending !== 'Closed') yield { type: 'ERROR', error: ending };
    } finally {
      this.openWatches--;
      signal.removeEventListener('abort', onAbort);
      this.#endings.delete(finish);
      this.#queues.delete(enqueue);
    }
  }

  /** Something else was written, and the server says so. */
  bookmark(): void {
    this.#tell({ type: 'BOOKMARK', resourceVersion: String(++this.version) });
  }

  #tell(event: WatchEvent): void {
    this.#history.push(event);
    for (const enqueue of this.#queues) enqueue(event);
  }
}

const gone: ClusterError = { type: 'Refused', code: 410, reason: 'Expired', message: 'too old resource version' };
const reset: ClusterError = { type: 'Unreachable', message: 'reset' };

function versionOf(event: WatchEvent): number {
  return Number(event.type === 'BOOKMARK' ? event.resourceVersion : event.type === 'ERROR' ? 0 : event.object.metadata.resourceVersion);
}

function reflect(cluster: Reads, options: { onTrouble?: (trouble: ReflectorTrouble) => void; seed?: number } = {}) {
  const clock = new VirtualClock({ startMs: 1_000_000, seed: options.seed ?? 1 });
  const store = new Store();
  const abort = new AbortController();
  const troubles: ReflectorTrouble[] = [];
  const reflector = new Reflector({
    cluster: cluster as Cluster,
    clock,
    scope: { kind: 'Pod', labelSelector: 'a=b' },
    sink: store.sink('Pod'),
    signal: abort.signal,
    onTrouble: options.onTrouble ?? ((trouble) => troubles.push(trouble)),
  });
  const names = () => [...store.list('Pod')].map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).sort();
  return { clock, store, abort, reflector, troubles, names };
}

const namesOf = (cluster: ScriptedCluster) =>
  [...cluster.objects.values()].map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).sort();

describe('reflector', () => {
  test('lists in pages of 500 with its selector, is synced, and follows the watch', async () => {
    const cluster = new ScriptedCluster();
    for (const name of ['a', 'b', 'c', 'd']) cluster.put(name);
    const { clock, reflector, names } = reflect(cluster);
    expect(reflector.isSynced).toBe(false);
    await clock.idle();
    expect(await reflector.synced).toBe('Synced');
    expect(cluster.listCalls).toMatchObject([
      { limit: 500, labelSelector: 'a=b' },
      { limit: 500, continueToken: '14:3' },
    ]);
    expect(cluster.watchCalls).toMatchObject([{ resourceVersion: '14', labelSelector: 'a=b' }]);
    cluster.put('e');
    cluster.remove('a');
    await clock.idle();
    expect(names()).toEqual(namesOf(cluster));
    expect(reflector.counters).toMatchObject({ lists: 1, pages: 2, watches: 1, events: 2, restarts: { Closed: 0, Expired: 0 } });
  });

  test('watch-410 lists again and finds what was deleted meanwhile', async () => {
    const cluster = new ScriptedCluster();
    cluster.put('a');
    cluster.put('b');
    const { clock, reflector, names, troubles } = reflect(cluster);
    await clock.idle();
    cluster.end(reset);
    await clock.idle();
    cluster.remove('a');
    cluster.compact();
    await clock.advance(5_000);
    expect(names()).toEqual(['b@12']);
    expect(reflector.counters).toMatchObject({ lists: 2, restarts: { Unreachable: 1, Expired: 1 } });
    expect(troubles.map((trouble) => trouble.type === 'Restarted' && trouble.reason)).toEqual(['Unreachable', 'Expired']);
  });

  test('a stalled watch is cut after its timeout and the store catches up', async () => {
    const cluster = new ScriptedCluster();
    let isStalled = true;
    const stalling: Reads = {
      list: (options) => cluster.list(options),
      watch: (options, signal) => (isStalled ? stall(signal) : cluster.watch(options, signal)),
    };
    const { clock, reflector, names } = reflect(stalling);
    await clock.idle();
    cluster.put('a');
    await clock.advance(200_000);
    expect(names()).toEqual([]);
    isStalled = false;
    await clock.advance(120_000);
    expect(names()).toEqual(namesOf(cluster));
    expect(reflector.counters.restarts.Idle).toBe(1);
  });

  test('survives calls that throw, answers that make no sense, and listeners that throw', async () => {
    const cluster = new ScriptedCluster();
    cluster.put('a');
    let calls = 0;
    const hostile: Reads = {
      list: (options) => {
        if (calls++ === 0) throw new Error('bug in the transport');
        return calls === 2 ? Promise.reject(new Error('rejected')) : cluster.list(options);
      },
      watch: (options, signal) => {
        if (calls++ < 5) return brokenWatch();
        return cluster.watch(options, signal);
      },
    };
    const { clock, store, reflector, names, troubles } = reflect(hostile);
    store.onChange(() => {
      throw new Error('bug in a listener');
    });
    await clock.advance(60_000);
    cluster.put('b');
    await clock.advance(60_000);
    expect(names()).toEqual(namesOf(cluster));
    expect(reflector.isSynced).toBe(true);
    expect(troubles.filter(({ type }) => type === 'ListenerFailed')).toHaveLength(2);
    expect(reflector.counters.restarts.Unreachable).toBeGreaterThanOrEqual(3);
  });

  test('progress is noted at pages, events and bookmarks, not at failures', async () => {
    const cluster = new ScriptedCluster();
    const { clock, reflector } = reflect(cluster);
    await clock.idle();
    const began = clock.now();
    expect(reflector.lastProgressAtMs).toBe(began);
    await clock.advance(10_000);
    cluster.watchErrors.push(...Array.from({ length: 3 }, () => reset));
    cluster.end(reset);
    await clock.advance(3_000);
    expect(reflector.lastProgressAtMs).toBe(began);
    await clock.advance(60_000);
    cluster.bookmark();
    await clock.idle();
    expect(reflector.lastProgressAtMs).toBe(clock.now());
  });

  test('a stop ends call and timer, and answers those that wait', async () => {
    const cluster = new ScriptedCluster();
    const { clock, abort, reflector } = reflect(cluster);
    await clock.idle();
    const waiting = reflector.catchUp('999');
    abort.abort();
    await clock.idle();
    expect(await waiting).toBe('Stopped');
    expect(await reflector.catchUp('999')).toBe('Stopped');
    expect([cluster.openWatches, clock.nextTimerMs()]).toEqual([0, undefined]);
  });

  test('one that is stopped before it is synced says so', async () => {
    const cluster = new ScriptedCluster();
    cluster.listErrors.push(reset);
    const { clock, abort, reflector } = reflect(cluster);
    await clock.idle();
    abort.abort();
    expect(await reflector.synced).toBe('Stopped');
    await clock.advance(100_000);
    expect(cluster.listCalls).toHaveLength(1);
  });
});

describe('catching up', () => {
  test('is done where the version was seen, and otherwise when the watch brings it', async () => {
    const cluster = new ScriptedCluster();
    const { clock, reflector } = reflect(cluster);
    await clock.idle();
    expect(await reflector.catchUp('10')).toBe('CaughtUp');
    const waiting = reflector.catchUp('11');
    cluster.put('a');
    await clock.idle();
    expect(await waiting).toBe('CaughtUp');
    expect(cluster.listCalls).toHaveLength(1);
  });

  test('on a quiet kind lists again after a second', async () => {
    const cluster = new ScriptedCluster();
    cluster.put('a');
    const { clock, reflector, names } = reflect(cluster);
    await clock.idle();
    cluster.version = 5_000;
    const waiting = reflector.catchUpToNow();
    await clock.advance(1_100);
    expect(await waiting).toEqual({ ok: true, value: 'CaughtUp' });
    expect(cluster.listCalls).toHaveLength(3);
    expect(cluster.mostWatches).toBe(1);
    expect(names()).toEqual(['a@11']);
  });

  test('a list that began before does not count for a version without order', async () => {
    const cluster = new ScriptedCluster();
    const { clock, reflector } = reflect(cluster);
    const waiting = reflector.catchUp('opaque');
    await clock.advance(900);
    expect(await Promise.race([waiting, Promise.resolve('still waiting')])).toBe('still waiting');
    await clock.advance(200);
    expect(await waiting).toBe('CaughtUp');
    expect(cluster.listCalls).toHaveLength(2);
  });

  test('does not shorten what the server asked for with Retry-After', async () => {
    const cluster = new ScriptedCluster();
    const { clock, reflector } = reflect(cluster);
    await clock.idle();
    cluster.watchErrors.push({ type: 'Refused', code: 429, reason: '', message: '', retryAfterMs: 20_000 });
    cluster.end(reset);
    await clock.advance(2_000);
    const waiting = reflector.catchUp('9999');
    await clock.advance(15_000);
    expect(cluster.listCalls).toHaveLength(1);
    await clock.advance(10_000);
    expect(await waiting).toBe('CaughtUp');
    expect(cluster.listCalls).toHaveLength(2);
  });

  test('an abort ends the waiting', async () => {
    const { clock, reflector } = reflect(new ScriptedCluster());
    await clock.idle();
    const abort = new AbortController();
    const waiting = reflector.catchUp('999', abort.signal);
    abort.abort();
    expect(await waiting).toBe('Stopped');
  });

  test('an error of the version read is handed on', async () => {
    const cluster = new ScriptedCluster();
    const { clock, reflector } = reflect(cluster);
    await clock.idle();
    cluster.listErrors.push(reset);
    expect(await reflector.catchUpToNow()).toEqual({ ok: false, error: reset });
  });
});

type Deed =
  | { readonly type: 'Put' | 'Remove'; readonly name: string }
  | { readonly type: 'Replace'; readonly name: string }
  | { readonly type: 'Compact' | 'Bookmark' | 'Close' | 'Reset' | 'Refuse' | 'CatchUp' }
  | { readonly type: 'Pass'; readonly ms: number };

const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constantFrom('Put' as const, 'Remove' as const),
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('Replace' as const), name: fc.constantFrom('a', 'b') }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constantFrom(
        'Compact' as const,
        'Bookmark' as const,
        'Close' as const,
        'Reset' as const,
        'Refuse' as const,
        'CatchUp' as const,
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('Pass' as const), ms: fc.constantFrom(0, 1, 900, 3_000, 40_000, 300_000) }) },
);

test('after any sequence of events and faults the store equals the cluster, and there was never more than one watch', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { maxLength: 60 }), fc.integer(), async (deeds, seed) => {
      const cluster = new ScriptedCluster();
      const { clock, store, abort, reflector, names, troubles } = reflect(cluster, { seed });
      const waiting: Promise<unknown>[] = [];
      let generation = 0;
      for (const next of deeds) {
        if (next.type === 'Put') cluster.put(next.name);
        if (next.type === 'Remove') cluster.remove(next.name);
        if (next.type === 'Replace') cluster.put(next.name, { uid: `later-${generation++}` });
        if (next.type === 'Compact') cluster.compact();
        if (next.type === 'Bookmark') cluster.bookmark();
        if (next.type === 'Close') cluster.end('Closed');
        if (next.type === 'Reset') cluster.end(reset);
        if (next.type === 'Refuse')
          (generation++ % 2 ? cluster.listErrors : cluster.watchErrors).push({ type: 'Refused', code: 500, reason: '', message: '' });
        if (next.type === 'CatchUp') waiting.push(reflector.catchUpToNow());
        if (next.type === 'Pass') await clock.advance(next.ms);
      }
      await clock.advance(600_000);
      expect(names()).toEqual(namesOf(cluster));
      expect(await Promise.all(waiting)).toHaveLength(waiting.length);
      expect(store.isSynced('Pod')).toBe(true);
      expect(cluster.mostWatches).toBe(1);
      expect(troubles.filter(({ type }) => type === 'ListenerFailed')).toEqual([]);
      abort.abort();
      await clock.idle();
      expect([cluster.openWatches, clock.nextTimerMs()]).toEqual([0, undefined]);
    }),
    { numRuns: 150 },
  );
});

async function* stall(signal: AbortSignal): AsyncGenerator<WatchEvent> {
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
}

async function* brokenWatch(): AsyncGenerator<WatchEvent> {
  yield { type: 'ADDED', object: {} as KubernetesObject };
}
