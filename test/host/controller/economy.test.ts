import { describe, expect, test } from 'vitest';
import type { Task } from '#core/api/task.ts';
import type { Faults } from '#host/cluster/memory/faults.ts';
import { createWorld } from '#host/cluster/memory/world.ts';
import { NAMESPACE, task, template } from '#test/support/builders.ts';
import { newObject } from '#test/support/new-object.ts';
import { decided, scriptedEngine } from '#test/support/scripted-engine.ts';
import { sourceEngine } from '#test/support/source-engine.ts';
import { type VirtualHost, virtualHost } from '#test/support/virtual-host.ts';

/** Answers come before the watch shows what they did, as they do more often than not. */
const LATE_WATCH: Faults = { onDelivery: () => ({ type: 'Deliver', delayMs: 50 }) };

const written = (host: VirtualHost): readonly string[] =>
  host.writes.map(({ verb, kind, subresource }) => [verb, kind, subresource].filter(Boolean).join(' '));

describe('a stop that deletes the Pod', () => {
  test('lets the Pod go with one patch: its answer bears the old version, and the Pod is gone', async () => {
    const world = createWorld();
    world.apply(newObject('AgentTemplate', template({ podSpec: { labels: { 'sim.kubeopencode.io/outcome': 'never' } } })));
    const host = virtualHost({ engine: sourceEngine, world, faults: LATE_WATCH });
    await host.start();
    world.apply(newObject('Task', task({ name: 'a' })));
    await world.clock.advance(10_000);
    const before = host.writes.length;
    const stop = { metadata: { annotations: { 'kubeopencode.io/stop': 'true' } } };
    world.server.patch({ kind: 'Task', namespace: NAMESPACE, name: 'a' }, stop, { patchType: 'merge' });
    await world.clock.advance(60_000);
    expect(host.get<Task>('Task', NAMESPACE, 'a')?.status?.phase).toBe('Completed');
    expect(written(host).slice(before)).toEqual([
      'patch Task status',
      // The containers are ended by a deadline, since the logs of a Pod that is deleted go with them.
      'patch Pod',
      'create ConfigMap',
      'patch Task status',
      'create Event',
      'delete Pod',
      'patch Pod',
    ]);
    // The look at the Pod before the intent is written down, and whose log it is.
    expect(host.reads.filter(({ verb }) => verb === 'get')).toMatchObject([{ kind: 'Pod' }, { kind: 'Pod' }]);
    expect(host.warnings).toEqual([]);
  });
});

describe('settings', () => {
  test('that amount to the same as before have nothing decided again', async () => {
    const engine = scriptedEngine(() => decided());
    const host = virtualHost({ engine });
    host.put(newObject('KubeOpenCodeConfig', { metadata: { name: 'cluster' }, spec: { clusterDomain: 'example.org' } } as never));
    for (const name of ['a', 'b']) host.put(newObject('Task', task({ name })));
    await host.start();
    expect(engine.snapshots).toHaveLength(2);
    const address = { kind: 'KubeOpenCodeConfig', namespace: '', name: 'cluster' } as const;
    host.server.patch(address, { metadata: { labels: { owner: 'somebody' } } }, { patchType: 'merge' });
    // A CRD of before let it in.
    host.server.load(newObject('KubeOpenCodeConfig', { metadata: { name: 'another' }, spec: { clusterDomain: 'example.com' } } as never));
    await host.clock.advance(1_000);
    expect(engine.snapshots).toHaveLength(2);
  });
});

describe('a Task that is deleted after its end', () => {
  test('costs no call and no decision: its Pod was let go already', async () => {
    const world = createWorld();
    world.apply(newObject('AgentTemplate', template()));
    const host = virtualHost({ engine: sourceEngine, world });
    await host.start();
    world.apply(newObject('Task', task({ name: 'a' })));
    await world.clock.advance(30_000);
    const before = [host.reads.length, host.writes.length, host.decisions.length];
    world.server.delete({ kind: 'Task', namespace: NAMESPACE, name: 'a' }, {});
    await world.clock.advance(30_000);
    expect(host.get('Pod', NAMESPACE, 'a-pod')).toBeUndefined();
    expect([host.reads.length, host.writes.length, host.decisions.length]).toEqual(before);
  });
});

