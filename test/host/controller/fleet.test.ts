import { describe, expect, test } from 'vitest';
import type { Agent } from '#core/api/agent.ts';
import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { podQuota } from '#host/cluster/memory/admission.ts';
import type { Faults } from '#host/cluster/memory/faults.ts';
import type { Change } from '#host/cluster/memory/object-store.ts';
import { createWorld, type World, type WorldOptions } from '#host/cluster/memory/world.ts';
import { seededRandom } from '#host/virtual-clock.ts';
import { agent, agentTask, NAMESPACE, task, template } from '#test/support/builders.ts';
import { newObject } from '#test/support/new-object.ts';
import { sourceEngine } from '#test/support/source-engine.ts';
import { type VirtualHost, virtualHost } from '#test/support/virtual-host.ts';

/** What happened to the Pods, as the API server saw it. */
interface History {
  /** Names of all Pods that were ever created, in order. */
  readonly created: string[];
  /** Most Pods that were alive at a time. */
  mostAlive: number;
}

function fleet(options: WorldOptions = {}) {
  const world = createWorld(options);
  const history: History = { created: [], mostAlive: 0 };
  const alive = new Set<string>();
  world.server.store.listen('Pod', (change: Change) => {
    const pod = change.object as KubernetesObject as Pod;
    if (change.type === 'ADDED') history.created.push(pod.metadata.name);
    const hasEnded = change.type === 'DELETED' || pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    if (hasEnded) alive.delete(pod.metadata.name);
    else alive.add(pod.metadata.name);
    history.mostAlive = Math.max(history.mostAlive, alive.size);
  });
  world.apply(newObject('AgentTemplate', template()));
  return { world, history };
}

const tasks = (world: World): readonly Task[] => [...world.server.store.values('Task')] as Task[];
const pods = (world: World): readonly Pod[] => [...world.server.store.values('Pod')] as unknown as Pod[];
const phases = (world: World): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const { status } of tasks(world)) counts[status?.phase ?? 'none'] = (counts[status?.phase ?? 'none'] ?? 0) + 1;
  return counts;
};
const host = (world: World, name = 'host', faults?: Faults): VirtualHost =>
  virtualHost({ engine: sourceEngine, world, name, ...(faults === undefined ? {} : { faults }) });
/** A network on which every call takes ten milliseconds and every event five. */
const SLOW: Faults = {
  onCall: () => ({ delayMs: 5, responseDelayMs: 5 }),
  onDelivery: () => ({ type: 'Deliver', delayMs: 5 }),
};
const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `t${String(index).padStart(3, '0')}`);

function applyPlain(world: World, count: number): void {
  for (const name of names(count)) world.apply(newObject('Task', task({ name })));
}

function applyForAgent(world: World, count: number): void {
  for (const name of names(count)) world.apply(newObject('Task', agentTask({ name })));
}

/** No Task is left, no Pod is held, and each Task had one Pod. */
function expectAllEnded(world: World, history: History, count: number): void {
  expect(phases(world)).toEqual({ Completed: count });
  expect([...history.created].sort()).toEqual(names(count).map((name) => `${name}-pod`));
  expect(pods(world).filter(({ metadata }) => (metadata.finalizers ?? []).length > 0)).toEqual([]);
}

describe('a fleet of plain Tasks', () => {
  test('costs five writes, two Events and no GET a Task, and one decision for each thing that happened', async () => {
    const { world, history } = fleet();
    const ours = host(world);
    await ours.start();
    applyPlain(world, 100);
    await world.clock.advance(60_000);
    expectAllEnded(world, history, 100);
    expect(ours.writes).toHaveLength(700);
    expect(ours.count('create', 'Event')).toBe(200);
    expect(ours.reads.filter(({ verb }) => verb === 'get')).toEqual([]);
    // Scheduled, initialised, started: each a change of the Pod, and a look at it.
    expect(ours.decisions.length).toBeLessThanOrEqual(1_000);
    expect(ours.warnings).toEqual([]);
  });
});

