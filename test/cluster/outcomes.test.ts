import { describe, expect, it } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import type { Task, TaskPhase } from '#core/api/task.ts';
import { POD_FINALIZER } from '#core/contract/names.ts';
import { hosts } from './support/host.ts';
import { openKube } from './support/kube.ts';
import { conditionOf, create, isPodRunning, isRunning, ok, podAt, type Simulation, task, taskAt, template } from './support/objects.ts';
import { until, untilFinished, untilGone, untilPodRuns } from './support/watch.ts';

const kube = await openKube();
const namespace = await kube.namespace();
await hosts().start({ namespaces: [namespace] });

interface Row {
  readonly name: string;
  readonly simulation: Simulation;
  readonly phase: TaskPhase;
  readonly cause?: Task['status'] extends infer S ? (S extends { cause?: infer C } ? C : never) : never;
  readonly exitCode?: number;
  readonly message?: RegExp;
}

const ENDS: readonly Row[] = [
  { name: 'succeeds', simulation: { 'run-for': '1s' }, phase: 'Completed', exitCode: 0 },
  {
    name: 'fails',
    simulation: { outcome: 'fail', 'exit-code': '3', 'run-for': '1s' },
    phase: 'Failed',
    cause: 'Application',
    exitCode: 3,
    message: /exit code 3/,
  },
  {
    name: 'out-of-memory',
    simulation: { outcome: 'out-of-memory', 'run-for': '1s' },
    phase: 'Failed',
    cause: 'OutOfMemory',
    exitCode: 137,
    message: /memory/,
  },
  {
    name: 'evicted',
    simulation: { outcome: 'evicted', 'run-for': '1s' },
    phase: 'Failed',
    cause: 'Evicted',
    message: /low on resource: memory/,
  },
  {
    name: 'preempted',
    simulation: { outcome: 'preempted', 'run-for': '1s' },
    phase: 'Failed',
    cause: 'Preempted',
    message: /critical pod/,
  },
];

/** ADR 0009's table on a real API server. */
describe('a Task ends as its Pod does', () => {
  it.concurrent.each(ENDS)('$name', async ({ name, simulation, phase, cause, exitCode, message }) => {
    await create(kube.cluster, template(namespace, name, simulation), task(namespace, name));
    const { status } = await untilFinished(kube.cluster, namespace, name);
    expect(status?.phase).toBe(phase);
    expect(status?.cause).toBe(cause);
    if (message !== undefined) expect(status?.message).toMatch(message);
    expect(status?.attempts).toHaveLength(1);
    expect(status?.attempts?.[0]).toMatchObject({ number: 1, podName: `${name}-pod`, ...(exitCode === undefined ? {} : { exitCode }) });
    expect(status?.completionTime).toBeDefined();
    // The Pod stays, with its logs, and nothing of ours holds it any more.
    const pod = await until<Pod>(
      kube.cluster,
      podAt(namespace, `${name}-pod`),
      'to be released',
      ({ metadata }) => !metadata.finalizers?.includes(POD_FINALIZER),
    );
    expect(pod.metadata.deletionTimestamp).toBeUndefined();
  });
});

