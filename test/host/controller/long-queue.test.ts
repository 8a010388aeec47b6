import { describe, expect, test } from 'vitest';
import type { Task, TaskStatus } from '#core/api/task.ts';
import { delegated } from '#host/cluster/delegated.ts';
import { createWorld } from '#host/cluster/memory/world.ts';
import { agent, agentTask, condition, NAMESPACE, task, template } from '#test/support/builders.ts';
import { newObject } from '#test/support/new-object.ts';
import { sourceEngine } from '#test/support/source-engine.ts';
import { type VirtualHost, virtualHost } from '#test/support/virtual-host.ts';

const HOUR_MS = 3_600_000;
const PLACES = 5;

type AgentSpec = Parameters<typeof agent>[0];

const nameOf = (index: number): string => `t${String(index).padStart(5, '0')}`;

const WAITING = `Waiting for agent "coder" capacity (max: ${PLACES})`;
/** As a host of before has left it: it waits, and has said so. */
const QUEUED: TaskStatus = {
  phase: 'Queued',
  agentRef: { name: 'coder' },
  observedGeneration: 1,
  message: WAITING,
  times: { queued: '2026-01-01T00:00:00Z' },
  conditions: [{ ...condition('Queued', 'True', 'AgentAtCapacity', '2026-01-01T00:00:00Z', WAITING), observedGeneration: 1 }],
};

/** A host that takes over so many Tasks behind one Agent; those that run never end by themselves. */
async function queueOf(count: number, spec: AgentSpec = {}) {
  const world = createWorld({ freeze: true });
  world.apply(
    newObject('Agent', agent({ maxConcurrentTasks: PLACES, podSpec: { labels: { 'sim.kubeopencode.io/outcome': 'never' } }, ...spec })),
  );
  const startedMs = world.clock.now();
  for (let index = 0; index < count; index++) {
    const made = agentTask({ name: nameOf(index), status: QUEUED, metadata: { uid: `uid-${index}`, generation: 1 } });
    const creationTimestamp = new Date(startedMs - HOUR_MS + index * 100).toISOString();
    world.server.load({ ...made, kind: 'Task', metadata: { ...made.metadata, creationTimestamp } });
  }
  const host = virtualHost({ engine: sourceEngine, world });
  await host.start();
  await world.clock.advance(60_000);
  return { world, host };
}

const spent = (host: VirtualHost) => ({ decisions: host.decisions.length, writes: host.writes.length, reads: host.reads.length });

/** What the host did meanwhile. */
async function during(host: VirtualHost, happen: () => Promise<void>): Promise<ReturnType<typeof spent>> {
  const before = spent(host);
  await happen();
  const after = spent(host);
  return { decisions: after.decisions - before.decisions, writes: after.writes - before.writes, reads: after.reads - before.reads };
}

const podNames = (host: VirtualHost): readonly string[] => [...host.server.store.values('Pod')].map(({ metadata }) => metadata.name).sort();
const waiting = (host: VirtualHost): number => host.controller.counts().lines.reduce((sum, line) => sum + line.waiting, 0);

/** One of those that run has done its work. */
async function release(host: VirtualHost, name: string): Promise<void> {
  const finishedAt = new Date(host.clock.now()).toISOString();
  host.podStatus(NAMESPACE, `${name}-pod`, {
    phase: 'Succeeded',
    containerStatuses: [{ name: 'agent', state: { terminated: { exitCode: 0, finishedAt } } }],
  });
  await host.clock.advance(30_000);
}

describe('ten thousand Tasks that wait for five places of one Agent', () => {
  test('are decided a few times each when a host takes over, and nobody waits for them', async () => {
    const { host } = await queueOf(10_000);
    expect(podNames(host)).toEqual(Array.from({ length: PLACES }, (_, index) => `${nameOf(index)}-pod`));
    expect(waiting(host)).toBe(10_000 - PLACES);
    expect(host.decisions.length).toBeLessThanOrEqual(10_000 * 2 + 100);
    // They say already that they wait, so only the five that start are written of.
    expect(host.count('create', 'Pod')).toBe(PLACES);
    expect(host.writes.length).toBeLessThanOrEqual(PLACES * 5);
    expect(host.warnings).toEqual([]);
  }, 120_000);

  test('cost nothing while they wait: no decision, no call, and no timer more than twenty have', async () => {
    const hours = [];
    for (const count of [20, 10_000]) {
      const { host, world } = await queueOf(count);
      let wakeUps = 0;
      const endMs = world.clock.now() + HOUR_MS;
      const hour = await during(host, async () => {
        for (let atMs = world.clock.nextTimerMs(); atMs !== undefined && atMs <= endMs; atMs = world.clock.nextTimerMs()) {
          await world.clock.runUntil(atMs);
          wakeUps += 1;
        }
        await world.clock.runUntil(endMs);
      });
      expect(host.controller.counts()).toMatchObject({ depth: 0, active: 0 });
      expect(hour).toMatchObject({ decisions: 0, writes: 0 });
      hours.push({ ...hour, wakeUps });
    }
    const [few, many] = hours;
    // The watches are taken up again now and then, at random times.
    expect(Math.abs((many?.reads ?? 0) - (few?.reads ?? 0))).toBeLessThanOrEqual(10);
    expect(Math.abs((many?.wakeUps ?? 0) - (few?.wakeUps ?? 0))).toBeLessThanOrEqual(40);
  }, 120_000);

  test('cost the same for each place that is given on, however many they are', async () => {
    const few = await queueOf(20);
    const many = await queueOf(10_000);
    const ofFew = await during(few.host, () => release(few.host, nameOf(0)));
    const ofMany = await during(many.host, () => release(many.host, nameOf(0)));
    expect(podNames(many.host)).toContain(`${nameOf(PLACES)}-pod`);
    expect(ofMany).toEqual(ofFew);
    // The end: status, Event, release. The start: ConfigMap, Pod, status, Event.
    expect(ofMany.writes).toBeLessThanOrEqual(8);
    expect(ofMany.decisions).toBeLessThanOrEqual(12);
  }, 120_000);

  test('are kept as few entries each, and none when they are gone', async () => {
    const { host, world } = await queueOf(10_000);
    const { ledgers } = host.controller.counts();
    const entries = Object.values(ledgers).reduce((sum, count) => sum + count, 0);
    expect(entries).toBeLessThanOrEqual(10_000 * 4);
    for (const { metadata } of [...host.server.store.values('Task')]) {
      if (Number(metadata.name.slice(1)) >= PLACES) world.server.delete({ kind: 'Task', namespace: NAMESPACE, name: metadata.name }, {});
    }
    await world.clock.advance(60_000);
    expect(waiting(host)).toBe(0);
    const left = Object.values(host.controller.counts().ledgers).reduce((sum, count) => sum + count, 0);
    expect(left).toBeLessThanOrEqual(PLACES * 6);
  }, 120_000);
});

