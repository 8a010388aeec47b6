import { afterAll, describe, expect, it } from 'vitest';
import type { KubeOpenCodeConfigSpec } from '#core/api/config.ts';
import type { Pod } from '#core/api/kubernetes.ts';
import type { Task, TaskSpec } from '#core/api/task.ts';
import { POD_FINALIZER } from '#core/contract/names.ts';
import { hosts } from './support/host.ts';
import { openKube } from './support/kube.ts';
import { conditionOf, create, keptLog, ok, podAt, type Simulation, task, taskAt, template } from './support/objects.ts';
import { until, untilAll, untilFinished, untilGone, untilPodRuns } from './support/watch.ts';

const kube = await openKube();
const namespace = await kube.namespace();
const starter = hosts();
await starter.start({ namespaces: [namespace] });

const CONFIG = '/apis/kubeopencode.io/v1alpha1/kubeopencodeconfigs';
afterAll(() => kube.api.call('DELETE', `${CONFIG}/cluster`));

const FAILS: Simulation = { outcome: 'fail', 'run-for': '0s' };
const RUNS: Simulation = { outcome: 'never', 'stop-exit-code': '0' };

async function make(name: string, simulation: Simulation, spec: Partial<TaskSpec>, log?: string, where = namespace): Promise<void> {
  const podSpec = log === undefined ? {} : { annotations: { 'sim.kubeopencode.io/log': log } };
  await create(kube.cluster, template(where, name, simulation, podSpec), task(where, name, spec));
}

const finished = (name: string, where = namespace): Promise<Task> => untilFinished(kube.cluster, where, name);
const runs = (name: string, where = namespace): Promise<Pod> => untilPodRuns(kube.cluster, where, name);
const stop = (name: string, where = namespace): Promise<string> =>
  kube.kubectl(['-n', where, 'annotate', 'task', name, 'kubeopencode.io/stop=true']);

describe('clean-up of a Task', () => {
  it.concurrent('deletes the Pod of a failed one after its delay, and keeps the end of its log before', async () => {
    await make('delayed', FAILS, { cleanup: { pod: { failed: 'Delete', delaySeconds: 3 } } }, 'clone\nno credentials\n');
    const ended = await finished('delayed');
    expect(ended.status?.attempts?.[0]?.log).toBeUndefined();
    const pod = (await ok(kube.cluster.get(podAt(namespace, 'delayed-pod')))) as Pod;
    expect(pod.metadata.deletionTimestamp).toBeUndefined();
    await untilGone(kube.cluster, podAt(namespace, 'delayed-pod'));
    expect(Date.now() - Date.parse(ended.status?.completionTime ?? '')).toBeGreaterThanOrEqual(2_900);
    const after = (await ok(kube.cluster.get(taskAt(namespace, 'delayed')))) as Task;
    expect(await keptLog(kube.cluster, after)).toBe('clone\nno credentials\n');
    expect(after.status?.attempts?.[0]).toMatchObject({ exitCode: 1, log: { bytes: 21, truncated: false } });
    expect({ ...after.status, attempts: [], observedGeneration: 0 }).toEqual({ ...ended.status, attempts: [], observedGeneration: 0 });
  });

  it.concurrent('keeps the Pod of a stopped one where it says so, and lets go of it', async () => {
    await make('kept', RUNS, { cleanup: { pod: { stopped: 'Keep' } } });
    await runs('kept');
    await stop('kept');
    expect((await finished('kept')).status).toMatchObject({ phase: 'Completed', cause: 'Stopped' });
    const pod = await until<Pod>(
      kube.cluster,
      podAt(namespace, 'kept-pod'),
      'to be released',
      ({ metadata }) => !metadata.finalizers?.includes(POD_FINALIZER),
    );
    expect(pod.metadata.deletionTimestamp).toBeUndefined();
    expect(pod.status?.reason).toBe('DeadlineExceeded');
    const { text } = await kube.api.call('GET', `/api/v1/namespaces/${namespace}/pods/kept-pod/log?container=agent`);
    expect(text).toBe('agent: started\nagent: done\n');
  });

  it.concurrent('deletes the Task after the time for its outcome', async () => {
    await make('short', FAILS, { cleanup: { ttlSecondsAfterFailed: 2 } });
    await make('long', { 'run-for': '0s' }, { cleanup: { ttlSecondsAfterFailed: 2 } });
    await Promise.all([finished('short'), finished('long')]);
    await untilGone(kube.cluster, taskAt(namespace, 'short'));
    await untilGone(kube.cluster, podAt(namespace, 'short-pod'));
    expect(((await ok(kube.cluster.get(taskAt(namespace, 'long')))) as Task).status?.phase).toBe('Completed');
  });

  it.concurrent('that was stopped before its agent had started deletes the Pod: there is no log', async () => {
    await make('early', { outcome: 'image-pull' }, {});
    await until<Task>(kube.cluster, taskAt(namespace, 'early'), 'to be blocked', (seen) => conditionOf(seen, 'PodBlocked') !== '');
    await stop('early');
    const { status } = await finished('early');
    expect(status).toMatchObject({ phase: 'Completed', cause: 'Stopped' });
    await untilGone(kube.cluster, podAt(namespace, 'early-pod'));
  });
});

