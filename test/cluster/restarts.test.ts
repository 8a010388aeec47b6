import { afterAll, describe, expect, it } from 'vitest';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { hosts } from './support/host.ts';
import { HOST_ACCOUNT } from './support/info.ts';
import { openKube } from './support/kube.ts';
import { create, isFinished, isRunning, ok, podAt, task, taskAt, template } from './support/objects.ts';
import { openProxy } from './support/proxy.ts';
import { podBirths, until, untilAll, untilFinished } from './support/watch.ts';

const kube = await openKube();
const starter = hosts();
const proxy = await openProxy();
afterAll(() => proxy.close());

const isStatusWrite = ({ method, path }: { method: string; path: string }): boolean => method === 'PATCH' && path.endsWith('/status');
const isPodCreation = ({ method, path }: { method: string; path: string }): boolean => method === 'POST' && path.endsWith('/pods');

describe('a host that is killed with -9', () => {
  it('between the creation of the Pod and the status write: no second Pod, right status after the restart', async () => {
    const namespace = await kube.namespace();
    const births = await podBirths(kube.cluster, namespace);
    proxy.judge((call) => ({ type: isStatusWrite(call) ? 'Stall' : 'Pass' }));
    // Before the host starts: a Task that it saw before its template would have to say so first.
    await create(kube.cluster, template(namespace, 'crash', { 'run-for': '3s' }));
    const first = await starter.start({ namespaces: [namespace], server: proxy.url });
    await create(kube.cluster, task(namespace, 'crash'));
    await until<KubernetesObject>(kube.cluster, podAt(namespace, 'crash-pod'), 'to exist', () => true);
    expect(await first.kill('SIGKILL')).toBe('signal SIGKILL');
    expect(((await ok(kube.cluster.get(taskAt(namespace, 'crash')))) as Task).status?.podName).toBeUndefined();

    await starter.start({ namespaces: [namespace] });
    const noted = await until<Task>(
      kube.cluster,
      taskAt(namespace, 'crash'),
      'to name its Pod',
      ({ status }) => status?.podName !== undefined,
    );
    expect(noted.status?.podName).toBe('crash-pod');
    const { status } = await untilFinished(kube.cluster, namespace, 'crash');
    expect(status).toMatchObject({ phase: 'Completed', attemptCount: 1 });
    expect(births.stop()).toEqual(['crash-pod']);
  });

  it('between the end of the Pod and the status write: the end is judged after the restart', async () => {
    const namespace = await kube.namespace();
    proxy.judge(() => ({ type: 'Pass' }));
    const first = await starter.start({ namespaces: [namespace], server: proxy.url });
    await create(
      kube.cluster,
      template(namespace, 'late', { outcome: 'fail', 'exit-code': '9', 'run-for': '2s' }),
      task(namespace, 'late'),
    );
    await until<Task>(kube.cluster, taskAt(namespace, 'late'), 'to run', isRunning);
    proxy.judge((call) => ({ type: isStatusWrite(call) ? 'Stall' : 'Pass' }));
    await until<KubernetesObject & { status?: { phase?: string } }>(
      kube.cluster,
      podAt(namespace, 'late-pod'),
      'to have ended',
      ({ status }) => status?.phase === 'Failed',
    );
    await first.kill('SIGKILL');

    await starter.start({ namespaces: [namespace] });
    const { status } = await untilFinished(kube.cluster, namespace, 'late');
    expect(status).toMatchObject({ phase: 'Failed', cause: 'Application', attempts: [{ number: 1, exitCode: 9 }] });
  });
});

describe('an answer that never comes', () => {
  it('to the creation of the Pod: one Pod all the same', async () => {
    const namespace = await kube.namespace();
    const births = await podBirths(kube.cluster, namespace);
    let lost = 0;
    proxy.judge((call) => {
      if (!isPodCreation(call) || lost > 0) return { type: 'Pass' };
      lost += 1;
      return { type: 'LoseAnswer' };
    });
    await starter.start({ namespaces: [namespace], server: proxy.url });
    await create(kube.cluster, template(namespace, 'lost', { 'run-for': '1s' }), task(namespace, 'lost'));
    const { status } = await untilFinished(kube.cluster, namespace, 'lost');
    expect(status?.phase).toBe('Completed');
    expect(lost).toBe(1);
    expect(births.stop()).toEqual(['lost-pod']);
  });
});

