import { describe, expect, test } from 'vitest';
import type { Cleanup } from '#core/api/cleanup.ts';
import type { Task } from '#core/api/task.ts';
import type { Action } from '#core/contract/decision.ts';
import type { Snapshot } from '#core/contract/snapshot.ts';
import { delegated } from '#host/cluster/delegated.ts';
import { createWorld } from '#host/cluster/memory/world.ts';
import type { ControllerOptions } from '#host/controller/controller.ts';
import type { ControllerMetrics } from '#host/controller/hooks.ts';
import { agent, agentTask, exited, NAMESPACE, task } from '#test/support/builders.ts';
import { newObject } from '#test/support/new-object.ts';
import { decided, scriptedEngine } from '#test/support/scripted-engine.ts';
import { sourceEngine } from '#test/support/source-engine.ts';
import { type VirtualHost, virtualHost } from '#test/support/virtual-host.ts';

const newTask = (name: string, more: Parameters<typeof task>[0] = {}) => newObject('Task', task({ name, ...more }));

/** A Task that has ended, as somebody's controller left it. */
function finishedTask(host: VirtualHost, name: string, completionTime: string): void {
  host.put(newTask(name));
  setStatus(host, name, { phase: 'Completed', completionTime });
}

function setStatus(host: VirtualHost, name: string, status: Task['status']): void {
  host.server.patch({ kind: 'Task', namespace: NAMESPACE, name }, { status }, { patchType: 'merge', subresource: 'status' });
}

const label = ({ subject }: Snapshot, value: string): Action => ({
  type: 'Patch',
  id: `label/${value}`,
  ref: { kind: 'Task', namespace: subject.namespace, name: subject.name },
  uid: subject.uid,
  patchType: 'merge',
  patch: { metadata: { labels: { seen: value } } },
});

describe('start', () => {
  test('waits until the caches hold everything that had happened', async () => {
    const engine = scriptedEngine(() => decided());
    const host = virtualHost({
      engine,
      faults: { onDelivery: ({ kind }) => ({ type: 'Deliver', delayMs: kind === 'Task' ? 60_000 : 0 }) },
    });
    await host.clock.advance(1_000);
    // The watch will bring this one in a minute only; it is there, though.
    host.put(newTask('t'));
    let result: string | undefined;
    void host.controller.start(host.leading.signal).then((how) => {
      result = how;
    });
    await host.clock.idle();
    expect(result).toBeUndefined();
    await host.clock.advance(3_000);
    expect(result).toBe('Started');
    expect(engine.snapshots.map(({ subject }) => subject.name)).toEqual(['t']);
  });

  test('decides what has not ended before what has', async () => {
    const engine = scriptedEngine(() => decided());
    const host = virtualHost({ engine });
    for (const name of ['a', 'b']) finishedTask(host, name, '2026-01-01T00:00:00Z');
    for (const name of ['c', 'd']) host.put(newTask(name));
    await host.clock.advance(100);
    await host.start();
    expect(engine.snapshots.map(({ subject }) => subject.name)).toEqual(['c', 'd', 'a', 'b']);
  });

  test('gives out no place before every Task was decided once', async () => {
    const engine = scriptedEngine(({ subject, granted }) => {
      if (subject.name === 'holder') return decided({ queue: { state: 'Holds', key: 'k' } });
      return decided({
        queue: granted === true ? { state: 'Holds', key: 'k' } : { state: 'Wants', key: 'k', order: subject.name, slots: 1 },
      });
    });
    const host = virtualHost({ engine, controller: { maxConcurrentReconciles: 1 } });
    for (const name of ['a', 'b', 'holder']) host.put(newTask(name));
    await host.start();
    expect(engine.snapshots.map(({ granted }) => granted)).not.toContain(true);
    expect(host.controller.counts().lines).toEqual([{ key: 'k', waiting: 2, taken: 1, slots: 1 }]);
  });

  test('can be ended before it is done', async () => {
    const host = virtualHost({ engine: scriptedEngine(() => decided()), faults: { onCall: () => ({ delayMs: 10_000 }) } });
    const started = host.controller.start(host.leading.signal);
    host.leading.abort(new Error('lost the lease'));
    await host.clock.idle();
    await expect(started).resolves.toBe('Stopped');
    await host.controller.stop();
  });

  test('is called once at a time, and again after a stop', async () => {
    const engine = scriptedEngine(() => decided());
    const host = virtualHost({ engine });
    host.put(newTask('t'));
    await host.start();
    expect(() => host.controller.start(host.leading.signal)).toThrow('call stop() first');
    await host.controller.stop();
    await host.start();
    expect(engine.snapshots).toHaveLength(2);
  });
});