describe('while the Pod runs', () => {
  it('the Task says Running with podName and startTime, and owns the Pod', async () => {
    await create(kube.cluster, template(namespace, 'running', { outcome: 'never' }), task(namespace, 'running'));
    const running = await until<Task>(kube.cluster, taskAt(namespace, 'running'), 'to run', isRunning);
    expect(running.status).toMatchObject({ podName: 'running-pod', attemptCount: 1 });
    const pod = await ok(kube.cluster.get(podAt(namespace, 'running-pod')));
    expect(running.status?.startTime).toBe(pod.metadata.creationTimestamp);
    expect(pod.metadata.ownerReferences).toEqual([
      {
        apiVersion: 'kubeopencode.io/v1alpha1',
        kind: 'Task',
        name: 'running',
        uid: running.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ]);
  });

  it('kubectl shows it, and kubectl wait answers when it ends', async () => {
    await create(kube.cluster, template(namespace, 'shown', { 'run-for': '2s' }), task(namespace, 'shown'));
    await kube.kubectl(['-n', namespace, 'wait', '--for=condition=Finished', '--timeout=30s', 'task/shown']);
    const [header, row] = (await kube.kubectl(['-n', namespace, 'get', 'task', 'shown'])).split('\n');
    expect(header).toMatch(/^NAME +PHASE/);
    expect(row).toMatch(/^shown +Completed/);
    const events = await kube.kubectl([
      '-n',
      namespace,
      'get',
      'events',
      '--field-selector',
      'involvedObject.name=shown',
      '-o',
      'jsonpath={.items[*].reason}',
    ]);
    expect(events.split(' ').sort()).toEqual(['Completed', 'PodCreated']);
  });
});

describe('a Pod that somebody else ends', () => {
  it('deleted, with its container killed: Failed, PodDeleted', async () => {
    await create(kube.cluster, template(namespace, 'deleted', { outcome: 'never' }), task(namespace, 'deleted'));
    await untilPodRuns(kube.cluster, namespace, 'deleted');
    await kube.kubectl(['-n', namespace, 'delete', 'pod', 'deleted-pod', '--wait=false']);
    const { status } = await untilFinished(kube.cluster, namespace, 'deleted');
    expect(status).toMatchObject({ phase: 'Failed', cause: 'PodDeleted', attemptCount: 1 });
    await untilGone(kube.cluster, podAt(namespace, 'deleted-pod'));
  });

  it('deleted, and its container exits 0 on SIGTERM: Pod Succeeded, Task not Completed', async () => {
    await create(
      kube.cluster,
      template(namespace, 'polite', { outcome: 'never', 'stop-exit-code': '0', 'stop-after': '2s' }),
      task(namespace, 'polite'),
    );
    await untilPodRuns(kube.cluster, namespace, 'polite');
    await kube.kubectl(['-n', namespace, 'delete', 'pod', 'polite-pod', '--wait=false']);
    const ended = until<Pod>(kube.cluster, podAt(namespace, 'polite-pod'), 'to have ended', ({ status }) => status?.phase === 'Succeeded');
    const { status } = await untilFinished(kube.cluster, namespace, 'polite');
    expect(status).toMatchObject({ phase: 'Failed', cause: 'PodDeleted' });
    expect((await ended).status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(0);
  });

  it('force-deleted: Failed, PodDeleted, and no second Pod', async () => {
    await create(kube.cluster, template(namespace, 'forced', { outcome: 'never' }), task(namespace, 'forced'));
    const { metadata } = await untilPodRuns(kube.cluster, namespace, 'forced');
    await kube.kubectl(['-n', namespace, 'delete', 'pod', 'forced-pod', '--force', '--grace-period=0', '--wait=false']);
    const { status } = await untilFinished(kube.cluster, namespace, 'forced');
    expect(status).toMatchObject({ phase: 'Failed', cause: 'PodDeleted', attemptCount: 1 });
    expect(status?.attempts?.[0]?.podUID).toBe(metadata.uid);
    await untilGone(kube.cluster, podAt(namespace, 'forced-pod'));
  });

  it('evicted through the API, as a drain does: Failed, Evicted', async () => {
    await create(kube.cluster, template(namespace, 'drained', { outcome: 'never' }), task(namespace, 'drained'));
    await untilPodRuns(kube.cluster, namespace, 'drained');
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'drained-pod', namespace } };
    await kube.api.expect('POST', `/api/v1/namespaces/${namespace}/pods/drained-pod/eviction`, eviction);
    const { status } = await untilFinished(kube.cluster, namespace, 'drained');
    expect(status).toMatchObject({ phase: 'Failed', cause: 'Evicted' });
  });
});