/** With the cluster's own settings, one after the other. */
describe('the cluster’s settings', () => {
  async function configure(spec: KubeOpenCodeConfigSpec): Promise<string> {
    await kube.api.call('DELETE', `${CONFIG}/cluster`);
    const config = { apiVersion: 'kubeopencode.io/v1alpha1', kind: 'KubeOpenCodeConfig', metadata: { name: 'cluster' }, spec };
    await kube.api.expect('POST', CONFIG, config);
    const other = await kube.namespace();
    await starter.start({ namespaces: [other], flags: ['--unreachable-after', '2s'] });
    return other;
  }

  it('retention by outcome: the oldest of each go', async () => {
    const other = await configure({ cleanup: { maxRetainedFailedTasks: 1, maxRetainedCompletedTasks: 2 } });
    for (const outcome of ['fail', 'succeed'] as const) await create(kube.cluster, template(other, outcome, { outcome, 'run-for': '0s' }));
    for (const number of [1, 2, 3]) {
      for (const name of ['fail', 'succeed']) await create(kube.cluster, task(other, `${name}-${number}`, { templateRef: { name } }));
      await Promise.all(['fail', 'succeed'].map((name) => untilFinished(kube.cluster, other, `${name}-${number}`)));
      // The order of their ends is told by seconds.
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
    const left = await untilAll<Task>(kube.cluster, { kind: 'Task', namespace: other }, 'to be three', (tasks) => tasks.length === 3);
    expect(left.map(({ metadata }) => metadata.name).sort()).toEqual(['fail-3', 'succeed-2', 'succeed-3']);
    await untilGone(kube.cluster, podAt(other, 'fail-1-pod'));
  });

  it('logTailBytes: no more than that is kept, whole lines, and the status says so', async () => {
    const other = await configure({ logTailBytes: 20 });
    await make('chatty', { outcome: 'never', 'run-for': '0s' }, {}, 'first line\nsecond line\nthird line\n', other);
    await runs('chatty', other);
    await stop('chatty', other);
    const ended = await finished('chatty', other);
    expect(await keptLog(kube.cluster, ended)).toBe('third line\n');
    expect(ended.status?.attempts?.[0]?.log).toMatchObject({ bytes: 11, truncated: true });
  });

  it('logTailBytes 0: a stop deletes the Pod at once, with its grace, and nothing is kept; a lost node is given up', async () => {
    const other = await configure({ logTailBytes: 0 });
    await make('plain', { ...RUNS, 'stop-after': '2s' }, {}, undefined, other);
    const lost = template(other, 'lost', { outcome: 'node-lost', 'run-for': '1s' }, { terminationGracePeriodSeconds: 1 });
    await create(kube.cluster, lost, task(other, 'lost'));
    await Promise.all([runs('plain', other), runs('lost', other)]);
    const deleting = until<Pod>(
      kube.cluster,
      podAt(other, 'plain-pod'),
      'to be deleted',
      ({ metadata }) => metadata.deletionTimestamp !== undefined,
    );
    await stop('plain', other);
    expect(await deleting).toMatchObject({ metadata: { deletionGracePeriodSeconds: 30 }, status: { phase: 'Running' } });
    const ended = await finished('plain', other);
    expect(ended.status).toMatchObject({ phase: 'Completed', cause: 'Stopped', attempts: [{ exitCode: 0 }] });
    expect(ended.status?.attempts?.[0]?.log).toBeUndefined();
    await untilGone(kube.cluster, podAt(other, 'plain-pod'));

    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await kube.kubectl(['-n', other, 'delete', 'pod', 'lost-pod', '--wait=false']);
    expect((await finished('lost', other)).status).toMatchObject({
      phase: 'Failed',
      cause: 'NodeLost',
      message: expect.stringMatching(/node fake-\d does not say that it did; its containers may still run/),
    });
    await kube.kubectl(['-n', other, 'delete', 'pod', 'lost-pod', '--force', '--grace-period=0', '--ignore-not-found']);
  });

  it('evidence BestEffort: no finalizer, and a drain tells of itself all the same while the host is up', async () => {
    const other = await configure({ evidence: 'BestEffort' });
    await make('loose', { ...RUNS, 'stop-after': '2s' }, {}, undefined, other);
    expect((await runs('loose', other)).metadata.finalizers).toBeUndefined();
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'loose-pod', namespace: other } };
    await kube.api.expect('POST', `/api/v1/namespaces/${other}/pods/loose-pod/eviction`, eviction);
    const { status } = await finished('loose', other);
    expect(status?.phase).toBe('Failed');
    // Nothing holds the Pod: its last status and its disappearance may come as one.
    expect(['Evicted', 'PodDeleted']).toContain(status?.cause);
    expect(status?.attempts?.[0]?.log).toBeUndefined();
  });
});
