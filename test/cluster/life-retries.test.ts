import { describe, expect, it } from 'vitest';
import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import type { Retry } from '#core/api/retry.ts';
import type { Task } from '#core/api/task.ts';
import { hosts } from './support/host.ts';
import { openKube } from './support/kube.ts';
import {
  conditionOf,
  create,
  fare,
  isFinished,
  isPodRunning,
  ok,
  podAt,
  type Simulation,
  task,
  taskAt,
  template,
} from './support/objects.ts';
import { podBirths, until, untilFinished } from './support/watch.ts';

const kube = await openKube();
const namespace = await kube.namespace();
const starter = hosts();
await starter.start({ namespaces: [namespace] });

// Long enough for a test to see that an attempt has failed and to change what the next one does, on a machine that is busy.
const IN_A_WHILE: Retry = { backoff: { initial: '5s', factor: 1 } };
const AT_ONCE: Retry = { backoff: { initial: '100ms', factor: 1 } };
const FAILS: Simulation = { outcome: 'fail', 'exit-code': '3', 'run-for': '0s' };

const kubectl = (...args: readonly string[]): Promise<string> => kube.kubectl(['-n', namespace, ...args]);
const seen = (name: string, what: string, isSo: (task: Task) => boolean): Promise<Task> =>
  until<Task>(kube.cluster, taskAt(namespace, name), what, isSo);
const finished = (name: string): Promise<Task> => seen(name, 'to be finished', isFinished);
const isBetween = (seenTask: Task): boolean => conditionOf(seenTask, 'Retrying').startsWith('True/');

async function failing(name: string, retry: Retry, simulation: Simulation = FAILS): Promise<void> {
  await create(kube.cluster, template(namespace, name, simulation), task(namespace, name, { retry }));
}