describe('a Pod that has to give way', () => {
  it('to one of higher priority, by the real scheduler: Failed, Preempted', async () => {
    const pool = { 'test.kubeopencode.io/pool': namespace };
    const capacity = { cpu: '1', memory: '1Gi', pods: '10' };
    await kube.api.expect('POST', '/api/v1/nodes', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: namespace, annotations: { 'kwok.x-k8s.io/node': 'fake' }, labels: pool },
      status: { capacity, allocatable: capacity },
    });
    await kube.kubectl(['create', 'priorityclass', namespace, '--value=1000']);
    const podSpec = { scheduling: { nodeSelector: pool }, resources: { requests: { cpu: '700m' } } };
    await create(kube.cluster, template(namespace, 'outranked', { outcome: 'never' }, podSpec), task(namespace, 'outranked'));
    await untilPodRuns(kube.cluster, namespace, 'outranked');
    const containers = [{ name: 'a', image: 'a:1', resources: { requests: { cpu: '700m' } } }];
    await kube.api.expect('POST', `/api/v1/namespaces/${namespace}/pods`, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'urgent' },
      spec: { nodeSelector: pool, priorityClassName: namespace, containers },
    });
    const { status } = await untilFinished(kube.cluster, namespace, 'outranked');
    expect(status).toMatchObject({ phase: 'Failed', cause: 'Preempted', message: expect.stringContaining('PreemptionByScheduler') });
    await until<Pod>(kube.cluster, podAt(namespace, 'urgent'), 'to run', isPodRunning);
    await kube.kubectl(['delete', 'node', namespace]);
  });
});

describe('the deletion of a Task', () => {
  it('removes its Pod and its ConfigMap', async () => {
    await create(kube.cluster, template(namespace, 'removed', { outcome: 'never' }), task(namespace, 'removed'));
    const { metadata } = await until<Task>(kube.cluster, taskAt(namespace, 'removed'), 'to run', isRunning);
    const configMaps = await ok(kube.cluster.list({ kind: 'ConfigMap', namespace }));
    const owned = configMaps.items.filter((item) => item.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid));
    expect(owned).toHaveLength(1);
    await kube.kubectl(['-n', namespace, 'delete', 'task', 'removed']);
    await untilGone(kube.cluster, podAt(namespace, 'removed-pod'));
    for (const {
      metadata: { name },
    } of owned)
      await untilGone(kube.cluster, { kind: 'ConfigMap', namespace, name });
  });

  it('in the foreground returns when the Pod is gone', async () => {
    await create(kube.cluster, template(namespace, 'foreground', { outcome: 'never', 'stop-after': '1s' }), task(namespace, 'foreground'));
    await until<Task>(kube.cluster, taskAt(namespace, 'foreground'), 'to run', isRunning);
    await kube.kubectl(['-n', namespace, 'delete', 'task', 'foreground', '--cascade=foreground', '--timeout=30s']);
    expect(await kube.cluster.get(podAt(namespace, 'foreground-pod'))).toMatchObject({ ok: false, error: { code: 404 } });
  });
});

describe('a Task that is made again under its name', () => {
  it('gets a Pod of its own and is not mistaken for the earlier one', async () => {
    await create(kube.cluster, template(namespace, 'again', { 'run-for': '1s' }), task(namespace, 'again'));
    const first = await untilFinished(kube.cluster, namespace, 'again');
    await kube.kubectl(['-n', namespace, 'delete', 'task', 'again']);
    await create(kube.cluster, task(namespace, 'again'));
    const second = await untilFinished(kube.cluster, namespace, 'again');
    expect(second.status?.phase).toBe('Completed');
    expect(second.status?.attempts?.[0]?.podUID).not.toBe(first.status?.attempts?.[0]?.podUID);
    expect(conditionOf(second, 'Finished')).toBe('True/Completed');
  });
});
