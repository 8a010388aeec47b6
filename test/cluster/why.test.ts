import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import type { Why } from '#plugin/contract/why.ts';
import type { WhyChange } from '#plugin/contract/why-changes.ts';
import { writeKubeconfig } from '#scripts/cluster/kubeconfig.ts';
import { hosts } from './support/host.ts';
import { clusterInfo, HOST_ACCOUNT } from './support/info.ts';
import { openKube } from './support/kube.ts';
import { agent, conditionOf, create, isFinished, isRunning, podAt, task, taskAt, template } from './support/objects.ts';
import { shell } from './support/shell.ts';
import { until } from './support/watch.ts';

const LEASE = 'why-test';
const kube = await openKube();
const namespace = await kube.namespace();
const small = await kube.namespace();
const host = await hosts().start({ namespaces: [namespace, small], flags: ['--leader-elect', '--leader-elect-lease-name', LEASE] });

/** `kubectl opencode why -o json`, through the real kubectl. */
async function why(name: string, where = namespace, kubeconfig?: string): Promise<Why> {
  const flags = `--leader-elect-namespace ${HOST_ACCOUNT.namespace} --leader-elect-lease-name ${LEASE}`;
  return JSON.parse(await shell(`kubectl opencode why ${name} -n ${where} -o json ${flags}`, kubeconfig));
}

/** The nearest change that is enough. */
function nearest({ changes }: Pick<Why, 'changes'>): WhyChange {
  const [change] = changes;
  if (change?.goesOn !== true) throw new Error(`expected a change that is enough, got ${JSON.stringify(changes)}`);
  return change;
}

/** Runs its command, and waits for the Pod that it was told to lead to. */
async function carriedOut({ command, leadsTo }: WhyChange, where = namespace): Promise<Pod> {
  await shell(command ?? 'false');
  return until<Pod>(kube.cluster, podAt(where, leadsTo.replace('creates pod ', '')), 'to be created', () => true);
}

const at = (name: string) => taskAt(namespace, name);
const says = (condition: string) => (seen: Task) => conditionOf(seen, condition.split('=')[0] ?? '') === condition.split('=')[1];
const finished = (name: string): Promise<Task> => until<Task>(kube.cluster, at(name), 'to be finished', isFinished);

describe('a Task that waits: the nearest change, carried out by its own command, lets it start', () => {
  it('queued', async () => {
    await create(kube.cluster, agent(namespace, 'one', { maxConcurrentTasks: 1 }, { outcome: 'never' }));
    for (const name of ['holds', 'ahead', 'waits']) {
      await create(kube.cluster, task(namespace, name, { agentRef: { name: 'one' } }));
      await until<Task>(kube.cluster, at(name), 'to be seen', ({ status }) => status?.phase === (name === 'holds' ? 'Running' : 'Queued'));
    }
    const told = await why('waits');
    expect(told.queue).toMatchObject({
      position: 2,
      waiting: 2,
      slots: 1,
      holders: [{ name: 'holds', pod: 'holds-pod', phase: 'Running' }],
      before: [{ name: 'ahead', by: 'Age', priority: 0 }],
    });
    expect(told.controller?.state).toBe('Leads');
    expect(nearest(told)).toMatchObject({ kind: 'Limit', change: 'Agent one runs 3 Tasks at once (now 1)' });
    await carriedOut(nearest(told));
  });

  it('without its Agent', async () => {
    await create(kube.cluster, task(namespace, 'orphan', { agentRef: { name: 'nobody' } }));
    await until<Task>(kube.cluster, at('orphan'), 'to say what it waits for', says('Ready=False/AgentError'));
    const told = await why('orphan');
    expect(told.answer).toBe(`agent "nobody" not found in namespace "${namespace}"`);
    expect(told.coming.at(-1)).toMatchObject({ course: 'Ends', by: 'Controller' });
    expect(nearest(told).kind).toBe('Reference');
    await carriedOut(nearest(told));
  });

  it('refused by a ResourceQuota', async () => {
    const metadata = { name: 'few', namespace: small };
    const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard: { pods: '1' } } };
    await kube.api.expect('POST', `/api/v1/namespaces/${small}/resourcequotas`, quota);
    await shell(`kubectl -n ${small} wait resourcequota/few --for=jsonpath='{.status.hard.pods}'=1 --timeout=20s`);
    await create(kube.cluster, template(small, 'first', { outcome: 'never' }), task(small, 'first'));
    await until<Task>(kube.cluster, taskAt(small, 'first'), 'to run', isRunning);
    await create(kube.cluster, template(small, 'second', { outcome: 'never' }), task(small, 'second'));
    await until<Task>(kube.cluster, taskAt(small, 'second'), 'to be refused', says('Ready=False/PodCreationError'));
    const told = await why('second', small);
    expect(told.answer).toContain('exceeded quota: few');
    expect(nearest(told)).toMatchObject({ kind: 'Refusal', reach: 'Cluster', change: 'ResourceQuota few has room for this Pod (pods: 2)' });
    await carriedOut(nearest(told), small);
  });

  it('without the ServiceAccount of its Pod', async () => {
    const { spec, ...rest } = template(namespace, 'account', { outcome: 'never' });
    await create(kube.cluster, { ...rest, spec: { ...spec, serviceAccountName: 'robot' } } as typeof rest, task(namespace, 'account'));
    await until<Task>(kube.cluster, at('account'), 'to be refused', says('Ready=False/PodCreationError'));
    const told = await why('account');
    expect(nearest(told)).toMatchObject({ reach: 'NewObject', change: 'ServiceAccount robot is there' });
    await carriedOut(nearest(told));
  });

  it('of another controller: it is made anew', async () => {
    await create(
      kube.cluster,
      template(namespace, 'foreign', { outcome: 'never' }),
      task(namespace, 'foreign', { managedBy: 'example.com/other' }),
    );
    const told = await why('foreign');
    expect(nearest(told).kind).toBe('ManagedBy');
    await carriedOut(nearest(told));
  });
});

