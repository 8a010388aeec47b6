import { describe, expect, it } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import type { AgentPodSpec } from '#core/api/pod-spec.ts';
import type { Task, TaskSpec } from '#core/api/task.ts';
import { hosts } from './support/host.ts';
import { openKube } from './support/kube.ts';
import { conditionOf, create, isRunning, keptLog, ok, podAt, type Simulation, task, taskAt, template } from './support/objects.ts';
import { until, untilFinished, untilGone, untilPodRuns } from './support/watch.ts';

const kube = await openKube();
const namespace = await kube.namespace();
await hosts().start({ namespaces: [namespace] });

async function running(name: string, simulation: Simulation, spec: Partial<TaskSpec> = {}, podSpec: AgentPodSpec = {}): Promise<void> {
  await create(kube.cluster, template(namespace, name, { outcome: 'never', ...simulation }, podSpec), task(namespace, name, spec));
  await untilPodRuns(kube.cluster, namespace, name);
}

async function stop(name: string): Promise<void> {
  await kube.kubectl(['-n', namespace, 'annotate', 'task', name, 'kubeopencode.io/stop=true']);
}

const finished = (name: string): Promise<Task> => untilFinished(kube.cluster, namespace, name);

describe('stop', () => {
  it('ends the containers, keeps the end of their log, records the end, and then deletes the Pod', async () => {
    await running('stopped', { 'stop-after': '1s' });
    await stop('stopped');
    const pod = await until<Pod>(
      kube.cluster,
      podAt(namespace, 'stopped-pod'),
      'to be asked to end',
      ({ spec }) => spec.activeDeadlineSeconds === 1,
    );
    expect(pod.status?.phase).toBe('Running');
    expect(pod.metadata.deletionTimestamp).toBeUndefined();
    const stopping = (await ok(kube.cluster.get(taskAt(namespace, 'stopped')))) as Task;
    expect(stopping.status?.phase).toBe('Running');
    expect(conditionOf(stopping, 'Stopping')).toBe('True/UserStopped');
    const ended = await finished('stopped');
    expect(ended.status).toMatchObject({ phase: 'Completed', cause: 'Stopped', attempts: [{ exitCode: 143, log: { truncated: false } }] });
    expect(conditionOf(ended, 'Stopped')).toBe('True/UserStopped');
    expect(await keptLog(kube.cluster, ended)).toBe('agent: started\nagent: ended with exit code 143\n');
    await untilGone(kube.cluster, podAt(namespace, 'stopped-pod'));
  });

  it('with Retain ends the containers and keeps the Pod', async () => {
    await running('retained', { 'stop-exit-code': '0', 'stop-after': '1s' }, { stop: { mode: 'Retain' } });
    await stop('retained');
    const { status } = await finished('retained');
    expect(status).toMatchObject({ phase: 'Completed', cause: 'Stopped' });
    const pod = (await ok(kube.cluster.get(podAt(namespace, 'retained-pod')))) as Pod;
    expect(pod.status).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' });
    expect(pod.metadata.deletionTimestamp).toBeUndefined();
  });

  it('with a grace period of its own', async () => {
    await running('short-grace', { 'stop-after': '10s' }, { stop: { gracePeriodSeconds: 1 } });
    await stop('short-grace');
    expect((await finished('short-grace')).status).toMatchObject({ phase: 'Completed', attempts: [{ exitCode: 137 }] });
  });

  it('with another grace period than the Pod’s deletes the Pod at once, and follows its log to its last word', async () => {
    const stopped = { stop: { gracePeriodSeconds: 2 } };
    await running('other-grace', { 'stop-after': '10s' }, stopped, { terminationGracePeriodSeconds: 60 });
    const deleting = until<Pod>(
      kube.cluster,
      podAt(namespace, 'other-grace-pod'),
      'to be deleted',
      ({ metadata }) => metadata.deletionTimestamp !== undefined,
    );
    await stop('other-grace');
    const pod = await deleting;
    expect(pod.metadata.deletionGracePeriodSeconds).toBe(2);
    expect(pod.spec.activeDeadlineSeconds).toBeUndefined();
    const ended = await finished('other-grace');
    expect(ended.status).toMatchObject({ phase: 'Completed', cause: 'Stopped', attempts: [{ exitCode: 137 }] });
    expect(await keptLog(kube.cluster, ended)).toBe('agent: started\nagent: ended with exit code 137\n');
  });

  it('before the Pod exists: none is made', async () => {
    const { status } = await (async () => {
      const waiting = task(namespace, 'never-started');
      await create(kube.cluster, { ...waiting, metadata: { ...waiting.metadata, annotations: { 'kubeopencode.io/stop': 'true' } } });
      return finished('never-started');
    })();
    expect(status).toMatchObject({ phase: 'Completed', cause: 'Stopped' });
    expect(await kube.cluster.get(podAt(namespace, 'never-started-pod'))).toMatchObject({ ok: false, error: { code: 404 } });
  });
});

describe('timeout', () => {
  it('ends the Pod: Completed with the cause Timeout, as upstream has it', async () => {
    await running('timed-out', {}, { timeout: '3s' });
    const { status } = await finished('timed-out');
    expect(status).toMatchObject({
      phase: 'Completed',
      cause: 'Timeout',
      conditions: expect.arrayContaining([expect.objectContaining({ type: 'Stopped', reason: 'Timeout' })]),
    });
    const elapsedMs = Date.parse(status?.completionTime ?? '') - Date.parse(status?.startTime ?? '');
    expect(elapsedMs).toBeGreaterThanOrEqual(3_000);
    expect(elapsedMs).toBeLessThan(8_000);
  });

  it('leaves a Task alone that ends in time', async () => {
    await create(kube.cluster, template(namespace, 'in-time', { 'run-for': '1s' }), task(namespace, 'in-time', { timeout: '1m' }));
    expect((await finished('in-time')).status).toMatchObject({ phase: 'Completed' });
  });
});

describe('suspend', () => {
  it('holds a Task before its start, and lets it go', async () => {
    await create(kube.cluster, template(namespace, 'held', { 'run-for': '1s' }), task(namespace, 'held', { suspend: true }));
    const held = await until<Task>(kube.cluster, taskAt(namespace, 'held'), 'to be queued', ({ status }) => status?.phase === 'Queued');
    expect(conditionOf(held, 'Queued')).toBe('True/TaskSuspended');
    expect(await kube.cluster.get(podAt(namespace, 'held-pod'))).toMatchObject({ ok: false, error: { code: 404 } });
    await kube.kubectl(['-n', namespace, 'patch', 'task', 'held', '--type=merge', '-p', '{"spec":{"suspend":false}}']);
    expect((await finished('held')).status?.phase).toBe('Completed');
  });
});

describe('managedBy', () => {
  it('another controller: nothing is done', async () => {
    await create(kube.cluster, template(namespace, 'foreign'), task(namespace, 'foreign', { managedBy: 'example.com/other' }));
    await create(kube.cluster, template(namespace, 'ours', { 'run-for': '1s' }), task(namespace, 'ours'));
    await until<Task>(kube.cluster, taskAt(namespace, 'ours'), 'to run', isRunning);
    const foreign = (await ok(kube.cluster.get(taskAt(namespace, 'foreign')))) as Task;
    expect(foreign.status).toBeUndefined();
    expect(await kube.cluster.get(podAt(namespace, 'foreign-pod'))).toMatchObject({ ok: false, error: { code: 404 } });
  });
});
