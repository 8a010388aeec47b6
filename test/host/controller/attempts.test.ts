import { describe, expect, test } from 'vitest';
import type { Agent } from '#core/api/agent.ts';
import type { Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { ANNOTATIONS } from '#core/contract/names.ts';
import { createWorld, type World } from '#host/cluster/memory/world.ts';
import { LEDGERS } from '#host/controller/controller.ts';
import { agent, agentTask, NAMESPACE } from '#test/support/builders.ts';
import { newObject } from '#test/support/new-object.ts';
import { sourceEngine } from '#test/support/source-engine.ts';
import { type VirtualHost, virtualHost } from '#test/support/virtual-host.ts';

const FAILS = { 'sim.kubeopencode.io/outcome': 'fail', 'sim.kubeopencode.io/exit-code': '3', 'sim.kubeopencode.io/run-for': '5s' };
const RETRIES = { limit: 2, backoff: { initial: '20s', factor: 1 } };

function newWorld(labels: Readonly<Record<string, string>>, more: Parameters<typeof agent>[0] = {}): World {
  const world = createWorld();
  world.apply(newObject('Agent', agent({ podSpec: { labels }, ...more })));
  return world;
}

function apply(world: World, name: string, spec: Partial<Task['spec']> = { retry: RETRIES }): void {
  world.apply(newObject('Task', agentTask({ name, spec })));
}

const taskOf = (world: World, name: string) => world.server.find({ kind: 'Task', namespace: NAMESPACE, name }) as Task | undefined;
const podsOf = (world: World) => [...world.server.store.values('Pod')] as unknown as Pod[];
const podNames = (world: World) => podsOf(world).map(({ metadata }) => metadata.name);
const lives = ({ status }: Pod): boolean => status?.phase !== 'Succeeded' && status?.phase !== 'Failed';

async function hostOn(world: World, name = 'host'): Promise<VirtualHost> {
  const host = virtualHost({ engine: sourceEngine, world, name });
  await host.start();
  return host;
}

describe('a Task of several attempts', () => {
  test('has a Pod for each, all of which stay and are let go of', async () => {
    const world = newWorld(FAILS);
    const host = await hostOn(world);
    apply(world, 'a');
    await world.clock.advance(300_000);
    expect(taskOf(world, 'a')?.status).toMatchObject({
      phase: 'Failed',
      attempts: [{ number: 1 }, { number: 2 }, { number: 3, podName: 'a-pod-3' }],
    });
    expect(podNames(world).sort()).toEqual(['a-pod', 'a-pod-2', 'a-pod-3']);
    for (const { metadata } of podsOf(world)) expect(metadata.finalizers ?? []).toEqual([]);
    // The snapshot of the third attempt had all three.
    expect(host.decisions.some(({ deliberation }) => deliberation.snapshot.pods.length === 3)).toBe(true);
    expect(host.warnings).toEqual([]);
  });

  test('takes one place at its Agent, gives it back between attempts, and each start counts once', async () => {
    const world = newWorld(FAILS, { maxConcurrentTasks: 1, quota: { maxTaskStarts: 50, windowSeconds: 3_600 } });
    const host = await hostOn(world);
    let most = 0;
    world.server.store.listen('Pod', () => {
      most = Math.max(most, podsOf(world).filter(lives).length);
    });
    for (const name of ['a', 'b', 'c']) apply(world, name);
    for (let second = 0; second < 400; second++) {
      await world.clock.advance(1_000);
      for (const line of host.controller.counts().lines) expect(line.taken).toBeLessThanOrEqual(1);
    }
    expect(most).toBe(1);
    expect(podNames(world)).toHaveLength(9);
    expect(['a', 'b', 'c'].map((name) => taskOf(world, name)?.status?.phase)).toEqual(['Failed', 'Failed', 'Failed']);
    const started = podsOf(world).map(({ metadata }) => Date.parse(metadata.creationTimestamp ?? ''));
    // While one waits for its next attempt, another runs.
    expect(Math.max(...started) - Math.min(...started)).toBeLessThan(120_000);
    const found = world.server.find({ kind: 'Agent', namespace: NAMESPACE, name: 'coder' }) as Agent | undefined;
    expect(found?.status?.taskStartHistory).toHaveLength(9);
    expect(host.controller.counts().lines).toEqual([]);
  });

  test('goes on where it was after its host died, wherever that was', async () => {
    const world = newWorld(FAILS);
    let host = await hostOn(world);
    apply(world, 'a');
    for (let round = 1; round <= 12; round++) {
      await world.clock.advance(7_300);
      host.kill();
      host = await hostOn(world, `host-${round}`);
    }
    await world.clock.advance(300_000);
    expect(taskOf(world, 'a')?.status).toMatchObject({ phase: 'Failed', attempts: [{ number: 1 }, { number: 2 }, { number: 3 }] });
    expect(podNames(world).sort()).toEqual(['a-pod', 'a-pod-2', 'a-pod-3']);
  });

  test('that is reopened by hand leaves the order of the finished, and comes back to it', async () => {
    const world = newWorld(FAILS);
    const host = await hostOn(world);
    apply(world, 'a', {});
    await world.clock.advance(60_000);
    expect(host.controller.counts().ledgers.finished).toBe(1);
    const address = { kind: 'Task', namespace: NAMESPACE, name: 'a' } as const;
    world.server.patch(address, { metadata: { annotations: { [ANNOTATIONS.retry]: '2' } } }, { patchType: 'merge' });
    await world.clock.advance(3_000);
    expect(host.controller.counts().ledgers.finished).toBe(0);
    await world.clock.advance(60_000);
    expect(host.controller.counts().ledgers.finished).toBe(1);
    expect(podNames(world).sort()).toEqual(['a-pod', 'a-pod-2']);
  });

  test.each([
    ['with its Pods', {}],
    ['without them', { propagationPolicy: 'Orphan' as const }],
  ])('that is deleted %s while the last of them runs leaves no finalizer and nothing in memory', async (_, how) => {
    const world = newWorld({ ...FAILS, 'sim.kubeopencode.io/run-for': '60s' });
    const host = await hostOn(world);
    apply(world, 'a');
    await world.clock.advance(100_000);
    expect(podNames(world).sort()).toEqual(['a-pod', 'a-pod-2']);
    world.server.delete({ kind: 'Task', namespace: NAMESPACE, name: 'a' }, how);
    await world.clock.advance(120_000);
    for (const { metadata } of podsOf(world)) expect(metadata.finalizers ?? []).toEqual([]);
    expect(podsOf(world)).toHaveLength('propagationPolicy' in how ? 2 : 0);
    expect(host.controller.counts().ledgers).toEqual(Object.fromEntries(LEDGERS.map((ledger) => [ledger, 0])));
  });
});

test('a replica that stood by sees the Pods whose Task went without them while nobody led', async () => {
  const world = newWorld({ 'sim.kubeopencode.io/outcome': 'never' });
  const host = await hostOn(world);
  apply(world, 'a');
  await world.clock.advance(10_000);
  const standby = virtualHost({ engine: sourceEngine, world, name: 'standby' });
  await world.clock.advance(5_000);
  host.kill();
  world.server.delete({ kind: 'Task', namespace: NAMESPACE, name: 'a' }, { propagationPolicy: 'Orphan' });
  await world.clock.advance(5_000);
  expect(podsOf(world)[0]?.metadata.finalizers).not.toEqual([]);
  await standby.start();
  await world.clock.advance(5_000);
  expect(podsOf(world)[0]?.metadata.finalizers ?? []).toEqual([]);
});