describe('a fleet behind one Agent', () => {
  test('never runs more than it may, in the order of creation, and each Task is written as Queued once', async () => {
    const { world, history } = fleet();
    world.apply(newObject('Agent', agent({ maxConcurrentTasks: 3 })));
    const ours = host(world);
    await ours.start();
    for (const name of names(30)) {
      world.apply(newObject('Task', agentTask({ name })));
      await world.clock.advance(10);
    }
    await world.clock.advance(300_000);
    expectAllEnded(world, history, 30);
    expect(history.mostAlive).toBe(3);
    expect(history.created).toEqual(names(30).map((name) => `${name}-pod`));
    expect(ours.writes).toHaveLength(30 * 7 + 27 * 2);
    expect(ours.warnings).toEqual([]);
  });

  test('gets a free place within a tenth of a second', async () => {
    const { world } = fleet();
    world.apply(newObject('Agent', agent({ maxConcurrentTasks: 1 })));
    const ours = host(world, 'host', SLOW);
    await ours.start();
    applyForAgent(world, 2);
    await world.clock.runUntil(() => pods(world).some(({ status }) => status?.phase === 'Succeeded'), world.clock.now() + 60_000);
    const freeMs = world.clock.now();
    await world.clock.runUntil(() => pods(world).length === 2, freeMs + 60_000);
    expect(world.clock.now() - freeMs).toBeLessThanOrEqual(100);
  });

  test('that was full before a restart is full after it', async () => {
    const { world, history } = fleet();
    world.apply(newObject('Agent', agent({ maxConcurrentTasks: 2, podSpec: { labels: { 'sim.kubeopencode.io/run-for': '60s' } } })));
    const first = host(world);
    await first.start();
    applyForAgent(world, 6);
    await world.clock.advance(5_000);
    first.kill();
    const second = host(world, 'second');
    await second.start();
    await world.clock.advance(20_000);
    expect(history.created).toHaveLength(2);
    await world.clock.advance(600_000);
    expectAllEnded(world, history, 6);
    expect(history.mostAlive).toBe(2);
  });

  test('starts again when the Agent is resumed, and follows a limit that is raised or taken away', async () => {
    const { world, history } = fleet();
    world.apply(
      newObject('Agent', agent({ maxConcurrentTasks: 1, suspend: true, podSpec: { labels: { 'sim.kubeopencode.io/run-for': '60s' } } })),
    );
    const ours = host(world);
    await ours.start();
    applyForAgent(world, 8);
    await world.clock.advance(5_000);
    expect(phases(world)).toEqual({ Queued: 8 });
    const change = async (spec: object): Promise<number> => {
      world.server.patch({ kind: 'Agent', namespace: NAMESPACE, name: 'coder' }, { spec }, { patchType: 'merge' });
      await world.clock.advance(1_000);
      return history.created.length;
    };
    expect(await change({ suspend: null })).toBe(1);
    expect(await change({ maxConcurrentTasks: 3 })).toBe(3);
    expect(await change({ maxConcurrentTasks: 1 })).toBe(3);
    expect(await change({ maxConcurrentTasks: null })).toBe(8);
    await world.clock.advance(120_000);
    expectAllEnded(world, history, 8);
  });

  test('keeps a quota of starts in any window, and records each once', async () => {
    const { world, history } = fleet();
    world.apply(newObject('Agent', agent({ quota: { maxTaskStarts: 3, windowSeconds: 60 } })));
    // Slow enough that the next is granted a place before the first has created anything.
    const ours = host(world, 'host', SLOW);
    await ours.start();
    applyForAgent(world, 10);
    const started: number[] = [];
    await world.clock.advance(30_000);
    for (let minute = 0; minute < 6; minute++) {
      started.push(history.created.length);
      await world.clock.advance(60_000);
    }
    expect(started.slice(0, 4)).toEqual([3, 6, 9, 10]);
    expectAllEnded(world, history, 10);
    const recorded = world.server.find({ kind: 'Agent', namespace: NAMESPACE, name: 'coder' }) as Agent;
    expect(recorded.status?.taskStartHistory?.map(({ taskName }) => taskName)).toEqual(['t009']);
    // Three places open at once: the first alone, the two behind it together or one by one.
    expect(ours.count('patch', 'Agent')).toBeLessThanOrEqual(10);
  });

  test('a Pod that a quota of the namespace refuses gives its place back and comes again', async () => {
    const { world, history } = fleet({ admission: [podQuota(1)] });
    world.apply(newObject('Agent', agent({ maxConcurrentTasks: 2 })));
    const ours = host(world);
    await ours.start();
    applyForAgent(world, 4);
    await world.clock.advance(600_000);
    expectAllEnded(world, history, 4);
    expect(history.mostAlive).toBe(1);
    expect(ours.writes.length).toBeLessThan(80);
  });
});

