import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { forbidden } from '#host/cluster/memory/errors.ts';
import { createWorld } from '#host/cluster/memory/world.ts';

function podManifest(name: string, labels: Readonly<Record<string, string>> = {}) {
  const spec = { restartPolicy: 'Never', containers: [{ name: 'agent', image: 'example.com/agent:1' }] };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default', labels }, ...{ spec } } as const;
}

/** Everything that was ever stored, in order. */
async function history(seed: number): Promise<KubernetesObject[]> {
  const world = createWorld({ seed });
  const seen: KubernetesObject[] = [];
  world.server.store.listen('Pod', ({ object }) => seen.push(object));
  for (const name of ['a', 'b', 'c']) world.apply(podManifest(name));
  await world.clock.advance(60_000);
  return seen;
}

describe('createWorld', () => {
  it('repeats a history to the letter for the same seed, and gives other UIDs for another', async () => {
    expect(await history(5)).toEqual(await history(5));
    const uids = async (seed: number): Promise<Set<string | undefined>> =>
      new Set((await history(seed)).map(({ metadata }) => metadata.uid));
    expect(await uids(5)).not.toEqual(await uids(6));
    expect((await uids(5)).size).toBe(3);
  });

  it('applies as kubectl does: creates, then merges, and says what the API server refuses', () => {
    const world = createWorld({ namespaces: ['default'] });
    const first = world.apply(podManifest('a', { one: '1' }));
    const second = world.apply(podManifest('a', { two: '2' }));
    expect(second.metadata.uid).toBe(first.metadata.uid);
    expect(second.metadata.labels).toEqual({ one: '1', two: '2' });
    const elsewhere = { ...podManifest('b'), metadata: { name: 'b', namespace: 'nowhere' } };
    expect(() => world.apply(elsewhere)).toThrow('apply Pod nowhere/b: the API server refused it: namespaces "nowhere" not found');
  });

  it('lets admission refuse and change what is written, knowing who asks', async () => {
    const world = createWorld({
      admission: [
        ({ kind, client, name }) =>
          client === 'stranger' ? { type: 'Refuse', error: forbidden(kind, name, 'strangers may not') } : undefined,
        ({ object, operation }) => {
          if (operation !== 'create') return undefined;
          return { type: 'Change', object: { ...object, metadata: { ...object.metadata, labels: { injected: 'yes' } } } };
        },
      ],
    });
    const refused = await world.client('stranger').create(podManifest('a'));
    expect(refused).toMatchObject({ error: { code: 403, reason: 'Forbidden', message: 'pods "a" is forbidden: strangers may not' } });
    const created = await world.client('friend').create(podManifest('a'));
    expect(created).toMatchObject({ value: { metadata: { labels: { injected: 'yes' } } } });
  });

  it('judges specs by the CRDs, unless these accept anything; what lies in the store is taken as it is', () => {
    const task = {
      apiVersion: 'kubeopencode.io/v1alpha1',
      kind: 'Task',
      metadata: { name: 'a', namespace: 'default' },
      ...{ spec: { timeout: '1 hour' } },
    } as const;
    expect(() => createWorld().apply(task)).toThrow('spec.timeout: Invalid value: "1 hour": must be a duration');
    expect(createWorld({ judged: 'Nothing' }).apply(task)).toMatchObject({ spec: { timeout: '1 hour' }, metadata: { generation: 1 } });
    const world = createWorld({ stored: [task] });
    const address = { kind: 'Task', namespace: 'default', name: 'a' } as const;
    const labels = { metadata: { labels: { a: 'b' } }, spec: { priority: 1 } };
    // What was wrong before and is left alone is tolerated, but for what concerns the whole.
    expect(world.server.patch(address, labels, { patchType: 'merge' })).toMatchObject({
      ok: false,
      error: { code: 422, fields: ['spec'] },
    });
    const mended = { spec: { priority: 1, templateRef: { name: 't' } } };
    expect(world.server.patch(address, mended, { patchType: 'merge' })).toMatchObject({ ok: true, value: { spec: { timeout: '1 hour' } } });
  });

  it('deletes a namespace with all that is in it, and its name can be used again', async () => {
    const world = createWorld({ namespaces: ['default'] });
    world.apply(podManifest('a', { 'sim.kubeopencode.io/outcome': 'never' }));
    await world.clock.advance(5_000);
    world.namespaces.delete('default');
    expect(() => world.apply(podManifest('b'))).toThrow('because it is being terminated');
    await world.clock.advance(60_000);
    expect(() => world.apply(podManifest('b'))).toThrow('namespaces "default" not found');
    world.server.namespaces.add('default');
    expect(world.apply(podManifest('a')).metadata.name).toBe('a');
  });
});
