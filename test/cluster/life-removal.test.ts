import { describe, expect, it } from 'vitest';
import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { POD_FINALIZER } from '#core/contract/names.ts';
import { hosts } from './support/host.ts';
import { openKube } from './support/kube.ts';
import { create, isPodRunning, isRunning, keptLog, ok, podAt, type Simulation, task, taskAt, template } from './support/objects.ts';
import { until, untilFinished, untilGone, untilPodRuns } from './support/watch.ts';

const kube = await openKube();
const starter = hosts();

const RUNS: Simulation = { outcome: 'never', 'stop-after': '1s' };

async function running(namespace: string, name: string, simulation: Simulation = RUNS, podSpec: object = {}): Promise<void> {
  await create(kube.cluster, template(namespace, name, simulation, podSpec), task(namespace, name));
  await until<Task>(kube.cluster, taskAt(namespace, name), 'to run', isRunning);
  await untilPodRuns(kube.cluster, namespace, name);
}

const finished = (namespace: string, name: string): Promise<Task> => untilFinished(kube.cluster, namespace, name);

async function evict(namespace: string, name: string): Promise<void> {
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: `${name}-pod`, namespace } };
  await kube.api.expect('POST', `/api/v1/namespaces/${namespace}/pods/${name}-pod/eviction`, eviction);
}

async function deleteNamespace(name: string): Promise<void> {
  await kube.api.expect('DELETE', `/api/v1/namespaces/${name}`);
}