describe('several hosts on one cluster', () => {
  test("another host's Tasks cost this one no calls while their Pods come, run and end", async () => {
    const world = createWorld();
    world.apply(newObject('AgentTemplate', template()));
    const ours = virtualHost({
      engine: sourceEngine,
      world,
      name: 'ours',
      caches: { taskSelector: 'team=ours' },
      controller: { taskSelector: 'team=ours' },
    });
    const theirs = virtualHost({
      engine: sourceEngine,
      world,
      name: 'theirs',
      caches: { taskSelector: 'team=theirs' },
      controller: { taskSelector: 'team=theirs' },
    });
    await ours.start();
    await theirs.start();
    const calls = ours.reads.length;
    for (const name of ['a', 'b', 'c']) world.apply(newObject('Task', task({ name, metadata: { labels: { team: 'theirs' } } })));
    await world.clock.advance(60_000);
    expect(theirs.get<Task>('Task', NAMESPACE, 'c')?.status?.phase).toBe('Completed');
    expect(ours.writes).toEqual([]);
    expect(ours.reads.slice(calls).filter(({ verb, kind }) => verb !== 'list' || kind === 'Task')).toEqual([]);
    const next = virtualHost({
      engine: sourceEngine,
      world,
      name: 'next',
      caches: { taskSelector: 'team=ours' },
      controller: { taskSelector: 'team=ours' },
    });
    await next.start();
    expect(next.reads.filter(({ verb }) => verb === 'get')).toEqual([]);
  });
});

describe('the event loop', () => {
  test('turns between decisions: leases, probes and watches do not wait for a long queue', async () => {
    const clock = { passedMs: 0 };
    const engine = scriptedEngine(() => {
      clock.passedMs += 5;
      return decided();
    });
    const host = virtualHost({ engine, monotonicAheadMs: () => clock.passedMs });
    for (let index = 0; index < 200; index++) host.put(newObject('Task', task({ name: `t${index}` })));
    await host.clock.advance(100);
    const atTurns: number[] = [];
    const look = (): void => {
      atTurns.push(engine.snapshots.length);
      if (engine.snapshots.length < 200) host.clock.after(0, look);
    };
    void host.controller.start(host.leading.signal);
    await host.clock.runUntil(() => engine.snapshots.length > 0, host.clock.now() + 5_000);
    host.clock.after(0, look);
    await host.clock.advance(0);
    expect(engine.snapshots).toHaveLength(200);
    const steps = atTurns.map((count, index) => count - (atTurns[index - 1] ?? 0));
    expect(Math.max(...steps)).toBeLessThanOrEqual(10);
  });
});

describe('ends before starts', () => {
  test('also for one whose first try failed', async () => {
    const world = createWorld();
    world.apply(newObject('AgentTemplate', template({ podSpec: { labels: { 'sim.kubeopencode.io/outcome': 'never' } } })));
    let refusals = 0;
    const host = virtualHost({
      engine: sourceEngine,
      world,
      controller: { maxConcurrentReconciles: 1 },
      faults: {
        onCall: ({ verb, kind, name }) => {
          if (!['create', 'patch'].includes(verb)) return undefined;
          const isEnd = kind === 'Task' && name === 'first' && host.get<Task>('Task', NAMESPACE, 'first')?.status?.phase === 'Running';
          if (!isEnd || refusals > 0) return { delayMs: 20 };
          refusals += 1;
          return { refuse: { type: 'Refused', code: 409, reason: 'Conflict', message: 'somebody was faster' } };
        },
      },
    });
    await host.start();
    world.apply(newObject('Task', task({ name: 'first' })));
    await world.clock.advance(10_000);
    host.podStatus(NAMESPACE, 'first-pod', { phase: 'Failed', reason: 'Evicted' });
    for (let index = 0; index < 30; index++) world.apply(newObject('Task', task({ name: `n${index}` })));
    await world.clock.runUntil(() => host.get<Task>('Task', NAMESPACE, 'first')?.status?.phase === 'Failed', world.clock.now() + 60_000);
    expect(refusals).toBe(1);
    expect(host.count('create', 'Pod')).toBeLessThanOrEqual(3);
  });
});

describe('an API server that can not answer', () => {
  test('is asked again no sooner than it says, and soon once it is back', async () => {
    const world = createWorld();
    world.apply(newObject('AgentTemplate', template()));
    let isAway = false;
    let isRefusing = false;
    const asked: number[] = [];
    const startedMs = world.clock.now();
    const host = virtualHost({
      engine: sourceEngine,
      world,
      faults: {
        onCall: ({ verb, kind }) => {
          if (isAway && verb === 'patch' && kind === 'Task') {
            isRefusing = true;
            return { lose: { type: 'Unreachable', message: 'reset' } };
          }
          if (!isRefusing || !isAway || verb !== 'get') return undefined;
          // Before that the Pod's own events ask, too.
          if (world.clock.now() - startedMs > 60_000) asked.push(world.clock.now());
          return { refuse: { type: 'Refused', code: 429, reason: 'TooManyRequests', message: 'slow down', retryAfterMs: 7_000 } };
        },
      },
    });
    await host.start();
    isAway = true;
    world.apply(newObject('Task', task({ name: 'a' })));
    await world.clock.advance(3_600_000);
    const gaps = asked.slice(1).map((atMs, index) => atMs - (asked[index] ?? 0));
    expect(gaps.length).toBeGreaterThan(10);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(7_000);
    isAway = false;
    await world.clock.advance(31_000);
    expect(host.get<Task>('Task', NAMESPACE, 'a')?.status?.phase).toBe('Completed');
  });
});
