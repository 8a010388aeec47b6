import { describe, expect, it } from 'vitest';
import type { Task } from '#core/api/task.ts';
import { hosts } from './support/host.ts';
import { openKube } from './support/kube.ts';
import { conditionOf, create, fare, isFinished, ok, podAt, task, taskAt, template } from './support/objects.ts';
import { until, untilGone } from './support/watch.ts';

const kube = await openKube();
const namespace = await kube.namespace();
const metered = await kube.namespace();
await hosts().start({ namespaces: [namespace, metered] });

const seen = (name: string, what: string, isSo: (task: Task) => boolean): Promise<Task> =>
  until<Task>(kube.cluster, taskAt(namespace, name), what, isSo);
const finished = (name: string): Promise<Task> => seen(name, 'to be finished', isFinished);
const isBlocked = (task: Task): boolean => conditionOf(task, 'PodBlocked').startsWith('True/');
const secondsBetween = (from: string | undefined, to: string | undefined): number =>
  (Date.parse(to ?? '') - Date.parse(from ?? '')) / 1_000;

describe('a Pod that can’t run', () => {
  it.concurrent('says so at once, with the registry’s words, and no more when it can', async () => {
    await create(kube.cluster, template(namespace, 'pulls', { 'pull-failures': '1', 'run-for': '1s' }), task(namespace, 'pulls'));
    const blocked = await seen('pulls', 'to be blocked', isBlocked);
    expect(conditionOf(blocked, 'PodBlocked')).toBe('True/ImagePull');
    expect(blocked.status).toMatchObject({
      phase: 'Running',
      cause: 'Image',
      message: expect.stringMatching(/image \S+ can't be pulled: .*not found/),
    });
    const since = blocked.status?.conditions?.find(({ type }) => type === 'PodBlocked')?.lastTransitionTime;
    expect(secondsBetween(blocked.status?.times?.podCreated, since)).toBeLessThanOrEqual(3);
    const runs = await seen('pulls', 'to run', (task) => !isBlocked(task));
    expect(conditionOf(runs, 'PodBlocked')).toBe('False/Unblocked');
    expect(runs.status?.cause).toBeUndefined();
    expect(runs.status?.message).toBeUndefined();
    expect((await finished('pulls')).status).toMatchObject({ phase: 'Completed', attemptCount: 1 });
    const events = await kube.kubectl([
      '-n',
      namespace,
      'get',
      'events',
      '--field-selector',
      'involvedObject.name=pulls',
      '-o',
      'jsonpath={.items[*].reason}',
    ]);
    expect(events.split(' ').sort()).toEqual(['Completed', 'PodBlocked', 'PodCreated']);
  });

  it.concurrent('waits for ever unless its Task says otherwise; each reason has a clock of its own', async () => {
    const pendingTimeouts = { imagePull: '1s', configuration: '1s' };
    await create(
      kube.cluster,
      template(namespace, 'patient', { outcome: 'unschedulable' }),
      task(namespace, 'patient', { pendingTimeouts }),
    );
    const blocked = await seen('patient', 'to be blocked', isBlocked);
    expect(conditionOf(blocked, 'PodBlocked')).toBe('True/Unschedulable');
    expect(blocked.status).toMatchObject({
      cause: 'Unschedulable',
      message: expect.stringMatching(/no node takes pod patient-pod: 0 of \d nodes: /),
    });
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const still = (await ok(kube.cluster.get(taskAt(namespace, 'patient')))) as Task;
    expect(still.status?.phase).toBe('Running');
    // The word of a live Task counts.
    const patch = '{"spec":{"pendingTimeouts":{"unschedulable":"1s"}}}';
    await kube.kubectl(['-n', namespace, 'patch', 'task', 'patient', '--type=merge', '-p', patch]);
    expect((await finished('patient')).status).toMatchObject({ phase: 'Failed', cause: 'Unschedulable' });
    await untilGone(kube.cluster, podAt(namespace, 'patient-pod'));
  });

  it.concurrent('given up after its time, and tried again when its Task says so', async () => {
    const spec = { pendingTimeouts: { configuration: '2s' }, retry: { limit: 1, backoff: { initial: '100ms' } } };
    await create(kube.cluster, template(namespace, 'secretless', { outcome: 'config-error' }), task(namespace, 'secretless', spec));
    const between = await seen('secretless', 'to be tried again', (task) => conditionOf(task, 'Retrying').startsWith('True/'));
    expect(between.status).toMatchObject({ cause: 'Configuration', retries: { limit: 1 }, attempts: [{ cause: 'Configuration' }] });
    const { times } = between.status?.attempts?.[0] ?? {};
    expect(secondsBetween(times?.podCreated, times?.finished)).toBeGreaterThanOrEqual(2);
    expect(secondsBetween(times?.podCreated, times?.finished)).toBeLessThanOrEqual(8);
    await fare(kube.cluster, namespace, 'secretless', { outcome: 'succeed', 'run-for': '0s' });
    const { status } = await finished('secretless');
    // The second Pod may have been made before the template was mended.
    expect(status?.attempts?.at(-1)).toMatchObject({ number: 2 });
  });
});

describe('a quota that is used up', () => {
  it('is told, and not final: the Task starts when there is room, and its time counts from then', async () => {
    const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'pods' }, spec: { hard: { pods: '0' } } };
    const quotas = `/api/v1/namespaces/${metered}/resourcequotas`;
    await kube.api.expect('POST', quotas, quota);
    await quotaCounts(quotas);
    await create(kube.cluster, template(metered, 'rationed', { 'run-for': '1s' }), task(metered, 'rationed', { timeout: '3s' }));
    const address = taskAt(metered, 'rationed');
    const waiting = await until<Task>(kube.cluster, address, 'to say why it waits', (task) => conditionOf(task, 'Ready') !== '');
    expect(conditionOf(waiting, 'Ready')).toBe('False/PodCreationError');
    expect(waiting.status).toMatchObject({ phase: 'Pending', message: expect.stringMatching(/exceeded quota: pods/) });
    expect(waiting.status?.startTime).toBeUndefined();
    // Longer than its timeout.
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect(((await ok(kube.cluster.get(address))) as Task).status?.phase).toBe('Pending');
    await kube.api.expect('PATCH', `${quotas}/pods`, { spec: { hard: { pods: '10' } } });
    const { status } = await until<Task>(kube.cluster, address, 'to be finished', isFinished, 90_000);
    expect(status).toMatchObject({ phase: 'Completed', attemptCount: 1 });
  });
});

/** A quota refuses nothing before its controller has counted. */
async function quotaCounts(quotas: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const { status } = (await kube.api.expect('GET', `${quotas}/pods`)) as { status?: { used?: object } };
    if (status?.used !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('waiting for the quota: expected it to count within 10 s');
}
