import { describe, expect, it } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import { openKube } from './support/kube.ts';
import { labelsOf, podAt, type Simulation } from './support/objects.ts';
import { until, untilGone } from './support/watch.ts';

const kube = await openKube();
const namespace = await kube.namespace();

interface Row {
  readonly name: string;
  readonly simulation: Simulation;
  /** The Pod's status in the end. */
  readonly status: unknown;
  readonly condition?: unknown;
  readonly spec?: object;
}

const terminated = (exitCode: number, reason: string): unknown => [{ name: 'agent', state: { terminated: { exitCode, reason } } }];

const ROWS: readonly Row[] = [
  { name: 'defaults', simulation: {}, status: { phase: 'Succeeded', containerStatuses: terminated(0, 'Completed') } },
  {
    name: 'fail',
    simulation: { outcome: 'fail', 'run-for': '0s' },
    status: { phase: 'Failed', containerStatuses: terminated(1, 'Error') },
  },
  {
    name: 'fail-7',
    simulation: { outcome: 'fail', 'exit-code': '7', 'run-for': '500ms' },
    status: { phase: 'Failed', containerStatuses: terminated(7, 'Error') },
  },
  {
    name: 'out-of-memory',
    simulation: { outcome: 'out-of-memory', 'run-for': '0s' },
    status: { phase: 'Failed', containerStatuses: terminated(137, 'OOMKilled') },
  },
  {
    name: 'evicted',
    simulation: { outcome: 'evicted', 'run-for': '0s' },
    status: { phase: 'Failed', reason: 'Evicted', containerStatuses: terminated(137, 'Error') },
    condition: { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' },
  },
  {
    name: 'preempted',
    simulation: { outcome: 'preempted', 'run-for': '0s' },
    status: { phase: 'Failed', reason: 'Preempting' },
    condition: { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' },
  },
  {
    name: 'image-pull',
    simulation: { outcome: 'image-pull' },
    status: { phase: 'Pending', containerStatuses: [{ state: { waiting: { reason: 'ImagePullBackOff' } } }] },
  },
  {
    name: 'image-pull-again',
    simulation: { 'pull-failures': '1', 'run-for': '0s' },
    status: { phase: 'Succeeded', containerStatuses: terminated(0, 'Completed') },
  },
  {
    name: 'invalid-image',
    simulation: { outcome: 'invalid-image' },
    status: { phase: 'Pending', containerStatuses: [{ state: { waiting: { reason: 'InvalidImageName' } } }] },
  },
  {
    name: 'config-error',
    simulation: { outcome: 'config-error' },
    status: { phase: 'Pending', containerStatuses: [{ state: { waiting: { reason: 'CreateContainerConfigError' } } }] },
  },
  {
    name: 'rejected',
    simulation: { outcome: 'rejected' },
    status: { phase: 'Failed', reason: 'OutOfcpu' },
  },
  {
    name: 'node-shutdown',
    simulation: { outcome: 'node-shutdown', 'run-for': '0s' },
    status: { phase: 'Failed', reason: 'Terminated', containerStatuses: terminated(143, 'Error') },
    condition: { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' },
  },
  {
    name: 'init-fails',
    simulation: { outcome: 'fail', 'exit-code': '3', container: 'two', 'run-for': '1s' },
    status: {
      phase: 'Failed',
      initContainerStatuses: [
        { name: 'one', state: { terminated: { exitCode: 0 } } },
        { name: 'two', state: { terminated: { exitCode: 3, reason: 'Error' } } },
        { name: 'three', state: { waiting: { reason: 'PodInitializing' } } },
      ],
      containerStatuses: [{ state: { waiting: { reason: 'PodInitializing' } } }],
    },
  },
  {
    name: 'init-image',
    simulation: { outcome: 'image-pull', container: 'one' },
    status: { phase: 'Pending', initContainerStatuses: [{ name: 'one', state: { waiting: { reason: 'ImagePullBackOff' } } }] },
  },
  {
    name: 'init-succeeds',
    simulation: { container: 'two', 'run-for': '1s' },
    status: { phase: 'Succeeded', containerStatuses: terminated(0, 'Completed') },
  },
  {
    name: 'init-hangs',
    simulation: { outcome: 'never', container: 'two' },
    status: { phase: 'Failed', reason: 'DeadlineExceeded', initContainerStatuses: [{}, { state: { terminated: { exitCode: 137 } } }] },
    spec: { activeDeadlineSeconds: 4 },
  },
  {
    name: 'unschedulable',
    simulation: { outcome: 'unschedulable' },
    status: { phase: 'Pending' },
    condition: { type: 'PodScheduled', status: 'False', reason: 'Unschedulable' },
  },
];

/** What people's labels make of a Pod; the memory cluster's kubelet reads the same. */
describe('a Pod on a simulated node', () => {
  it.concurrent.each(ROWS)('$name', async ({ name, simulation, status, condition, spec }) => {
    const inits = name.startsWith('init-') ? { initContainers: ['one', 'two', 'three'].map((each) => ({ name: each, image: 'i:1' })) } : {};
    await create(name, simulation, 30, { ...inits, ...spec });
    const pod = await until<Pod>(
      kube.cluster,
      podAt(namespace, name),
      'to be as told',
      (seen) => matches(seen.status, status) && hasCondition(seen, condition),
    );
    if (name === 'defaults') expect(runSeconds(pod)).toBeGreaterThanOrEqual(2);
  });

  it.concurrent('is told of its end on SIGTERM by its labels, within its grace', async () => {
    await create('polite', { outcome: 'never', 'stop-after': '1s', 'stop-exit-code': '0' }, 30);
    await create('stubborn', { outcome: 'never', 'stop-after': '1m' }, 2);
    for (const name of ['polite', 'stubborn']) {
      await until<Pod>(kube.cluster, podAt(namespace, name), 'to run', ({ status }) => status?.phase === 'Running');
      await kube.api.expect('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}`);
    }
    const ended = (name: string, phase: string): Promise<Pod> =>
      until<Pod>(kube.cluster, podAt(namespace, name), 'to have ended', ({ status }) => status?.phase === phase);
    const [polite, stubborn] = await Promise.all([ended('polite', 'Succeeded'), ended('stubborn', 'Failed')]);
    expect(polite.status?.containerStatuses).toMatchObject(terminated(0, 'Completed') as object[]);
    expect(stubborn.status?.containerStatuses).toMatchObject(terminated(137, 'Error') as object[]);
    await Promise.all([untilGone(kube.cluster, podAt(namespace, 'polite')), untilGone(kube.cluster, podAt(namespace, 'stubborn'))]);
  });

  it.concurrent('is ended by a deadline that is patched in, and stays', async () => {
    await create('deadline', { outcome: 'never', 'stop-exit-code': '0' });
    await until<Pod>(kube.cluster, podAt(namespace, 'deadline'), 'to run', ({ status }) => status?.phase === 'Running');
    await kube.api.expect('PATCH', `/api/v1/namespaces/${namespace}/pods/deadline`, { spec: { activeDeadlineSeconds: 1 } });
    const pod = await until<Pod>(kube.cluster, podAt(namespace, 'deadline'), 'to have ended', ({ status }) => status?.phase === 'Failed');
    expect(pod.status).toMatchObject({ reason: 'DeadlineExceeded', containerStatuses: terminated(0, 'Completed') });
  });

  it.concurrent('gives its log while it runs, to its end for one who follows it, and not once its deletion has ended it', async () => {
    await create('talks', { 'run-for': '9s', 'stop-after': '1s' }, 30, {}, { 'sim.kubeopencode.io/log': 'one\ntwo\nthree\n' });
    const path = `/api/v1/namespaces/${namespace}/pods/talks`;
    await until<Pod>(kube.cluster, podAt(namespace, 'talks'), 'to run', ({ status }) => status?.phase === 'Running');
    await kube.api.expect('PATCH', path, { metadata: { finalizers: ['example.com/held'] } });
    const followed = kube.api.call('GET', `${path}/log?container=agent&follow=true`);
    await new Promise((resolve) => setTimeout(resolve, 3_300));
    await kube.api.expect('DELETE', path);
    expect(await followed).toEqual({ code: 200, text: 'one\ntwo\n' });
    const gone = await kube.api.call('GET', `${path}/log?container=agent`);
    expect(gone).toEqual({ code: 200, text: expect.stringMatching(/^unable to retrieve container logs for containerd:/) });
    await kube.api.expect('PATCH', path, { metadata: { finalizers: null } });
  });

  it.concurrent('is deleted while an init container runs: that is told as well', async () => {
    const inits = { initContainers: ['one', 'two'].map((each) => ({ name: each, image: 'i:1' })) };
    const initStates = (seen: Pod): unknown => seen.status?.initContainerStatuses?.map(({ state }) => Object.keys(state ?? {})[0]);
    for (const [name, seconds] of [
      ['early', '1s'],
      ['early-deaf', '1m'],
    ] as const) {
      await create(name, { outcome: 'never', container: 'two', 'stop-after': seconds, 'stop-exit-code': '3' }, 2, inits);
      await until<Pod>(kube.cluster, podAt(namespace, name), 'to prepare', (seen) => String(initStates(seen)) === 'terminated,running');
      await kube.api.expect('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}`);
    }
    const ended = (name: string): Promise<Pod> =>
      until<Pod>(kube.cluster, podAt(namespace, name), 'to have ended', ({ status }) => status?.phase === 'Failed');
    const [early, deaf] = await Promise.all([ended('early'), ended('early-deaf')]);
    expect(early.status?.initContainerStatuses?.[1]?.state?.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
    expect(deaf.status?.initContainerStatuses?.[1]?.state?.terminated).toMatchObject({ exitCode: 137, reason: 'Error' });
  });

  it.concurrent('that is not up has none, and the kubelet says why', async () => {
    await create('mute', { outcome: 'image-pull' });
    await until<Pod>(kube.cluster, podAt(namespace, 'mute'), 'to wait', ({ status }) => status?.containerStatuses !== undefined);
    const { code, text } = await kube.api.call('GET', `/api/v1/namespaces/${namespace}/pods/mute/log?container=agent`);
    expect(code).toBe(400);
    expect(JSON.parse(text).message).toMatch(/^container "agent" in pod "mute" is waiting to start: /);
  });

  it.concurrent('lives as long as it is told, though it is changed meanwhile', async () => {
    await create('changed', { 'run-for': '3s' });
    await until<Pod>(kube.cluster, podAt(namespace, 'changed'), 'to run', ({ status }) => status?.phase === 'Running');
    for (const color of ['red', 'green', 'blue']) {
      await new Promise((resolve) => setTimeout(resolve, 700));
      await kube.api.expect('PATCH', `/api/v1/namespaces/${namespace}/pods/changed`, { metadata: { annotations: { color } } });
    }
    const pod = await until<Pod>(kube.cluster, podAt(namespace, 'changed'), 'to have ended', ({ status }) => status?.phase === 'Succeeded');
    expect(runSeconds(pod)).toBeLessThanOrEqual(4);
  });
});

async function create(
  name: string,
  simulation: Simulation,
  terminationGracePeriodSeconds = 30,
  spec: object = {},
  annotations: Readonly<Record<string, string>> = {},
): Promise<void> {
  await kube.api.expect('POST', `/api/v1/namespaces/${namespace}/pods`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: labelsOf(simulation), annotations },
    spec: { restartPolicy: 'Never', terminationGracePeriodSeconds, containers: [{ name: 'agent', image: 'agent:1' }], ...spec },
  });
}

function runSeconds(pod: Pod): number {
  const ended = pod.status?.containerStatuses?.[0]?.state?.terminated;
  return (Date.parse(ended?.finishedAt ?? '') - Date.parse(ended?.startedAt ?? '')) / 1_000;
}

function hasCondition(pod: Pod, wanted: unknown): boolean {
  return wanted === undefined || pod.status?.conditions?.some((condition) => matches(condition, wanted)) === true;
}

/** Whether everything that is wanted is there; more may be. */
function matches(seen: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return seen === wanted;
  if (typeof seen !== 'object' || seen === null) return false;
  return Object.entries(wanted).every(([key, value]) => matches((seen as Record<string, unknown>)[key], value));
}
