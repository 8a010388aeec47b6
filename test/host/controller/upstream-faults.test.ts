import { describe, expect, test } from 'vitest';
import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { createWorld, type World } from '#host/cluster/memory/world.ts';
import { createMetrics } from '#host/observe/metrics.ts';
import { causeSamples, taskSamples } from '#host/observe/samples.ts';
import { agent, agentTask, NAMESPACE, task, template } from '#test/support/builders.ts';
import { newObject } from '#test/support/new-object.ts';
import { sourceEngine } from '#test/support/source-engine.ts';
import { virtualHost } from '#test/support/virtual-host.ts';

/** Faults of upstream's controller that show only when a host runs, by their numbers in the comparison with it; the others are in `test/core/upstream-faults.test.ts`. */
function started(options: Parameters<typeof virtualHost>[0] & { readonly world: World }) {
  options.world.apply(newObject('AgentTemplate', template()));
  return virtualHost(options);
}

const statusOf = (world: World, name: string): Task['status'] =>
  (world.server.find({ kind: 'Task', namespace: NAMESPACE, name }) as Task | undefined)?.status;
const patch = (world: World, name: string, change: object): void => {
  world.server.patch({ kind: 'Task', namespace: NAMESPACE, name }, change, { patchType: 'merge' });
};
const STOP = { metadata: { annotations: { 'kubeopencode.io/stop': 'true' } } };

describe('4: a Task that is deleted and made again adopts the Pod and the files of the one before, and hangs', () => {
  test('it waits until that Pod has gone, and has its own', async () => {
    const world = createWorld();
    const host = started({ engine: sourceEngine, world });
    await host.start();
    world.apply(newObject('Task', task({ name: 'again', spec: { description: 'the first' } })));
    await world.clock.advance(1_000);
    const podAddress = { kind: 'Pod', namespace: NAMESPACE, name: 'again-pod' } as const;
    world.server.patch(podAddress, { metadata: { finalizers: ['example.com/slow'] } }, { patchType: 'merge' });
    const first = world.server.find(podAddress)?.metadata.uid;
    world.server.delete({ kind: 'Task', namespace: NAMESPACE, name: 'again' }, {});
    await world.clock.advance(100);
    world.apply(newObject('Task', task({ name: 'again', spec: { description: 'the second' } })));
    await world.clock.advance(5_000);
    expect(statusOf(world, 'again')).toMatchObject({ phase: 'Pending', conditions: [{ type: 'Ready', reason: 'NameConflict' }] });
    world.server.patch(podAddress, { metadata: { finalizers: null } }, { patchType: 'merge' });
    await world.clock.advance(180_000);
    expect(statusOf(world, 'again')).toMatchObject({ phase: 'Completed' });
    const second = world.server.find(podAddress) as Pod | undefined;
    expect(second?.metadata.uid).not.toBe(first);
    const texts = [...world.server.store.values('ConfigMap')].map((map) =>
      JSON.stringify((map as KubernetesObject & { data?: unknown }).data),
    );
    expect(texts).toContainEqual(expect.stringContaining('the second'));
  });
});

describe('11: a Task that comes later can take the place that another waits for', () => {
  test('places go in the order of creation, also to those that come while one is free', async () => {
    const world = createWorld();
    world.apply(newObject('Agent', agent({ maxConcurrentTasks: 1 })));
    const host = started({ engine: sourceEngine, world });
    await host.start();
    for (let index = 0; index < 6; index++) {
      world.apply(newObject('Task', agentTask({ name: `t${index}` })));
      await world.clock.advance(700);
    }
    await world.clock.advance(120_000);
    const pods = host.acts.flatMap(({ action }) =>
      action.type === 'Create' && action.object.kind === 'Pod' ? [action.object.metadata.name] : [],
    );
    expect(pods).toEqual(['t0-pod', 't1-pod', 't2-pod', 't3-pod', 't4-pod', 't5-pod']);
    const queued = host.acts.flatMap(({ subject, action }) =>
      action.type === 'Event' && action.reason === 'Queued' ? [subject.name] : [],
    );
    expect(queued).toEqual([...new Set(queued)]);
  });
});

describe('15: one Task with a duration that can not be read stops all Tasks of the cluster', () => {
  test('it says so itself, and the others run', async () => {
    const world = createWorld();
    const host = started({ engine: sourceEngine, world });
    const bent = task({ name: 'bent', spec: { timeout: 'soon' } });
    // As a CRD of before let it in.
    world.server.load({ ...bent, kind: 'Task', metadata: { ...bent.metadata, uid: 'uid-bent' } });
    await host.start();
    for (const name of ['a', 'b']) world.apply(newObject('Task', task({ name })));
    await world.clock.advance(60_000);
    expect([statusOf(world, 'a')?.phase, statusOf(world, 'b')?.phase]).toEqual(['Completed', 'Completed']);
    expect(statusOf(world, 'bent')).toMatchObject({
      phase: 'Pending',
      conditions: [{ type: 'Ready', status: 'False', reason: 'InvalidSpec', message: expect.stringContaining('30m') }],
    });
    expect(host.warnings).toEqual([]);
  });
});

