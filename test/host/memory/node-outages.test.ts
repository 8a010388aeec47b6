import { expect, test } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import { collectOrphans, evictByTaint, markNotReady } from '#host/cluster/memory/disruption.ts';
import { createWorld, type World } from '#host/cluster/memory/world.ts';

const ADDRESS = { kind: 'Pod', namespace: 'team-a', name: 'p' } as const;

function worldWithPod(labels: Readonly<Record<string, string>>, spec: Readonly<Record<string, unknown>> = {}): World {
  const world = createWorld();
  world.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: ADDRESS.name, namespace: ADDRESS.namespace, labels, finalizers: ['example.com/held'] },
    ...{ spec: { restartPolicy: 'Never', containers: [{ name: 'agent', image: 'agent' }], terminationGracePeriodSeconds: 5, ...spec } },
  });
  return world;
}

const conditionOf = (world: World, wanted: string) => podOf(world)?.status?.conditions?.find(({ type }) => type === wanted);
const podOf = (world: World): Pod | undefined => world.server.find(ADDRESS) as Pod | undefined;

test('a container that ends on a node that is cut off is reported when the node is back', async () => {
  const world = worldWithPod({ 'sim.kubeopencode.io/run-for': '3s' });
  await world.clock.advance(2_000);
  expect(podOf(world)?.status?.phase).toBe('Running');
  world.outages.begin('node-1');
  await world.clock.advance(60_000);
  expect(podOf(world)?.status?.phase).toBe('Running');
  world.outages.end('node-1');
  expect(podOf(world)?.status?.phase).toBe('Succeeded');
});

test.each([
  ['that it had from the start', 10, undefined],
  ['that it was given while its node was cut off', undefined, 1],
])('a pod that had ended before a deadline, %s, stays what it was when its node is back after that', async (_, atFirst, meanwhile) => {
  const world = worldWithPod({ 'sim.kubeopencode.io/run-for': '3s' }, atFirst === undefined ? {} : { activeDeadlineSeconds: atFirst });
  await world.clock.advance(2_000);
  world.outages.begin('node-1');
  await world.clock.advance(60_000);
  if (meanwhile !== undefined)
    world.server.patch(ADDRESS, { spec: { activeDeadlineSeconds: meanwhile } }, { patchType: 'strategic' }, 'user');
  world.outages.end('node-1');
  await world.clock.advance(5_000);
  expect(podOf(world)?.status).toMatchObject({ phase: 'Succeeded' });
  expect(podOf(world)?.status?.reason).toBeUndefined();
});

test('a pod whose end was seen before a deadline is not told of again, when its node was cut off and is back', async () => {
  const world = worldWithPod({ 'sim.kubeopencode.io/run-for': '3s' }, { activeDeadlineSeconds: 10 });
  await world.clock.advance(8_000);
  expect(podOf(world)?.status?.phase).toBe('Succeeded');
  world.outages.begin('node-1');
  await world.clock.advance(60_000);
  world.outages.end('node-1');
  await world.clock.advance(5_000);
  expect(podOf(world)?.status?.phase).toBe('Succeeded');
});

test('a pod that ran into its deadline while its node was cut off says so when it is back', async () => {
  const world = worldWithPod({ 'sim.kubeopencode.io/outcome': 'never' }, { activeDeadlineSeconds: 10 });
  await world.clock.advance(2_000);
  world.outages.begin('node-1');
  await world.clock.advance(60_000);
  world.outages.end('node-1');
  await world.clock.advance(5_000);
  expect(podOf(world)?.status).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' });
});

test('a deletion during an outage is carried out when the node is back', async () => {
  const world = worldWithPod({ 'sim.kubeopencode.io/outcome': 'never' });
  await world.clock.advance(2_000);
  world.outages.begin('node-1');
  evictByTaint(world.server, 'node-1');
  await world.clock.advance(60_000);
  expect(podOf(world)?.status?.phase).toBe('Running');
  expect(podOf(world)?.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')?.reason).toBe('DeletionByTaintManager');
  world.outages.end('node-1');
  await world.clock.advance(1_000);
  expect(podOf(world)?.status?.phase).toBe('Failed');
  expect(podOf(world)?.metadata.deletionGracePeriodSeconds).toBe(0);
});

test('a node that is cut off takes no new Pods', async () => {
  const world = createWorld();
  world.outages.begin('node-1');
  world.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: ADDRESS.name, namespace: ADDRESS.namespace },
    ...{ spec: { restartPolicy: 'Never', containers: [{ name: 'agent', image: 'agent' }] } },
  });
  await world.clock.advance(5_000);
  expect(podOf(world)?.spec.nodeName).toBeUndefined();
  world.outages.end('node-1');
  await world.clock.advance(2_000);
  expect(podOf(world)?.status?.phase).toBe('Running');
});

test('a node that is not heard of makes its Pods unready; one that is removed fails them, and they go though nobody ended them', async () => {
  const world = worldWithPod({ 'sim.kubeopencode.io/outcome': 'never' });
  await world.clock.advance(2_000);
  world.outages.begin('node-1');
  markNotReady(world.server, 'node-1');
  expect(conditionOf(world, 'Ready')).toMatchObject({ status: 'False' });
  collectOrphans(world.server, 'node-1');
  expect(podOf(world)?.status?.phase).toBe('Failed');
  expect(conditionOf(world, 'DisruptionTarget')).toMatchObject({ reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists' });
  expect(podOf(world)?.metadata.deletionGracePeriodSeconds).toBe(0);
  world.server.patch(ADDRESS, { metadata: { finalizers: null } }, { patchType: 'merge' });
  expect(podOf(world)).toBeUndefined();
});

test('what a node refused while it was cut off is told when it is back', async () => {
  const world = worldWithPod({ 'sim.kubeopencode.io/outcome': 'rejected' });
  await world.clock.advance(150);
  world.outages.begin('node-1');
  await world.clock.advance(5_000);
  expect(podOf(world)?.status?.phase).toBe('Pending');
  world.outages.end('node-1');
  expect(podOf(world)?.status).toMatchObject({ phase: 'Failed', reason: 'OutOfcpu' });
});
