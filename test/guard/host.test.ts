import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Kind } from '#core/contract/kinds.ts';
import { createWorld } from '#host/cluster/memory/world.ts';
import { copyOf, live } from '#scripts/bench/scale/lives.ts';
import { decided, scriptedEngine } from '#test/support/scripted-engine.ts';
import { virtualHost } from '#test/support/virtual-host.ts';

const TASKS = 600;
const PAGE = 500;
const NAMESPACE = 'team-a';

/** A host that finds so many finished Tasks, whose Pods are kept. */
async function started() {
  const life = await live('finished', NAMESPACE);
  const engine = scriptedEngine(() => decided());
  // Loaded before the host opens its caches: what is there already is listed, not watched.
  const world = createWorld();
  for (let index = 0; index < TASKS; index++) {
    const copy = copyOf(life, index);
    for (const [kind, text] of Object.entries({ Task: copy.task, Pod: copy.pod }) as [Kind, string][]) {
      world.server.load({ ...(JSON.parse(text) as KubernetesObject), kind });
    }
  }
  const host = virtualHost({ engine, world });
  await host.start();
  await host.clock.advance(10_000);
  return { host, engine };
}

describe('a host that starts among many finished Tasks', () => {
  test('reads each page once, decides each Task once, and writes nothing', async () => {
    const { host, engine } = await started();
    const pages = (kind: Kind): number => host.reads.filter((read) => read.verb === 'list' && read.kind === kind).length;
    expect(engine.snapshots).toHaveLength(TASKS);
    expect(host.writes).toEqual([]);
    expect(host.reads.filter(({ verb }) => verb === 'get')).toEqual([]);
    // One more to learn the version that the kind has now. What was listed is not listed again for that.
    expect(pages('Task')).toBe(Math.ceil(TASKS / PAGE) + 1);
    expect(pages('Pod')).toBe(Math.ceil(TASKS / PAGE) + 1);
  });

  test('decides each of them once more when the configuration changes, and asks nobody', async () => {
    const { host, engine } = await started();
    const before = [host.reads.length, host.writes.length];
    const metadata = { name: 'cluster' };
    host.server.load({ kind: 'KubeOpenCodeConfig', metadata, spec: { clusterDomain: 'example.org' } } as KubernetesObject & { kind: Kind });
    await host.clock.advance(1_000);
    expect(engine.snapshots).toHaveLength(2 * TASKS);
    expect([host.reads.length, host.writes.length]).toEqual(before);
  });

  test('decides none when a Pod changes in what the core does not read', async () => {
    const { host, engine } = await started();
    for (const pod of [...host.server.store.values('Pod')].slice(0, 100)) {
      const { name } = pod.metadata;
      host.server.patch(
        { kind: 'Pod', namespace: NAMESPACE, name },
        { metadata: { annotations: { 'example.org/seen': 'yes' } } },
        { patchType: 'merge' },
      );
    }
    await host.clock.advance(1_000);
    expect(engine.snapshots).toHaveLength(TASKS);
    expect(host.writes).toEqual([]);
  });
});