describe('who is next', () => {
  test('is who came first, each point of priority counting as ten minutes of waiting; one that is held takes no part', async () => {
    const world = createWorld({ freeze: true });
    world.apply(newObject('Agent', agent({ maxConcurrentTasks: 1, suspend: true })));
    const nowMs = world.clock.now();
    const put = (name: string, minutesAgo: number, spec: { readonly priority?: number; readonly suspend?: boolean } = {}): void => {
      const made = agentTask({ name, spec, metadata: { uid: `uid-${name}`, generation: 1 } });
      const creationTimestamp = new Date(nowMs - minutesAgo * 60_000).toISOString();
      world.server.load({ ...made, kind: 'Task', metadata: { ...made.metadata, creationTimestamp } });
    };
    put('new', 1);
    put('old', 30);
    put('urgent', 2, { priority: 2 });
    put('pressing', 1, { priority: 4 });
    put('patient', 25, { priority: -1 });
    put('held', 300, { priority: 9, suspend: true });
    const host = virtualHost({ engine: sourceEngine, world });
    await host.start();
    const because = (name: string) =>
      host.get<Task>('Task', NAMESPACE, name)?.status?.conditions?.find(({ type }) => type === 'Queued')?.reason;
    expect([because('old'), because('held')]).toEqual(['AgentSuspended', 'TaskSuspended']);
    world.server.patch({ kind: 'Agent', namespace: NAMESPACE, name: 'coder' }, { spec: { suspend: null } }, { patchType: 'merge' });
    await world.clock.advance(10);
    // Who has not started says why, whatever it said before.
    expect([because('new'), because('held')]).toEqual(['AgentSuspended', 'TaskSuspended']);
    await world.clock.advance(300_000);
    const started = host.acts.flatMap(({ action }) =>
      action.type === 'Create' && action.object.kind === 'Pod' ? [action.object.metadata.name] : [],
    );
    expect(started).toEqual(['pressing-pod', 'old-pod', 'urgent-pod', 'patient-pod', 'new-pod']);
    world.server.patch({ kind: 'Task', namespace: NAMESPACE, name: 'held' }, { spec: { suspend: false } }, { patchType: 'merge' });
    await world.clock.advance(60_000);
    expect(host.get<Task>('Task', NAMESPACE, 'held')?.status?.phase).toBe('Completed');
  });
});

test('those that come at once are told that they wait, few at a time, while all others work on', async () => {
  const world = createWorld({ freeze: true });
  world.apply(newObject('Agent', agent({ maxConcurrentTasks: PLACES })));
  const telling = { now: 0, most: 0 };
  const others = { now: 0, most: 0 };
  const host = virtualHost({
    engine: sourceEngine,
    world,
    controller: { maxConcurrentReconciles: 32 },
    // Each write of a status takes its time.
    wrap: (cluster) => ({
      ...delegated(cluster),
      patch: async (address, patch, ...rest) => {
        const count = (patch as { status?: TaskStatus }).status?.phase === 'Queued' ? telling : others;
        count.now += 1;
        count.most = Math.max(count.most, count.now);
        await new Promise<void>((resolve) => void world.clock.after(100, resolve));
        count.now -= 1;
        return cluster.patch(address, patch, ...rest);
      },
    }),
  });
  await host.start();
  for (let index = 0; index < 200; index++) world.apply(newObject('Task', agentTask({ name: nameOf(index) })));
  await world.clock.advance(20_000);
  expect(telling.most).toBe(4);
  const queued = [...world.server.store.values('Task')].filter((object) => (object as Task).status?.phase === 'Queued');
  expect(queued.length + host.count('create', 'Pod')).toBe(200);
  // Those that nobody holds back are worked on by all.
  world.apply(newObject('AgentTemplate', template()));
  for (let index = 0; index < 200; index++) world.apply(newObject('Task', task({ name: `plain-${index}` })));
  await world.clock.advance(20_000);
  expect(others.most).toBeGreaterThan(16);
});