describe('a Task that fails', () => {
  it.concurrent('is tried again as often as its limit says, each time in a Pod of its own, after the one before has ended', async () => {
    await failing('limited', { ...AT_ONCE, limit: 2 });
    const ended = await finished('limited');
    expect(ended.status).toMatchObject({ phase: 'Failed', cause: 'Application', attemptCount: 3, retries: { limit: 2 } });
    const attempts = ended.status?.attempts ?? [];
    expect(attempts).toMatchObject([
      { number: 1, podName: 'limited-pod', cause: 'Application', exitCode: 3 },
      { number: 2, podName: 'limited-pod-2', cause: 'Application', exitCode: 3 },
      { number: 3, podName: 'limited-pod-3', cause: 'Application', exitCode: 3 },
    ]);
    expect(new Set(attempts.map(({ podUID }) => podUID)).size).toBe(3);
    for (const [index, { times }] of attempts.slice(1).entries())
      expect(times?.podCreated?.localeCompare(attempts[index]?.times?.finished ?? '')).toBeGreaterThanOrEqual(0);
    const pods = await Promise.all(attempts.map(({ podName = '' }) => ok(kube.cluster.get(podAt(namespace, podName)))));
    expect(pods.map(({ metadata }) => metadata.annotations?.['kubeopencode.io/attempt'])).toEqual(['1', '2', '3']);
    const events = await kubectl('get', 'events', '--field-selector', 'involvedObject.name=limited', '-o', 'jsonpath={.items[*].reason}');
    expect(events.split(' ').sort()).toEqual(['Failed', 'PodCreated', 'PodCreated', 'PodCreated', 'Retrying', 'Retrying']);
  });

  it.concurrent('says between two attempts why, and when the next is due; what its template says then counts', async () => {
    await failing('mended', { ...IN_A_WHILE, limit: 5 });
    const between = await seen('mended', 'to wait for another attempt', isBetween);
    expect(between.status).toMatchObject({ phase: 'Pending', cause: 'Application', retries: { limit: 1 }, attempts: [{ number: 1 }] });
    expect(conditionOf(between, 'Retrying')).toBe('True/Application');
    expect(between.status?.message).toMatch(/^attempt 1 failed: .*exit code 3.*; retry 1 of 5; the next starts at /);
    const waitMs = Date.parse(between.status?.nextAttemptTime ?? '') - Date.parse(between.status?.attempts?.[0]?.times?.finished ?? '');
    expect(waitMs).toBeGreaterThanOrEqual(5_000);
    await fare(kube.cluster, namespace, 'mended', { outcome: 'succeed' });
    const ended = await finished('mended');
    expect(ended.status).toMatchObject({ phase: 'Completed', attempts: [{ cause: 'Application' }, { number: 2, exitCode: 0 }] });
    expect(ended.status?.cause).toBeUndefined();
    expect(ended.status?.nextAttemptTime).toBeUndefined();
    expect(conditionOf(ended, 'Retrying')).toMatch(/^False\/(Started|Finished)$/);
  });

  it.concurrent('of a cause with a limit of its own does not spend the common one', async () => {
    await failing('hungry', { ...IN_A_WHILE, limit: 1, causes: { OutOfMemory: 1 } }, { outcome: 'out-of-memory', 'run-for': '0s' });
    const between = await seen('hungry', 'to have failed twice', ({ status }) => status?.retries?.causes?.OutOfMemory === 1);
    expect(between.status?.retries).toEqual({ causes: { OutOfMemory: 1 } });
    await fare(kube.cluster, namespace, 'hungry', { outcome: 'fail' });
    const ended = await finished('hungry');
    expect(ended.status).toMatchObject({ phase: 'Failed', cause: 'Application', retries: { causes: { OutOfMemory: 1 }, limit: 1 } });
    expect(ended.status?.attempts?.map(({ cause }) => cause)).toEqual(['OutOfMemory', 'Application', 'Application']);
  });

  it.concurrent('of a cause that is not to be tried again is final', async () => {
    await failing('final', { ...AT_ONCE, limit: 5, causes: { Application: 0 } });
    expect((await finished('final')).status).toMatchObject({ phase: 'Failed', attemptCount: 1, attempts: [{ exitCode: 3 }] });
  });

  it.concurrent('and is stopped before the next attempt is due, starts no more', async () => {
    await failing('halted', { limit: 3, backoff: { initial: '1h', max: '2h' } });
    const between = await seen('halted', 'to wait for another attempt', isBetween);
    expect(Date.parse(between.status?.nextAttemptTime ?? '')).toBeGreaterThan(Date.now() + 3_500_000);
    await kubectl('annotate', 'task', 'halted', 'kubeopencode.io/stop=true');
    const ended = await finished('halted');
    expect(ended.status).toMatchObject({ phase: 'Completed', cause: 'Stopped' });
    expect(ended.status?.attempts).toMatchObject([{ number: 1, podName: 'halted-pod', cause: 'Application' }]);
    expect(await kube.cluster.get(podAt(namespace, 'halted-pod-2'))).toMatchObject({ ok: false, error: { code: 404 } });
  });
});