describe('stop', () => {
  test('makes no new decision, and waits for the work in hand', async () => {
    const engine = scriptedEngine((snapshot) => decided({ actions: [label(snapshot, 'a'), label(snapshot, 'b')] }));
    const host = virtualHost({ engine, faults: { onCall: ({ verb }) => (verb === 'patch' ? { delayMs: 2_000 } : undefined) } });
    await host.start();
    host.put(newTask('t'));
    await host.clock.advance(1_000);
    let isStopped = false;
    const stopped = host.controller.stop().then(() => {
      isStopped = true;
    });
    host.put(newTask('too-late'));
    await host.clock.advance(1_500);
    expect(isStopped).toBe(false);
    await host.clock.advance(3_000);
    await stopped;
    expect(host.writes).toHaveLength(2);
    expect(engine.snapshots).toHaveLength(1);
    expect(host.controller.counts()).toMatchObject({ active: 0, depth: 0 });
  });

  test('a leader that has lost the lead ends its requests at once', async () => {
    const engine = scriptedEngine((snapshot) => decided({ actions: [label(snapshot, 'a')] }));
    const host = virtualHost({ engine, faults: { onCall: ({ verb }) => (verb === 'patch' ? { delayMs: 60_000 } : undefined) } });
    await host.start();
    host.put(newTask('t'));
    await host.clock.advance(100);
    host.leading.abort(new Error('lost the lease'));
    await host.clock.advance(100);
    expect(host.controller.counts().active).toBe(0);
    host.put(newTask('later'));
    await host.clock.advance(120_000);
    expect(host.get<Task>('Task', NAMESPACE, 't')?.metadata.labels).toBeUndefined();
    expect(engine.snapshots).toHaveLength(1);
  });
});

describe('settings', () => {
  test('come from the one KubeOpenCodeConfig and the flags; a change has everything decided again', async () => {
    const engine = scriptedEngine(() => decided());
    const host = virtualHost({ engine });
    for (const name of ['a', 'b']) host.put(newTask(name));
    await host.start();
    expect(engine.snapshots.map(({ settings }) => settings.config)).toEqual([{}, {}]);
    host.put(newObject('KubeOpenCodeConfig', { metadata: { name: 'cluster' }, spec: { clusterDomain: 'example.org' } } as never));
    await host.clock.advance(100);
    expect(engine.snapshots.slice(2).map(({ settings }) => settings)).toEqual([
      { config: { clusterDomain: 'example.org' }, referenceGraceSeconds: 60, unreachableAfterSeconds: 300 },
      { config: { clusterDomain: 'example.org' }, referenceGraceSeconds: 60, unreachableAfterSeconds: 300 },
    ]);
  });

  test('that may not be read are empty, and are tried again seldom', async () => {
    let isAllowed = false;
    const engine = scriptedEngine(() => decided());
    const host = virtualHost({
      engine,
      faults: {
        onCall: ({ kind }) =>
          kind === 'KubeOpenCodeConfig' && !isAllowed
            ? { refuse: { type: 'Refused', code: 403, reason: 'Forbidden', message: 'no' } }
            : undefined,
      },
    });
    host.put(newObject('KubeOpenCodeConfig', { metadata: { name: 'cluster' }, spec: { clusterDomain: 'example.org' } } as never));
    host.put(newTask('a'));
    await host.start();
    expect(engine.snapshots.map(({ settings }) => settings.config)).toEqual([{}]);
    await host.clock.advance(300_000);
    expect(host.reads.filter(({ kind }) => kind === 'KubeOpenCodeConfig')).toHaveLength(1);
    isAllowed = true;
    await host.clock.advance(600_000);
    expect(engine.snapshots.at(-1)?.settings.config).toEqual({ clusterDomain: 'example.org' });
  });

  test('whose definition is not installed yet count soon after it is', async () => {
    let isInstalled = false;
    const engine = scriptedEngine(() => decided());
    const host = virtualHost({
      engine,
      faults: {
        onCall: ({ kind }) =>
          kind === 'KubeOpenCodeConfig' && !isInstalled
            ? { refuse: { type: 'Refused', code: 404, reason: '', message: '404 page not found' } }
            : undefined,
      },
    });
    host.put(newObject('KubeOpenCodeConfig', { metadata: { name: 'cluster' }, spec: { clusterDomain: 'example.org' } } as never));
    host.put(newTask('a'));
    await host.start();
    expect(engine.snapshots.map(({ settings }) => settings.config)).toEqual([{}]);
    isInstalled = true;
    await host.clock.advance(35_000);
    expect(engine.snapshots.at(-1)?.settings.config).toEqual({ clusterDomain: 'example.org' });
  });
});

