import { expect, test } from 'vitest';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { POD_FINALIZER } from '#core/contract/names.ts';
import type { Faults } from '#host/cluster/memory/faults.ts';
import { createWorld, type World } from '#host/cluster/memory/world.ts';
import { NAMESPACE, task, template } from '#test/support/builders.ts';
import { newObject } from '#test/support/new-object.ts';
import { sourceEngine } from '#test/support/source-engine.ts';
import { virtualHost } from '#test/support/virtual-host.ts';

const POD = { kind: 'Pod', namespace: NAMESPACE, name: 'fix-bug-pod' } as const;

async function runningTask(faults?: Faults) {
  const world = createWorld({ seed: 1 });
  world.apply(newObject('AgentTemplate', template({ podSpec: { labels: { 'sim.kubeopencode.io/outcome': 'never' } } })));
  world.apply(newObject('Task', task()));
  const host = virtualHost({ engine: sourceEngine, world, ...(faults === undefined ? {} : { faults }) });
  await host.start();
  await world.clock.advance(5_000);
  expect(pod(world)?.metadata.finalizers).toContain(POD_FINALIZER);
  return { world, host };
}

function pod(world: World): KubernetesObject | undefined {
  return world.server.find(POD);
}

function orphan(world: World): void {
  world.server.delete({ kind: 'Task', namespace: NAMESPACE, name: 'fix-bug' }, { propagationPolicy: 'Orphan' });
}

test('kubectl delete task --cascade=orphan leaves the Pod, without our finalizer', async () => {
  const { world } = await runningTask();
  orphan(world);
  await world.clock.advance(60_000);
  expect(pod(world)?.metadata.ownerReferences ?? []).toEqual([]);
  expect(pod(world)?.metadata.finalizers ?? []).toEqual([]);
});

test('also when it happens while no host is there', async () => {
  const { world, host } = await runningTask();
  host.kill();
  orphan(world);
  await world.clock.advance(60_000);
  expect(pod(world)?.metadata.finalizers).toContain(POD_FINALIZER);
  const next = virtualHost({ engine: sourceEngine, world, name: 'next' });
  await next.start();
  await world.clock.advance(60_000);
  expect(pod(world)?.metadata.finalizers ?? []).toEqual([]);
  expect(next.writes.map(({ verb, kind }) => `${verb} ${kind}`)).toEqual(['patch Pod']);
});

test('a Task whose deletion the watch shows late leaves nothing behind', async () => {
  let isLagging = false;
  const lag: Faults = { onCall: () => ({}), onDelivery: () => ({ type: 'Deliver', delayMs: isLagging ? 20_000 : 0 }) };
  const world = createWorld({ seed: 1 });
  world.apply(newObject('Task', task()));
  const host = virtualHost({ engine: sourceEngine, world, faults: lag });
  await host.start();
  await world.clock.advance(5_000);
  // It waits for its template. It is deleted, and before the watch says so the template comes: the create would be the dead Task's.
  isLagging = true;
  world.server.delete({ kind: 'Task', namespace: NAMESPACE, name: 'fix-bug' }, {});
  isLagging = false;
  world.apply(newObject('AgentTemplate', template()));
  await world.clock.advance(60_000);
  expect(host.writes.length).toBeGreaterThan(0);
  expect(pod(world)?.metadata.finalizers ?? []).toEqual([]);
});
