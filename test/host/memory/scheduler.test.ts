import { describe, expect, it } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import { priorityClasses } from '#host/cluster/memory/admission.ts';
import { createWorld, type World } from '#host/cluster/memory/world.ts';

function create(
  { server }: World,
  name: string,
  more: object = {},
  labels: Readonly<Record<string, string>> = {},
): ReturnType<World['server']['create']> {
  const spec = { restartPolicy: 'Never', containers: [{ name: 'agent', image: 'example.com/agent:1' }], ...more };
  const simulated = Object.fromEntries(Object.entries(labels).map(([key, value]) => [`sim.kubeopencode.io/${key}`, value]));
  return server.create({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default', labels: simulated }, ...{ spec } });
}

function podOf({ server }: World, name: string): Pod | undefined {
  return server.find({ kind: 'Pod', namespace: 'default', name }) as unknown as Pod | undefined;
}

function scheduled(world: World, name: string): string {
  const found = podOf(world, name)?.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  return `${found?.status} ${found?.reason}: ${found?.message}`;
}

const RUNS = { outcome: 'never' };

describe('a Pod that no node takes says so as a real scheduler does', () => {
  it('full nodes, nodes that are cut off, and none that fits', async () => {
    const world = createWorld({ nodes: ['a', 'b', 'c'].map((name) => ({ name, pods: 1 })) });
    for (const name of ['one', 'two', 'three']) create(world, name, {}, RUNS);
    await world.clock.advance(2_000);
    create(world, 'four', {}, RUNS);
    create(world, 'unfit', {}, { outcome: 'unschedulable' });
    await world.clock.advance(1_000);
    expect(scheduled(world, 'four')).toBe(
      'False Unschedulable: 0/3 nodes are available: 3 Too many pods. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.',
    );
    expect(scheduled(world, 'unfit')).toBe(
      "False Unschedulable: 0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
    );
    world.outages.begin('b');
    create(world, 'five', {}, RUNS);
    await world.clock.advance(1_000);
    expect(scheduled(world, 'five')).toBe(
      'False Unschedulable: 0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Too many pods. preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.',
    );
  });
});

describe('preemption', () => {
  const classes = { low: -10, high: 1_000 };
  const full = async (): Promise<World> => {
    const world = createWorld({ nodes: [{ name: 'a', pods: 2 }], admission: [priorityClasses(classes)] });
    create(world, 'plain', {}, { ...RUNS, 'stop-after': '3s' });
    create(world, 'low', { priorityClassName: 'low' }, { ...RUNS, 'stop-after': '3s' });
    await world.clock.advance(5_000);
    return world;
  };

  it('ends the Pod of lowest priority with its grace, and the other gets its place', async () => {
    const world = await full();
    create(world, 'urgent', { priorityClassName: 'high' }, RUNS);
    await world.clock.advance(1_000);
    expect(podOf(world, 'urgent')?.status).toMatchObject({ nominatedNodeName: 'a' });
    expect(podOf(world, 'low')?.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
      reason: 'PreemptionByScheduler',
      message: 'default-scheduler: preempting to accommodate a higher priority pod',
    });
    await world.clock.advance(5_000);
    expect(podOf(world, 'low')).toBeUndefined();
    expect([podOf(world, 'urgent')?.status?.phase, podOf(world, 'plain')?.status?.phase]).toEqual(['Running', 'Running']);
  });

  it('does not help a Pod of the same priority, or one that may not preempt', async () => {
    const world = await full();
    create(world, 'equal', { priorityClassName: 'low' }, RUNS);
    create(world, 'polite', { priorityClassName: 'high', preemptionPolicy: 'Never' }, RUNS);
    await world.clock.advance(60_000);
    for (const name of ['low', 'plain']) expect(podOf(world, name)?.metadata.deletionTimestamp).toBeUndefined();
    for (const name of ['equal', 'polite']) expect(podOf(world, name)?.spec.nodeName).toBeUndefined();
  });

  it('knows no class that is not there', async () => {
    const world = await full();
    expect(create(world, 'odd', { priorityClassName: 'none' })).toMatchObject({
      error: { code: 403, message: 'pods "odd" is forbidden: no PriorityClass with name none was found' },
    });
    expect(create(world, 'critical', { priorityClassName: 'system-node-critical' })).toMatchObject({ ok: true });
  });
});