describe('what is not there yet', () => {
  test('a Task before its template starts when that comes', async () => {
    const world = createWorld();
    const ours = host(world);
    await ours.start();
    applyPlain(world, 5);
    await world.clock.advance(10_000);
    expect(pods(world)).toEqual([]);
    world.apply(newObject('AgentTemplate', template()));
    await world.clock.advance(100);
    expect(pods(world)).toHaveLength(5);
  });
});

describe('a host that is killed', () => {
  const writesOfOne = 7;
  test.each(Array.from({ length: writesOfOne }, (_, index) => index + 1))(
    'after write %i of a Task leaves nothing that the next can not finish',
    async (nth) => {
      const { world, history } = fleet();
      let writes = 0;
      const first: VirtualHost = host(world, 'first', {
        onCall: ({ verb }) => {
          if (!['create', 'patch', 'delete'].includes(verb)) return undefined;
          writes += 1;
          // It is done, and nobody hears of it.
          if (writes === nth) return { responseDelayMs: 10_000 };
          return writes > nth ? { refuse: { type: 'Unreachable', message: 'killed' } } : undefined;
        },
      });
      await first.start();
      applyPlain(world, 1);
      await world.clock.runUntil(() => writes >= nth, world.clock.now() + 60_000);
      first.kill();
      await world.clock.advance(1_000);
      const second = host(world, 'second');
      await second.start();
      await world.clock.advance(60_000);
      expectAllEnded(world, history, 1);
      expect(second.warnings.filter((text) => !text.includes('AlreadyExists'))).toEqual([]);
    },
  );

  test('while its successor’s Pod watch lags behind fails no Task', async () => {
    const { world, history } = fleet();
    const first = host(world, 'first');
    await first.start();
    applyPlain(world, 5);
    await world.clock.advance(1_500);
    first.kill();
    const second = host(world, 'second', {
      onCall: ({ verb, kind }) => (verb === 'list' && kind === 'Pod' ? { delayMs: 20_000 } : undefined),
      onDelivery: ({ kind }) => ({ type: 'Deliver', delayMs: kind === 'Pod' ? 10_000 : 0 }),
    });
    await second.start();
    await world.clock.advance(200_000);
    expectAllEnded(world, history, 5);
  });
});

describe('faults on every edge', () => {
  /** Each call may be lost on the way there or back, refused or slow; each watch may lag, repeat, or break. Until they stop. */
  function faultsOf(world: World, seed: number, untilMs: number): Faults {
    const random = seededRandom(seed);
    return {
      onCall: ({ verb }) => {
        if (world.clock.now() > untilMs) return undefined;
        const chance = random();
        const isWrite = verb === 'create' || verb === 'patch' || verb === 'delete';
        if (chance < 0.08) return { refuse: { type: 'Unreachable', message: 'reset' } };
        if (chance < 0.16 && isWrite) return { lose: { type: 'Unreachable', message: 'reset' } };
        if (chance < 0.2)
          return { refuse: { type: 'Refused', code: 429, reason: 'TooManyRequests', message: 'slow down', retryAfterMs: 1_000 } };
        if (chance < 0.24) return { refuse: { type: 'Refused', code: 500, reason: 'InternalError', message: 'etcd' } };
        return { delayMs: Math.floor(random() * 200), responseDelayMs: Math.floor(random() * 200) };
      },
      onDelivery: () => {
        if (world.clock.now() > untilMs) return undefined;
        const chance = random();
        if (chance < 0.02) return { type: 'Close' };
        if (chance < 0.03) return { type: 'Fail', error: { type: 'Refused', code: 410, reason: 'Expired', message: 'too old' } };
        return { type: 'Deliver', delayMs: Math.floor(random() * 3_000), copies: chance < 0.2 ? 2 : 1 };
      },
    };
  }

  test.each(Array.from({ length: 12 }, (_, index) => index + 1))(
    'seed %i: every Task ends as its Pod did, with one Pod, within the limit',
    async (seed) => {
      const { world, history } = fleet({ seed });
      world.apply(newObject('Agent', agent({ maxConcurrentTasks: 2 })));
      const ours = host(world, 'host', faultsOf(world, seed, world.clock.now() + 120_000));
      await ours.start();
      applyForAgent(world, 8);
      await world.clock.advance(900_000);
      expectAllEnded(world, history, 8);
      expect(history.mostAlive).toBeLessThanOrEqual(2);
      expect(ours.controller.counts()).toMatchObject({ depth: 0, active: 0, lines: [] });
      expect(ours.writes.length).toBeLessThan(8 * 40);
    },
  );
});
