import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClusterError, WatchEvent } from '#host/cluster/cluster.ts';
import type { CallFault, Delivery, Faults } from '#host/cluster/memory/faults.ts';
import { createWorld, type World } from '#host/cluster/memory/world.ts';

const NAMESPACE = 'default';
const LOST: ClusterError = { type: 'Unreachable', message: 'connection reset' };
const BUSY: ClusterError = { type: 'Refused', code: 429, reason: 'TooManyRequests', message: 'too many requests', retryAfterMs: 1_000 };

function configMap(name: string) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: NAMESPACE } } as const;
}

function exists({ server }: World, name: string): boolean {
  return server.find({ kind: 'ConfigMap', namespace: NAMESPACE, name }) !== undefined;
}

describe('faults of a call', () => {
  const faulty = (fault: CallFault): { readonly world: World; readonly create: (signal?: AbortSignal) => Promise<unknown> } => {
    const world = createWorld();
    const client = world.client('host', { onCall: ({ verb }) => (verb === 'create' ? fault : undefined) });
    return { world, create: (signal) => client.create(configMap('a'), {}, signal) };
  };

  it('refused before: nothing was written', async () => {
    const { world, create } = faulty({ refuse: BUSY });
    expect(await create()).toEqual({ ok: false, error: BUSY });
    expect(exists(world, 'a')).toBe(false);
  });

  it('lost after: it was written, and the caller can’t know', async () => {
    const { world, create } = faulty({ lose: LOST });
    expect(await create()).toEqual({ ok: false, error: LOST });
    expect(exists(world, 'a')).toBe(true);
  });

  it('lost answer of a watch: an error, and the server has forgotten the watch', async () => {
    const world = createWorld();
    const client = world.client('host', { onCall: () => ({ lose: LOST }) });
    const seen: WatchEvent[] = [];
    const options = { kind: 'ConfigMap', resourceVersion: '1', timeoutSeconds: 60 } as const;
    for await (const event of client.watch(options, new AbortController().signal)) seen.push(event);
    expect(seen).toEqual([{ type: 'ERROR', error: LOST }]);
    expect(world.clock.nextTimerMs()).toBeUndefined();
  });

  it('delayed before and after: the write happens in between', async () => {
    const { world, create } = faulty({ delayMs: 100, responseDelayMs: 200 });
    let answer: unknown;
    void create().then((result) => {
      answer = result;
    });
    await world.clock.advance(99);
    expect(exists(world, 'a')).toBe(false);
    await world.clock.advance(1);
    expect(exists(world, 'a')).toBe(true);
    await world.clock.advance(199);
    expect(answer).toBeUndefined();
    await world.clock.advance(1);
    expect(answer).toMatchObject({ ok: true });
  });

  it('given up by its caller: answered at once, whether the write happens or not', async () => {
    for (const [fault, isWritten] of [[{ delayMs: 100 }, false] as const, [{ responseDelayMs: 100 }, true] as const]) {
      const { world, create } = faulty(fault);
      const caller = new AbortController();
      const answer = create(caller.signal);
      await world.clock.advance(50);
      caller.abort();
      expect(await answer).toMatchObject({ ok: false, error: { type: 'Unreachable' } });
      await world.clock.advance(1_000);
      expect(exists(world, 'a')).toBe(isWritten);
    }
  });

  it('a stale cache answers a list that allows it, but never from before what the caller has seen', async () => {
    const world = createWorld();
    let staleRevision = 0;
    const client = world.client('host', { onCall: () => ({ staleRevision }) });
    world.server.create(configMap('a'));
    staleRevision = world.server.store.revision;
    world.server.create(configMap('b'));
    const seen = String(world.server.store.revision);
    world.server.create(configMap('c'));
    const names = async (resourceVersion?: string): Promise<string[]> => {
      const options = { kind: 'ConfigMap', namespace: NAMESPACE, ...(resourceVersion === undefined ? {} : { resourceVersion }) } as const;
      const result = await client.list(options);
      return result.ok ? result.value.items.map(({ metadata }) => metadata.name) : [];
    };
    expect(await names('0')).toEqual(['a']);
    expect(await names(seen)).toEqual(['a', 'b']);
    expect(await names()).toEqual(['a', 'b', 'c']);
  });
});

describe('faults of a watch', () => {
  const watch = async (onDelivery: NonNullable<Faults['onDelivery']>, names: readonly string[], waitMs = 10_000): Promise<string[]> => {
    const world = createWorld();
    const seen: string[] = [];
    const options = {
      kind: 'ConfigMap',
      namespace: NAMESPACE,
      resourceVersion: String(world.server.store.revision),
      timeoutSeconds: 60,
    } as const;
    const client = world.client('host', { onDelivery });
    void (async () => {
      for await (const event of client.watch(options, new AbortController().signal)) seen.push(textOf(event));
      seen.push('end');
    })();
    await world.clock.idle();
    for (const name of names) {
      world.server.create(configMap(name));
      await world.clock.advance(10);
    }
    await world.clock.advance(waitMs);
    return seen;
  };
  const on = (name: string, delivery: Delivery) => (_: unknown, event: WatchEvent) => {
    return 'object' in event && event.object.metadata.name === name ? delivery : undefined;
  };

  it('dropped', async () => {
    expect(await watch(on('b', { type: 'Drop' }), ['a', 'b', 'c'])).toEqual(['ADDED a', 'ADDED c']);
  });

  it('duplicated', async () => {
    expect(await watch(on('b', { type: 'Deliver', copies: 2 }), ['a', 'b', 'c'])).toEqual(['ADDED a', 'ADDED b', 'ADDED b', 'ADDED c']);
  });

  it('closed', async () => {
    expect(await watch(on('b', { type: 'Close' }), ['a', 'b', 'c'])).toEqual(['ADDED a', 'end']);
  });

  it('failed', async () => {
    expect(await watch(on('b', { type: 'Fail', error: BUSY }), ['a', 'b', 'c'])).toEqual(['ADDED a', 'ERROR', 'end']);
  });

  it('delayed: the events behind wait too, and nothing is lost when the watch closes meanwhile', async () => {
    expect(await watch(on('a', { type: 'Deliver', delayMs: 5_000 }), ['a', 'b'], 4_000)).toEqual([]);
    expect(await watch(on('a', { type: 'Deliver', delayMs: 5_000 }), ['a', 'b'], 5_000)).toEqual(['ADDED a', 'ADDED b']);
  });

  it('whatever the delays, events come in order and each once', async () => {
    const delays = fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(delays, async (delaysMs) => {
        let index = 0;
        const names = delaysMs.map((_, at) => `n${String(at).padStart(2, '0')}`);
        const seen = await watch(() => ({ type: 'Deliver', delayMs: delaysMs[index++] ?? 0 }), names);
        expect(seen).toEqual(names.map((name) => `ADDED ${name}`));
      }),
      { numRuns: 50 },
    );
  });
});

function textOf(event: WatchEvent): string {
  return 'object' in event ? `${event.type} ${event.object.metadata.name}` : event.type;
}