describe('retention', () => {
  const cleanUp = (cleanup: Cleanup) => newObject('KubeOpenCodeConfig', { metadata: { name: 'cluster' }, spec: { cleanup } } as never);
  const config = (maxRetainedTasks: number) => cleanUp({ maxRetainedTasks });

  test('tells each finished Task how many ended after it, and decides only the one that is too many', async () => {
    const engine = scriptedEngine(() => decided());
    const host = virtualHost({ engine });
    host.put(config(2));
    finishedTask(host, 'a', '2026-01-01T00:00:01Z');
    finishedTask(host, 'b', '2026-01-01T00:00:02Z');
    host.put(newTask('c'));
    await host.clock.advance(100);
    await host.start();
    const ranks = (): readonly string[] => engine.snapshots.map(({ subject, finishedRank }) => `${subject.name} ${finishedRank}`);
    expect(ranks()).toEqual(['c undefined', 'a 1', 'b 0']);
    setStatus(host, 'c', { phase: 'Completed', completionTime: '2026-01-01T00:00:03Z' });
    await host.clock.advance(100);
    expect(ranks().slice(3).sort()).toEqual(['a 2', 'c 0']);
  });

  test('of an outcome tells each how many of its own ended after it, and decides only the one that is too many of them', async () => {
    const engine = scriptedEngine(() => decided());
    const host = virtualHost({ engine });
    host.put(cleanUp({ maxRetainedFailedTasks: 1, maxRetainedStoppedTasks: 0 }));
    finishedTask(host, 'a', '2026-01-01T00:00:01Z');
    for (const name of ['f1', 'f2', 's']) host.put(newTask(name));
    setStatus(host, 'f1', { phase: 'Failed', completionTime: '2026-01-01T00:00:02Z' });
    await host.clock.advance(100);
    await host.start();
    const ranks = (): readonly string[] =>
      engine.snapshots.map((snapshot) => `${snapshot.subject.name} ${snapshot.finishedRank} ${snapshot.finishedRankOfOutcome}`);
    expect([...ranks()].sort()).toEqual(['a undefined 0', 'f1 undefined 0', 'f2 undefined undefined', 's undefined undefined']);
    setStatus(host, 'f2', { phase: 'Failed', completionTime: '2026-01-01T00:00:03Z' });
    await host.clock.advance(100);
    expect(ranks().slice(4).sort()).toEqual(['f1 undefined 1', 'f2 undefined 0']);
    setStatus(host, 's', { phase: 'Completed', cause: 'Stopped', completionTime: '2026-01-01T00:00:04Z' });
    await host.clock.advance(100);
    expect(ranks().slice(6)).toEqual(['s undefined 0']);
  });

  test('costs nothing where it is not asked for', async () => {
    const engine = scriptedEngine(() => decided());
    const host = virtualHost({ engine });
    finishedTask(host, 'a', '2026-01-01T00:00:01Z');
    await host.start();
    expect(engine.snapshots.map(({ finishedRank, finishedRankOfOutcome }) => [finishedRank, finishedRankOfOutcome])).toEqual([
      [undefined, undefined],
    ]);
  });
});

describe('order of work', () => {
  test('ends go before starts', async () => {
    const engine = scriptedEngine((snapshot) => decided({ actions: snapshot.subject.name === 'busy' ? [label(snapshot, 'a')] : [] }));
    const host = virtualHost({
      engine,
      controller: { maxConcurrentReconciles: 1 },
      faults: { onCall: ({ verb }) => (verb === 'patch' ? { delayMs: 1_000 } : undefined) },
    });
    host.put(newTask('old'));
    await host.start();
    for (const name of ['busy', 'n1', 'n2']) host.put(newTask(name));
    host.server.patch(
      { kind: 'Task', namespace: NAMESPACE, name: 'old' },
      { metadata: { annotations: { 'kubeopencode.io/stop': 'true' } } },
      { patchType: 'merge' },
    );
    await host.clock.advance(1_100);
    expect(engine.snapshots.map(({ subject }) => subject.name).slice(0, 5)).toEqual(['old', 'busy', 'old', 'n1', 'n2']);
  });

  test('no more are worked on at a time than allowed, and one Task never twice', async () => {
    let running = 0;
    let most = 0;
    const inHand = new Set<string>();
    const engine = scriptedEngine((snapshot) =>
      decided({ actions: snapshot.outcomes.length < 2 ? [label(snapshot, String(snapshot.outcomes.length))] : [] }),
    );
    const host = virtualHost({
      engine,
      controller: { maxConcurrentReconciles: 3 },
      wrap: (cluster) => ({
        ...delegated(cluster),
        patch: async (address, ...rest) => {
          expect(inHand.has(address.name)).toBe(false);
          inHand.add(address.name);
          running += 1;
          most = Math.max(most, running);
          const result = await cluster.patch(address, ...rest);
          running -= 1;
          inHand.delete(address.name);
          return result;
        },
      }),
      faults: { onCall: ({ verb }) => (verb === 'patch' ? { delayMs: 50 } : undefined) },
    });
    await host.start();
    for (let index = 0; index < 20; index++) host.put(newTask(`t${index}`));
    await host.clock.advance(10_000);
    expect(most).toBe(3);
    expect(host.count('patch', 'Task')).toBeGreaterThanOrEqual(20);
  });
});

