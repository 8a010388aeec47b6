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