async function namespaceGone(name: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const { code, text } = await kube.api.call('GET', `/api/v1/namespaces/${name}`);
    if (code === 404) return;
    if (tries === 299) throw new Error(`waiting for the namespace ${name} to be gone: it is ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Pods of a namespace that still bear our finalizer. */
async function held(namespace: string): Promise<readonly string[]> {
  const { items } = await ok(kube.cluster.list({ kind: 'Pod', namespace }));
  return items.filter(({ metadata }) => metadata.finalizers?.includes(POD_FINALIZER)).map(({ metadata }) => metadata.name);
}

describe('while the host is up', () => {
  it('kubectl drain goes through; the Task says Evicted, and keeps the last words of its agent', async () => {
    const namespace = await kube.namespace();
    const pool = { 'test.kubeopencode.io/pool': namespace };
    const capacity = { cpu: '8', memory: '64Gi', pods: '10' };
    await kube.api.expect('POST', '/api/v1/nodes', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: namespace, annotations: { 'kwok.x-k8s.io/node': 'fake' }, labels: pool },
      status: { capacity, allocatable: capacity },
    });
    await starter.start({ namespaces: [namespace] });
    const podSpec = { scheduling: { nodeSelector: pool } };
    // Long enough for a busy host to open the log.
    const runs = { outcome: 'never', 'stop-after': '4s' };
    await Promise.all(['drained-1', 'drained-2'].map((name) => running(namespace, name, runs, podSpec)));
    const startedMs = performance.now();
    await kube.kubectl(['drain', namespace, '--delete-emptydir-data', '--timeout=30s']);
    // What the agents take, and little more.
    expect(performance.now() - startedMs).toBeLessThan(12_000);
    for (const name of ['drained-1', 'drained-2']) {
      const ended = await finished(namespace, name);
      expect(ended.status).toMatchObject({ phase: 'Failed', cause: 'Evicted', attempts: [{ node: namespace, exitCode: 143 }] });
      expect(await keptLog(kube.cluster, ended)).toBe('agent: started\nagent: ended with exit code 143\n');
    }
    await kube.kubectl(['delete', 'node', namespace]);
  });

  it('and a node gives no log, a drain is held up for seconds only; the Task says why there is none', async () => {
    const namespace = await kube.namespace();
    await starter.start({ namespaces: [namespace] });
    await running(namespace, 'mute');
    const { spec } = (await ok(kube.cluster.get(podAt(namespace, 'mute-pod')))) as Pod;
    const path = `/api/v1/nodes/${spec.nodeName}/status`;
    const { status: before } = (await kube.api.expect('GET', path)) as { status: { daemonEndpoints: object } };
    await kube.api.expect('PATCH', path, { status: { daemonEndpoints: { kubeletEndpoint: { Port: 1 } } } });
    try {
      const startedMs = performance.now();
      await evict(namespace, 'mute');
      await untilGone(kube.cluster, podAt(namespace, 'mute-pod'));
      expect(performance.now() - startedMs).toBeLessThan(12_000);
    } finally {
      await kube.api.expect('PATCH', path, { status: { daemonEndpoints: before.daemonEndpoints } });
    }
    const { status } = await finished(namespace, 'mute');
    expect(status).toMatchObject({
      cause: 'Evicted',
      attempts: [{ log: { missing: expect.stringMatching(/127\.0\.0\.1:1\/containerLogs.*connection refused/) } }],
    });
  });

  it('a namespace goes, with Tasks that run in it', async () => {
    const namespace = await kube.namespace();
    await starter.start({ namespaces: [namespace] });
    await Promise.all(['one', 'two'].map((name) => running(namespace, name)));
    await deleteNamespace(namespace);
    await namespaceGone(namespace);
  });

  it.each(['background', 'foreground', 'orphan'] as const)('a Task goes that is deleted with --cascade=%s', async (cascade) => {
    const namespace = await kube.namespace();
    await starter.start({ namespaces: [namespace] });
    await running(namespace, 'deleted');
    await kube.kubectl(['-n', namespace, 'delete', 'task', 'deleted', `--cascade=${cascade}`, '--timeout=30s']);
    if (cascade === 'orphan') {
      const pod = await until<Pod>(
        kube.cluster,
        podAt(namespace, 'deleted-pod'),
        'to be released',
        ({ metadata }) => !metadata.finalizers?.includes(POD_FINALIZER),
      );
      expect(pod.metadata.ownerReferences).toBeUndefined();
      expect(pod.metadata.deletionTimestamp).toBeUndefined();
      expect(isPodRunning(pod)).toBe(true);
      await kube.kubectl(['-n', namespace, 'delete', 'pod', 'deleted-pod', '--timeout=30s']);
    }
    await untilGone(kube.cluster, podAt(namespace, 'deleted-pod'));
  });
});

describe('while the host is down, and when it is back', () => {
  it('ends are explained, and what was deleted goes', async () => {
    const namespace = await kube.namespace();
    const doomed = await kube.namespace();
    const first = await starter.start({ namespaces: [namespace, doomed] });
    const drained = ['drained', 'by-hand', 'background', 'foreground', 'orphan', 'stopped'];
    await Promise.all([
      ...drained.map((name) => running(namespace, name)),
      running(namespace, 'low', { outcome: 'evicted', 'run-for': '4s' }),
      running(doomed, 'one'),
    ]);
    await first.kill('SIGKILL');

    await evict(namespace, 'drained');
    await kube.kubectl(['-n', namespace, 'delete', 'pod', 'by-hand-pod', '--wait=false']);
    await kube.kubectl(['-n', namespace, 'annotate', 'task', 'stopped', 'kubeopencode.io/stop=true']);
    for (const cascade of ['background', 'foreground', 'orphan'])
      await kube.kubectl(['-n', namespace, 'delete', 'task', cascade, `--cascade=${cascade}`, '--wait=false']);
    await deleteNamespace(doomed);
    const hasEnded = ({ status }: Pod): boolean => status?.phase === 'Failed';
    for (const name of ['drained', 'by-hand', 'background', 'low'])
      await until<Pod>(kube.cluster, podAt(namespace, `${name}-pod`), 'to have ended', hasEnded);
    await until<Pod>(kube.cluster, podAt(doomed, 'one-pod'), 'to have ended', hasEnded);
    // The evidence is still there.
    expect([...(await held(namespace))].sort()).toEqual([...drained, 'low'].map((name) => `${name}-pod`).sort());
    expect(await held(doomed)).toEqual(['one-pod']);
    const silent = (await ok(kube.cluster.get(taskAt(namespace, 'drained')))) as Task;
    expect(silent.status?.phase).toBe('Running');

    await starter.start({ namespaces: [namespace, doomed] });
    await namespaceGone(doomed);
    const cause = async (name: string): Promise<unknown> => (await finished(namespace, name)).status;
    expect(await cause('drained')).toMatchObject({ phase: 'Failed', cause: 'Evicted', attempts: [{ exitCode: 143 }] });
    expect(await cause('low')).toMatchObject({
      phase: 'Failed',
      cause: 'Evicted',
      message: expect.stringMatching(/low on resource: memory/),
    });
    expect(await cause('by-hand')).toMatchObject({ phase: 'Failed', cause: 'PodDeleted', attempts: [{ exitCode: 143 }] });
    expect(await cause('stopped')).toMatchObject({ phase: 'Completed', cause: 'Stopped' });
    for (const name of ['drained', 'by-hand', 'background', 'foreground', 'stopped'])
      await untilGone(kube.cluster, podAt(namespace, `${name}-pod`));
    for (const name of ['background', 'foreground', 'orphan']) await untilGone(kube.cluster, taskAt(namespace, name));
    const orphan = await until<KubernetesObject>(
      kube.cluster,
      podAt(namespace, 'orphan-pod'),
      'to be released',
      ({ metadata }) => metadata.finalizers === undefined,
    );
    expect(orphan.metadata.deletionTimestamp).toBeUndefined();
    await until<Pod>(kube.cluster, podAt(namespace, 'low-pod'), 'to be released', ({ metadata }) => metadata.finalizers === undefined);
    expect(await held(namespace)).toEqual([]);
    // Their containers ended when nobody was there to follow the log.
    const ended = await finished(namespace, 'drained');
    expect(ended.status?.attempts?.[0]?.log).toMatchObject({ missing: expect.stringMatching(/containers of pod drained-pod are gone/) });
  });
});
