import { describe, expect, it } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import type { Task, TaskSpec } from '#core/api/task.ts';
import { POD_FINALIZER } from '#core/contract/names.ts';
import { hosts } from './support/host.ts';
import { openKube } from './support/kube.ts';
import { create, isPodRunning, isRunning, labelsOf, ok, podAt, type Simulation, task, taskAt, template } from './support/objects.ts';
import { shell } from './support/shell.ts';
import { until, untilFinished, untilGone, untilPodRuns } from './support/watch.ts';

const kube = await openKube();
const starter = hosts();

/** Runs `kubectl opencode` in a namespace; what it prints, stderr too. */
const opencode = (namespace: string, ...words: readonly string[]): Promise<string> =>
  shell(`kubectl opencode ${words.join(' ')} -n ${namespace} 2>&1`);

async function put(namespace: string, name: string, simulation: Simulation, spec: Partial<TaskSpec> = {}): Promise<void> {
  await create(kube.cluster, template(namespace, name, simulation), task(namespace, name, spec));
}

async function running(namespace: string, name: string, simulation: Simulation = {}): Promise<void> {
  await put(namespace, name, { outcome: 'never', ...simulation });
  await until<Task>(kube.cluster, taskAt(namespace, name), 'to run', isRunning);
  await untilPodRuns(kube.cluster, namespace, name);
}

const finished = (namespace: string, name: string): Promise<Task> => untilFinished(kube.cluster, namespace, name);

describe('kubectl opencode retry', () => {
  it('gives a failed Task one more attempt, waits for it, and exits as the agent does', async () => {
    const namespace = await kube.namespace();
    await starter.start({ namespaces: [namespace] });
    await put(namespace, 'fix', { outcome: 'fail', 'exit-code': '3', 'run-for': '1s' });
    await finished(namespace, 'fix');
    await expect(opencode(namespace, 'retry', 'fix', '--wait')).rejects.toMatchObject({ code: 3 });
    const patch = { spec: { podSpec: { labels: { ...labelsOf({ outcome: 'succeed', 'run-for': '1s' }) } } } };
    await ok(kube.cluster.patch({ kind: 'AgentTemplate', namespace, name: 'fix' }, patch, { patchType: 'merge' }));
    const said = await opencode(namespace, 'retry', 'fix', '--wait');
    expect(said).toContain('task.kubeopencode.io/fix attempt 3 asked for\n');
    expect(said).toMatch(/\n\+\d+s {2}Completed\n$/);
    const { status } = await finished(namespace, 'fix');
    expect(status).toMatchObject({ phase: 'Completed', attemptCount: 3 });
    expect(status?.attempts?.map(({ number, podName, exitCode }) => [number, podName, exitCode])).toEqual([
      [1, 'fix-pod', 3],
      [2, 'fix-pod-2', 3],
      [3, 'fix-pod-3', 0],
    ]);
    // What has succeeded is not done again.
    await expect(opencode(namespace, 'retry', 'fix')).rejects.toMatchObject({ stdout: expect.stringContaining('it has succeeded') });
  });

  it('begins again what was stopped, and asking twice is asking once', async () => {
    const namespace = await kube.namespace();
    await starter.start({ namespaces: [namespace] });
    await running(namespace, 'halted');
    await opencode(namespace, 'stop', 'halted', '--wait');
    const asked = await Promise.all([1, 2].map(() => opencode(namespace, 'retry', 'halted')));
    for (const said of asked) expect(said).toMatch(/attempt 2 (was )?asked for/);
    const { metadata, status } = await until<Task>(kube.cluster, taskAt(namespace, 'halted'), 'to run', isRunning);
    expect(metadata.annotations?.['kubeopencode.io/stop']).toBeUndefined();
    expect(status).toMatchObject({ podName: 'halted-pod-2', attemptCount: 2, attempts: [{ number: 1, cause: 'Stopped' }] });
    expect(await opencode(namespace, 'retry', 'halted')).toContain('unchanged: attempt 2 was asked for before, and has not ended yet');
  });
});

