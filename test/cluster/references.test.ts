import { describe, expect, it } from 'vitest';
import type { Task } from '#core/api/task.ts';
import { hosts } from './support/host.ts';
import { openKube } from './support/kube.ts';
import { agent, conditionOf, create, isFinished, ok, podAt, task, taskAt, template } from './support/objects.ts';
import { until, untilAll, untilFinished } from './support/watch.ts';

const kube = await openKube();
const namespace = await kube.namespace();
const bulk = await kube.namespace();
await hosts().start({ namespaces: [namespace, bulk], flags: ['--reference-grace', '5s'] });

const manifests = (...objects: readonly object[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });

describe('order of creation', () => {
  it('one manifest with the Task before its template', async () => {
    await kube.kubectl(
      ['-n', namespace, 'create', '-f', '-'],
      manifests(task(namespace, 'early'), template(namespace, 'early', { 'run-for': '1s' })),
    );
    const { status } = await untilFinished(kube.cluster, namespace, 'early');
    expect(status?.phase).toBe('Completed');
  });

  it('100 pairs created at the same moment: all Completed', async () => {
    const pairs = Array.from({ length: 100 }, (_, index) => `pair-${index}`);
    await Promise.all(
      pairs.flatMap((name) => [
        ok(kube.cluster.create(task(bulk, name))),
        ok(kube.cluster.create(template(bulk, name, { 'run-for': '1s' }))),
      ]),
    );
    const all = await untilAll<Task>(
      kube.cluster,
      { kind: 'Task', namespace: bulk },
      'to be finished',
      (tasks) => tasks.length === 100 && tasks.every(isFinished),
      100_000,
    );
    expect(all.filter(({ status }) => status?.phase !== 'Completed')).toEqual([]);
    const { items } = await ok(kube.cluster.list({ kind: 'Pod', namespace: bulk }));
    expect(items).toHaveLength(100);
  });

  it('an Agent created later wakes the Tasks that wait for it', async () => {
    await create(kube.cluster, task(namespace, 'patient', { agentRef: { name: 'late' } }));
    await until<Task>(kube.cluster, taskAt(namespace, 'patient'), 'to say what it waits for', (seen) => conditionOf(seen, 'Ready') !== '');
    await create(kube.cluster, agent(namespace, 'late', {}, { 'run-for': '1s' }));
    expect((await untilFinished(kube.cluster, namespace, 'patient')).status?.phase).toBe('Completed');
  });

  it('an Agent whose missing template comes later wakes them as well', async () => {
    await create(
      kube.cluster,
      agent(namespace, 'hollow', { templateRef: { name: 'hollow' }, podSpec: {} }),
      task(namespace, 'deep', { agentRef: { name: 'hollow' } }),
    );
    await until<Task>(kube.cluster, taskAt(namespace, 'deep'), 'to say what it waits for', (seen) => conditionOf(seen, 'Ready') !== '');
    await create(kube.cluster, template(namespace, 'hollow', { 'run-for': '1s' }));
    expect((await untilFinished(kube.cluster, namespace, 'deep')).status?.phase).toBe('Completed');
  });

  it('an Agent that is no longer suspended wakes those who queue for it', async () => {
    await create(
      kube.cluster,
      agent(namespace, 'asleep', { suspend: true }, { 'run-for': '1s' }),
      task(namespace, 'woken', { agentRef: { name: 'asleep' } }),
    );
    const queued = await until<Task>(kube.cluster, taskAt(namespace, 'woken'), 'to be queued', ({ status }) => status?.phase === 'Queued');
    expect(conditionOf(queued, 'Queued')).toBe('True/AgentSuspended');
    await kube.kubectl(['-n', namespace, 'patch', 'agent', 'asleep', '--type=merge', '-p', '{"spec":{"suspend":false}}']);
    expect((await untilFinished(kube.cluster, namespace, 'woken')).status?.phase).toBe('Completed');
  });

  it('a configuration that is no JSON costs its own Task a word that says so, and nobody else anything', async () => {
    await create(
      kube.cluster,
      agent(namespace, 'bent', { config: '{not json' }),
      task(namespace, 'misled', { agentRef: { name: 'bent' } }),
    );
    const misled = await until<Task>(
      kube.cluster,
      taskAt(namespace, 'misled'),
      'to say what is wrong',
      (seen) => conditionOf(seen, 'Ready') !== '',
    );
    expect(misled.status?.message).toMatch(/spec\.config is not JSON/);
    await create(kube.cluster, template(namespace, 'beside', { 'run-for': '0s' }), task(namespace, 'beside'));
    expect((await untilFinished(kube.cluster, namespace, 'beside')).status?.phase).toBe('Completed');
  });

  it('a template that never comes: Failed after the grace, with its name', async () => {
    await create(kube.cluster, task(namespace, 'orphan'));
    const { status } = await untilFinished(kube.cluster, namespace, 'orphan');
    expect(status).toMatchObject({ phase: 'Failed', cause: 'Agent' });
    expect(status?.message).toContain('orphan');
    expect(await kube.cluster.get(podAt(namespace, 'orphan-pod'))).toMatchObject({ ok: false, error: { code: 404 } });
  });
});

describe('names', () => {
  it('of 253 characters work', async () => {
    const name = `${'long-'.repeat(50)}abc`;
    await create(kube.cluster, template(namespace, 'long', { 'run-for': '1s' }), task(namespace, name, { templateRef: { name: 'long' } }));
    const { status } = await untilFinished(kube.cluster, namespace, name);
    expect(status?.phase).toBe('Completed');
    expect(status?.podName?.length).toBeLessThanOrEqual(63);
  });

  it('a Pod of somebody else under the name of ours is left alone, and named', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'taken-pod', namespace },
      spec: { containers: [{ name: 'a', image: 'a:1' }] },
    };
    await kube.kubectl(['create', '-f', '-'], JSON.stringify(pod));
    await create(kube.cluster, template(namespace, 'taken', { 'run-for': '1s' }), task(namespace, 'taken'));
    const seen = await until<Task>(kube.cluster, taskAt(namespace, 'taken'), 'to say what is wrong', ({ status }) =>
      (status?.message ?? '').includes('taken-pod'),
    );
    expect(seen.status?.phase).not.toBe('Running');
    const stranger = await ok(kube.cluster.get(podAt(namespace, 'taken-pod')));
    expect(stranger.metadata.ownerReferences).toBeUndefined();
    expect(stranger.metadata.deletionTimestamp).toBeUndefined();
  });
});