describe('a Task whose Pod does not run', () => {
  it.each([
    ['unschedulable', 'Unschedulable', /^no node takes pod unschedulable-pod: 0 of \d+ nodes: /, 'describe pod'],
    ['image-pull', 'ImagePull', /^container agent: image \S+ can/, 'set image pod/image-pull-pod agent=IMAGE'],
  ] as const)('%s: why, in the words of the scheduler or the kubelet', async (name, reason, answer, command) => {
    await create(kube.cluster, template(namespace, name, { outcome: name }), task(namespace, name));
    await until<Task>(kube.cluster, at(name), 'to say what blocks its Pod', says(`PodBlocked=True/${reason}`));
    const told = await why(name);
    expect(told).toMatchObject({ blocked: { reason }, pod: { phase: 'Pending' } });
    expect(told.answer).toMatch(answer);
    expect(nearest(told).command ?? nearest(told).look).toContain(command);
  });
});

describe('a Task that has ended', () => {
  it('stopped: by what, and another attempt starts, not stopped', async () => {
    await create(kube.cluster, template(namespace, 'halt', { outcome: 'never' }), task(namespace, 'halt'));
    await until<Task>(kube.cluster, at('halt'), 'to run', isRunning);
    await shell(`kubectl opencode stop halt -n ${namespace} --wait --timeout 30s`);
    const told = await why('halt');
    expect(told).toMatchObject({ course: 'Ended', end: { phase: 'Completed', cause: 'Stopped' }, changes: [] });
    await shell(told.again?.command ?? 'false');
    await until<Task>(kube.cluster, at('halt'), 'to run again', (seen) => isRunning(seen) && seen.status?.podName === 'halt-pod-2');
  });

  it('failed: the container, its exit code, and the rules with the facts of its Pod', async () => {
    await create(
      kube.cluster,
      template(namespace, 'fail', { outcome: 'fail', 'exit-code': '3', 'run-for': '1s' }),
      task(namespace, 'fail'),
    );
    await finished('fail');
    const told = await why('fail');
    expect(told.answer).toMatch(/^container agent: exit code 3/);
    expect(told.end).toMatchObject({
      phase: 'Failed',
      cause: 'Application',
      attempts: [{ number: 1, container: 'agent', exitCode: 3 }],
      reasons: [{ rule: 'task/pod-ended', facts: { phase: 'Failed' } }],
    });
    expect(told.again).toMatchObject({ course: 'Starts', leadsTo: 'creates pod fail-pod-2', attempt: 2 });
  });

  it('finished, with a time after the end: until when it is kept', async () => {
    const cleanup = { ttlSecondsAfterFinished: 3_600 };
    await create(kube.cluster, template(namespace, 'brief', { 'run-for': '1s' }), task(namespace, 'brief', { cleanup }));
    const { status } = await finished('brief');
    const told = await why('brief');
    expect(Date.parse(told.kept?.deletedAt ?? '')).toBe(Date.parse(status?.completionTime ?? '') + 3_600_000);
    const text = await shell(`kubectl opencode why brief -n ${namespace}`);
    expect(text).toMatch(new RegExp(`^Task ${namespace}/brief Completed: the agent ended with exit code 0\n`));
    expect(text).toContain('(its time after the end)');
  });
});

it('a user who may read Tasks only is told what the controller said, what is not known, and nothing that is guessed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kubeopencode-why-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  await shell(
    [
      `kubectl -n ${namespace} create serviceaccount reader`,
      `kubectl -n ${namespace} create role reader --verb=get,list --resource=tasks.kubeopencode.io`,
      `kubectl -n ${namespace} create rolebinding reader --role=reader --serviceaccount=${namespace}:reader`,
    ].join('\n'),
  );
  const token = (await shell(`kubectl -n ${namespace} create token reader`)).trim();
  const kubeconfig = writeKubeconfig(folder, 'reader', { ...clusterInfo(), token });
  await create(kube.cluster, task(namespace, 'unseen', { agentRef: { name: 'nobody-else' } }));
  await until<Task>(kube.cluster, at('unseen'), 'to say what it waits for', says('Ready=False/AgentError'));
  const told = await why('unseen', namespace, kubeconfig);
  expect(told).toMatchObject({ isBlind: true, phase: 'Pending', changes: [], coming: [], actions: [], controller: { state: 'Unknown' } });
  expect(told.answer).toContain(`the controller says: agent "nobody-else" not found in namespace "${namespace}"`);
  expect(told.lacks.map(({ what }) => what).sort()).toEqual(['Agent nobody-else', 'KubeOpenCodeConfig', 'Pods']);
});

it('a controller that has gone: said first', async () => {
  await host.kill('SIGTERM');
  await create(kube.cluster, template(namespace, 'late', { 'run-for': '1s' }), task(namespace, 'late'));
  const told = await why('late');
  expect(told).toMatchObject({ course: 'Starts', controller: { state: 'Gone', lease: `${HOST_ACCOUNT.namespace}/${LEASE}` } });
  expect(told.answer).toMatch(/^no controller seems to run \(nobody holds Lease /);
});