describe('19: Tasks are not counted, those that were stopped or never started have no duration, and gauges tell of what is gone', () => {
  test('each end is counted by how and why, with its duration; what is gone is gone from the gauges', async () => {
    const world = createWorld();
    world.apply(newObject('Agent', agent()));
    const metrics = createMetrics({ leaseName: 'lease', version: '1', coreDigest: 'c', process: false });
    const host = started({ engine: sourceEngine, world, controller: { metrics } });
    metrics.observe({
      tasks: () => taskSamples(host.caches.store.list('Task'), [NAMESPACE]),
      causes: () => causeSamples(host.caches.store.list('Task')),
    });
    await host.start();
    world.apply(newObject('AgentTemplate', template({ podSpec: { labels: { 'sim.kubeopencode.io/outcome': 'never' } } })));
    world.apply(newObject('Task', agentTask({ name: 'fine' })));
    world.apply(newObject('Task', task({ name: 'stopped' })));
    world.apply(newObject('Task', task({ name: 'late', spec: { timeout: '20s' } })));
    world.apply(newObject('Task', task({ name: 'missing', spec: { templateRef: { name: 'nobody' } } })));
    await world.clock.advance(10_000);
    patch(world, 'stopped', STOP);
    await world.clock.advance(170_000);
    const lines = (await metrics.scrape()).text.split('\n');
    for (const line of [
      'kubeopencode_task_ends_total{namespace="team-a",agent="coder",outcome="Completed",cause=""} 1',
      'kubeopencode_task_ends_total{namespace="team-a",agent="",outcome="Stopped",cause="Stopped"} 1',
      'kubeopencode_task_ends_total{namespace="team-a",agent="",outcome="Stopped",cause="Timeout"} 1',
      'kubeopencode_task_ends_total{namespace="team-a",agent="",outcome="Failed",cause="Agent"} 1',
      'kubeopencode_task_duration_seconds_count{namespace="team-a",agent="coder"} 1',
      'kubeopencode_task_duration_seconds_count{namespace="team-a",agent=""} 3',
      'kubeopencode_tasks{namespace="team-a",phase="Completed"} 3',
      'kubeopencode_tasks{namespace="team-a",phase="Failed"} 1',
      'kubeopencode_task_causes{namespace="team-a",phase="Failed",cause="Agent"} 1',
      'kubeopencode_task_causes{namespace="team-a",phase="Completed",cause="Timeout"} 1',
    ])
      expect(lines).toContain(line);
    for (const name of ['fine', 'stopped', 'late', 'missing']) world.server.delete({ kind: 'Task', namespace: NAMESPACE, name }, {});
    await world.clock.advance(60_000);
    const { text } = await metrics.scrape();
    expect(text).toContain('kubeopencode_tasks{namespace="team-a",phase="Completed"} 0');
    expect(text).not.toContain('kubeopencode_task_causes{');
    expect(text).toContain('kubeopencode_task_ends_total{namespace="team-a",agent="",outcome="Stopped",cause="Timeout"} 1');
  });
});

describe('21: the summary of a session is asked for once, and lost when the Agent’s server does not answer just then', () => {
  test('it is asked for again; nothing waits for it', async () => {
    const world = createWorld();
    world.apply(newObject('Agent', agent({ execution: 'Attach' })));
    const address = { kind: 'Agent', namespace: NAMESPACE, name: 'coder' } as const;
    world.server.patch(address, { status: { ready: true } }, { patchType: 'merge', subresource: 'status' });
    let asked = 0;
    const summary = async () => {
      asked += 1;
      return asked === 1
        ? ({ ok: false, error: { type: 'Unreachable', message: 'the agent is being updated' } } as const)
        : ({ ok: true, value: { id: 'ses_1' } } as const);
    };
    const host = started({ engine: sourceEngine, world, sessions: { summary, abort: async () => ({ ok: true, value: null }) } });
    await host.start();
    world.apply(newObject('Task', agentTask({ name: 'attached' })));
    await world.clock.runUntil(() => statusOf(world, 'attached')?.phase === 'Completed', world.clock.now() + 60_000);
    expect(statusOf(world, 'attached')?.session).not.toHaveProperty('id');
    await world.clock.advance(60_000);
    expect(statusOf(world, 'attached')?.session).toMatchObject({ id: 'ses_1' });
  });
});