describe('kubectl opencode logs', () => {
  it('reads what was kept of a Pod that a stop has deleted, and of each attempt its own', async () => {
    const namespace = await kube.namespace();
    await starter.start({ namespaces: [namespace] });
    await running(namespace, 'talks');
    await opencode(namespace, 'stop', 'talks', '--wait');
    await untilGone(kube.cluster, podAt(namespace, 'talks-pod'));
    const said = await opencode(namespace, 'logs', 'talks');
    expect(said).toMatch(/^attempt 1, pod talks-pod, container agent: its whole log of \d+ bytes, kept in ConfigMap talks-log-\w+\n/);
    expect(said).toContain('agent: started\nagent: ended with exit code 143\n');
    await opencode(namespace, 'retry', 'talks');
    await until<Pod>(kube.cluster, podAt(namespace, 'talks-pod-2'), 'to run', isPodRunning);
    await until<Task>(kube.cluster, taskAt(namespace, 'talks'), 'to run', isRunning);
    expect(await opencode(namespace, 'logs', 'talks')).toBe('agent: started\n');
    expect(await opencode(namespace, 'logs', 'talks', '--previous')).toBe(said);
  });
});

describe('kubectl opencode release', () => {
  it('lets go of what no controller is there for: a namespace goes, and twice does no harm', async () => {
    const namespace = await kube.namespace();
    const host = await starter.start({ namespaces: [namespace] });
    await Promise.all(['one', 'two'].map((name) => running(namespace, name)));
    await put(namespace, 'three', { outcome: 'fail', 'run-for': '1s' });
    await until<Pod>(kube.cluster, podAt(namespace, 'three-pod'), 'to be released', ({ metadata }) => metadata.finalizers === undefined);
    await host.kill('SIGKILL');
    await ok(kube.cluster.delete(podAt(namespace, 'one-pod'), {}));
    await kube.api.expect('DELETE', `/api/v1/namespaces/${namespace}`);
    const isHeld = ({ metadata, status }: Pod): boolean =>
      status?.phase === 'Failed' && metadata.finalizers?.includes(POD_FINALIZER) === true;
    await until<Pod>(kube.cluster, podAt(namespace, 'one-pod'), 'to have ended, and to be held', isHeld);
    await until<Pod>(kube.cluster, podAt(namespace, 'two-pod'), 'to have ended, and to be held', isHeld);
    const held = await opencode(namespace, 'release', '--dry-run', '-o', 'name');
    expect(held.match(/^pod\/.*$/gm)).toEqual(['pod/one-pod', 'pod/two-pod']);
    const said = await opencode(namespace, 'release');
    expect(said).toMatch(/^\S+ +one-pod +Failed, deleting +one( \(orphan: .*\))? +released/m);
    await untilGone(kube.cluster, podAt(namespace, 'one-pod'));
    await untilGone(kube.cluster, podAt(namespace, 'two-pod'));
    await namespaceGone(namespace);
    expect(await opencode(namespace, 'release')).toContain(`No Pod to release in ${namespace} namespace.`);
  });

  it('leaves the finalizers of others, and a Pod that runs runs on', async () => {
    const namespace = await kube.namespace();
    const host = await starter.start({ namespaces: [namespace] });
    await running(namespace, 'shared');
    const finalizers = { metadata: { finalizers: ['example.com/audit'] } };
    await ok(kube.cluster.patch(podAt(namespace, 'shared-pod'), finalizers, { patchType: 'strategic' }));
    await host.kill('SIGKILL');
    expect(await opencode(namespace, 'release', 'shared')).toMatch(/^\S+ +shared-pod +Running +shared +released +how it will end$/m);
    const pod = (await ok(kube.cluster.get(podAt(namespace, 'shared-pod')))) as Pod;
    expect(pod.metadata.finalizers).toEqual(['example.com/audit']);
    expect(isPodRunning(pod)).toBe(true);
    await ok(kube.cluster.patch(podAt(namespace, 'shared-pod'), { metadata: { finalizers: null } }, { patchType: 'merge' }));
  });
});

async function namespaceGone(name: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const { code, text } = await kube.api.call('GET', `/api/v1/namespaces/${name}`);
    if (code === 404) return;
    if (tries === 299) throw new Error(`waiting for the namespace ${name} to be gone: it is ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