describe('two replicas', () => {
  const ELECTION = [
    '--leader-elect',
    'true',
    '--leader-elect-lease-duration',
    '4s',
    '--leader-elect-renew-deadline',
    '3s',
    '--leader-elect-retry-period',
    '500ms',
  ];
  const lease = (name: string) => ({ kind: 'Lease', namespace: HOST_ACCOUNT.namespace, name }) as const;
  const flagsFor = (name: string): string[] => [...ELECTION, '--leader-elect-lease-name', name];
  const holder = (object: KubernetesObject): string => (object as { spec?: { holderIdentity?: string } }).spec?.holderIdentity ?? '';

  it('the leader dies at work: the other takes over, every Task ends well, with one Pod each', async () => {
    const namespace = await kube.namespace();
    const births = await podBirths(kube.cluster, namespace);
    const flags = flagsFor('takeover');
    const first = await starter.start({ namespaces: [namespace], flags });
    const leader = holder(await until(kube.cluster, lease('takeover'), 'to be held', (object) => holder(object) !== ''));
    const second = await starter.start({ namespaces: [namespace], flags });
    await create(kube.cluster, template(namespace, 'bulk', { 'run-for': '1s' }));
    const names = Array.from({ length: 30 }, (_, index) => `bulk-${index}`);
    await Promise.all(names.map((name) => create(kube.cluster, task(namespace, name, { templateRef: { name: 'bulk' } }))));
    await untilAll<Task>(kube.cluster, { kind: 'Task', namespace }, 'to be partly started', (tasks) => tasks.filter(isRunning).length >= 5);
    await first.kill('SIGKILL');
    const all = await untilAll<Task>(
      kube.cluster,
      { kind: 'Task', namespace },
      'to be finished',
      (tasks) => tasks.every(isFinished),
      60_000,
    );
    expect(all.filter(({ status }) => status?.phase !== 'Completed')).toEqual([]);
    expect(births.stop()).toHaveLength(names.length);
    expect(holder(await ok(kube.cluster.get(lease('takeover'))))).not.toBe(leader);
    expect(await second.kill('SIGTERM')).toBe('exit code 0');
  });

  it('the leader is asked to end: it gives the lease back, and the other leads within a retry period', async () => {
    const namespace = await kube.namespace();
    const flags = flagsFor('handover');
    const first = await starter.start({ namespaces: [namespace], flags });
    const leader = holder(await until(kube.cluster, lease('handover'), 'to be held', (object) => holder(object) !== ''));
    await starter.start({ namespaces: [namespace], flags });
    const askedMs = performance.now();
    expect(await first.kill('SIGTERM')).toBe('exit code 0');
    await until(kube.cluster, lease('handover'), 'to have another holder', (object) => holder(object) !== '' && holder(object) !== leader);
    // The lease itself would have lasted 4 s.
    expect(performance.now() - askedMs).toBeLessThan(3_500);
    await create(kube.cluster, template(namespace, 'after', { 'run-for': '1s' }), task(namespace, 'after'));
    expect((await untilFinished(kube.cluster, namespace, 'after')).status?.phase).toBe('Completed');
  });

  it('a Pod watch that lags behind the Task watch after a hand-over fails no Task', async () => {
    const namespace = await kube.namespace();
    const births = await podBirths(kube.cluster, namespace);
    const first = await starter.start({ namespaces: [namespace] });
    await create(kube.cluster, template(namespace, 'lagged', { 'run-for': '8s' }));
    const before = await ok(kube.cluster.list({ kind: 'Pod', namespace }));
    await create(kube.cluster, task(namespace, 'lagged'));
    await until<Task>(kube.cluster, taskAt(namespace, 'lagged'), 'to run', isRunning);
    await first.kill('SIGKILL');

    // The next leader's list of Pods is from before the Pod was made, as a cache that lags answers, and its watch stays silent.
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let lags = true;
    let stale = 0;
    proxy.judge(({ method, path, isWatch }) => {
      if (!lags || method !== 'GET' || !path.endsWith(`/namespaces/${namespace}/pods`)) return { type: 'Pass' };
      if (isWatch) return { type: 'Hold', until: released };
      stale += 1;
      const metadata = { resourceVersion: before.resourceVersion };
      return { type: 'Answer', code: 200, body: { apiVersion: 'v1', kind: 'PodList', metadata, items: [] } };
    });
    const second = starter.start({ namespaces: [namespace], server: proxy.url });
    // Whatever it decides without the Pod, it has the time for it.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const meanwhile = (await ok(kube.cluster.get(taskAt(namespace, 'lagged')))) as Task;
    expect(meanwhile.status).toMatchObject({ phase: 'Running', podName: 'lagged-pod' });
    expect(stale).toBeGreaterThan(0);
    lags = false;
    release();
    await second;
    const { status } = await untilFinished(kube.cluster, namespace, 'lagged');
    expect(status).toMatchObject({ phase: 'Completed', attemptCount: 1 });
    expect(births.stop()).toEqual(['lagged-pod']);
  });
});