describe('a Pod that the platform ends before its agent has started', () => {
  it.concurrent('refused by its node: is replaced for nothing', async () => {
    await failing('refused', { backoff: { initial: '1s', factor: 1 } }, { outcome: 'rejected' });
    await seen('refused', 'to be replaced', ({ status }) => (status?.retries?.unstarted ?? 0) >= 2);
    await fare(kube.cluster, namespace, 'refused', { outcome: 'succeed', 'run-for': '0s' });
    const { status } = await finished('refused');
    expect(status?.phase).toBe('Completed');
    expect(Object.keys(status?.retries ?? {})).toEqual(['unstarted']);
    expect(status?.attempts?.slice(0, 2)).toMatchObject([{ cause: 'Unschedulable' }, { cause: 'Unschedulable' }]);
  });

  it.concurrent('evicted while an init container ran: is replaced for nothing; once the agent has run it costs', async () => {
    await failing('evicted', { ...AT_ONCE, limit: 1 }, { outcome: 'never', container: 'context-init', 'stop-after': '1s' });
    const evict = (pod: string): Promise<unknown> => {
      const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace } };
      return kube.api.expect('POST', `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`, eviction);
    };
    await until<Pod>(kube.cluster, podAt(namespace, 'evicted-pod'), 'to prepare', ({ status }) =>
      (status?.initContainerStatuses ?? []).some(({ name, state }) => name === 'context-init' && state?.running !== undefined),
    );
    await fare(kube.cluster, namespace, 'evicted', { container: 'agent' });
    await evict('evicted-pod');
    const second = await until<Pod>(kube.cluster, podAt(namespace, 'evicted-pod-2'), 'to run', isPodRunning);
    const between = (await ok(kube.cluster.get(taskAt(namespace, 'evicted')))) as Task;
    expect(between.status).toMatchObject({ retries: { unstarted: 1 }, attempts: [{ number: 1, cause: 'Evicted' }] });
    expect(between.status?.retries?.limit).toBeUndefined();
    await evict(second.metadata.name);
    await until<Pod>(kube.cluster, podAt(namespace, 'evicted-pod-3'), 'to run', isPodRunning);
    await evict('evicted-pod-3');
    const { status } = await finished('evicted');
    expect(status).toMatchObject({ phase: 'Failed', cause: 'Evicted', attemptCount: 3, retries: { unstarted: 1, limit: 1 } });
  });
});

describe('another attempt by hand', () => {
  it.concurrent('is asked for by its number; another number does nothing', async () => {
    await failing('by-hand', {});
    const failed = await finished('by-hand');
    expect(failed.status).toMatchObject({ phase: 'Failed', attemptCount: 1 });
    await fare(kube.cluster, namespace, 'by-hand', { outcome: 'succeed' });
    await kubectl('annotate', 'task', 'by-hand', 'kubeopencode.io/retry=5');
    await kubectl('annotate', 'task', 'by-hand', 'kubeopencode.io/retry=2', '--overwrite');
    const done = await seen('by-hand', 'to be completed', ({ status }) => status?.phase === 'Completed');
    expect(done.status).toMatchObject({
      attemptCount: 2,
      attempts: [{ exitCode: 3 }, { number: 2, podName: 'by-hand-pod-2', exitCode: 0 }],
    });
    expect(conditionOf(done, 'Finished')).toBe('True/Completed');
    expect(done.status?.message).toBeUndefined();
    expect(await kube.cluster.get(podAt(namespace, 'by-hand-pod-5'))).toMatchObject({ ok: false, error: { code: 404 } });
  });
});

describe('a host that is killed with -9 between two attempts', () => {
  it.concurrent('pays for each once, and makes no Pod twice', async () => {
    const other = await kube.namespace();
    const births = await podBirths(kube.cluster, other);
    const retry: Retry = { limit: 2, backoff: { initial: '1s', factor: 1 } };
    const first = await starter.start({ namespaces: [other] });
    await create(kube.cluster, template(other, 'crash', FAILS), task(other, 'crash', { retry }));
    await until<Task>(kube.cluster, taskAt(other, 'crash'), 'to wait for another attempt', isBetween);
    await first.kill('SIGKILL');
    const second = await starter.start({ namespaces: [other] });
    await until<KubernetesObject>(kube.cluster, podAt(other, 'crash-pod-2'), 'to exist', () => true);
    await second.kill('SIGKILL');
    await starter.start({ namespaces: [other] });
    const { status } = await untilFinished(kube.cluster, other, 'crash');
    expect(status).toMatchObject({ phase: 'Failed', attemptCount: 3, retries: { limit: 2 } });
    expect(status?.attempts?.map(({ number, exitCode }) => [number, exitCode])).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
    expect(births.stop()).toEqual(['crash-pod', 'crash-pod-2', 'crash-pod-3']);
  });
});