describe('what is counted', () => {
  test('every way that work can end, waits, failures and the time of a Task', async () => {
    const counted: string[] = [];
    const metrics: ControllerMetrics = {
      reconciled: (result) => counted.push(result),
      queueAdded: () => {},
      queueRetried: () => counted.push('retried'),
      queueWaited: () => {},
      maxConcurrentReconciles: (count) => counted.push(`workers ${count}`),
      panicked: () => counted.push('panicked'),
      taskStarted: () => {},
      attemptEnded: () => {},
      taskFinished: ({ namespace, agent }, seconds) => counted.push(`finished ${namespace} ${agent} ${seconds}`),
    };
    let turn = 0;
    const engine = scriptedEngine(() => {
      turn += 1;
      if (turn === 1) return { type: 'EngineError', cause: 'Trap', message: 'x', log: '' };
      return decided(turn === 2 ? { wakeAt: '2026-01-01T01:00:00.000Z' } : {});
    });
    const host = virtualHost({ engine, controller: { metrics } });
    host.put(newTask('t'));
    await host.start();
    await host.clock.advance(3_600_000);
    expect(counted[0]).toBe('workers 32');
    for (const kind of ['error', 'retried', 'requeue_after', 'success']) expect(counted).toContain(kind);
    setStatus(host, 't', { phase: 'Completed', startTime: '2026-01-01T00:00:10Z', completionTime: '2026-01-01T00:01:00Z' });
    await host.clock.advance(1_000);
    expect(counted).toContain(`finished ${NAMESPACE}  50`);
  });
});

test('a Task on which the host’s own work throws keeps no other from its place', async () => {
  const world = createWorld();
  const around: NonNullable<ControllerOptions['around']> = (subject, _, work) =>
    subject.name === 'bad' ? Promise.reject(new Error('a bug')) : work();
  const host = virtualHost({ engine: sourceEngine, world, controller: { around } });
  world.apply(newObject('Agent', agent({ maxConcurrentTasks: 1 })));
  for (const name of ['bad', 'good']) world.apply(newObject('Task', agentTask({ name })));
  await host.start();
  await world.clock.advance(60_000);
  expect(host.get<Task>('Task', NAMESPACE, 'good')?.status?.phase).toBe('Completed');
});

test('who is granted a place starts before those who come: it stands empty until then', async () => {
  const host = virtualHost({
    engine: sourceEngine,
    controller: { maxConcurrentReconciles: 1 },
    faults: { onCall: ({ verb }) => ({ delayMs: verb === 'patch' || verb === 'create' ? 10 : 0 }) },
  });
  host.put(newObject('Agent', agent({ maxConcurrentTasks: 1 })));
  for (const name of ['first', 'second']) host.put(newObject('Task', agentTask({ name })));
  await host.start();
  await host.clock.advance(5_000);
  for (let index = 0; index < 20; index++) host.put(newObject('Task', agentTask({ name: `new-${index}` })));
  // Each of them has something to write, which takes its time: that it waits.
  await host.clock.advance(15);
  const writesBefore = host.writes.length;
  host.podStatus(NAMESPACE, 'first-pod', { phase: 'Succeeded', containerStatuses: [{ name: 'agent', state: exited(0) }] });
  await host.clock.advance(5_000);
  const written = host.writes.slice(writesBefore);
  const started = written.findIndex(({ verb, kind, name }) => verb === 'create' && kind === 'Pod' && name === 'second-pod');
  const ofNew = written.slice(0, started).filter(({ kind, name }) => kind === 'Task' && name.startsWith('new-'));
  expect(started).toBeGreaterThan(0);
  expect(ofNew.length).toBeLessThanOrEqual(2);
});
