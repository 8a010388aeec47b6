import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import type { Task, TaskSpec } from '#core/api/task.ts';
import type { Decided, Decision } from '#core/contract/decision.ts';
import type { Snapshot } from '#core/contract/snapshot.ts';
import type { Plan } from '#plugin/contract/plan.ts';
import { writeKubeconfig } from '#scripts/cluster/kubeconfig.ts';
import { firstDecided, firstPlanned } from '#test/support/first-step.ts';
import { hosts } from './support/host.ts';
import { clusterInfo } from './support/info.ts';
import { openKube } from './support/kube.ts';
import { agent, create, isFinished, isRunning, ok, podAt, task, taskAt, template } from './support/objects.ts';
import { openProxy } from './support/proxy.ts';
import { until, untilAll, untilFinished, untilGone, untilPodRuns } from './support/watch.ts';

const execFileAsync = promisify(execFile);

const kube = await openKube();
const namespace = await kube.namespace();
const starter = hosts();
const folder = mkdtempSync(join(tmpdir(), 'kubeopencode-plan-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const by = (name: string): Partial<TaskSpec> => ({ agentRef: { name } });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Everything that stands before the host goes off: Agents, Pods that run, a place that is taken, a quota that is used up. */
async function makeBefore(): Promise<void> {
  const { cluster } = kube;
  await create(
    cluster,
    template(namespace, 'quick'),
    template(namespace, 'slow', { 'run-for': '25s' }),
    template(namespace, 'endless', { outcome: 'never' }),
    template(namespace, 'unpullable', { outcome: 'image-pull' }),
    agent(namespace, 'single', { maxConcurrentTasks: 1 }, { outcome: 'never' }),
    agent(namespace, 'rationed', { quota: { maxTaskStarts: 1, windowSeconds: 3_600 } }),
  );
  const host = await starter.start({ namespaces: [namespace] });
  await create(
    cluster,
    task(namespace, 'holder', by('single')),
    task(namespace, 'earlier', by('rationed')),
    task(namespace, 'running', { templateRef: { name: 'endless' } }),
    task(namespace, 'stuck', { templateRef: { name: 'unpullable' } }),
    task(namespace, 'stopped', { templateRef: { name: 'endless' } }),
    task(namespace, 'late', { templateRef: { name: 'endless' }, timeout: '25s' }),
    task(namespace, 'ended', { templateRef: { name: 'slow' } }),
    task(namespace, 'deleted', { templateRef: { name: 'endless' } }),
    task(namespace, 'old', { templateRef: { name: 'quick' }, cleanup: { ttlSecondsAfterFinished: 25 } }),
  );
  await until<Task>(cluster, taskAt(namespace, 'holder'), 'to run', isRunning);
  await create(cluster, task(namespace, 'waiting', by('single')));
  await until<Task>(cluster, taskAt(namespace, 'waiting'), 'to be queued', ({ status }) => status?.phase === 'Queued');
  const running = ['holder', 'running', 'stopped', 'late', 'deleted', 'ended'];
  for (const name of running) await untilPodRuns(cluster, namespace, name);
  const isUnpullable = (pod: Pod) =>
    pod.status?.containerStatuses?.some(({ state }) => state?.waiting?.reason === 'ImagePullBackOff') === true;
  await until<Pod>(cluster, podAt(namespace, 'stuck-pod'), 'to wait for its image', isUnpullable);
  for (const name of ['earlier', 'old']) await untilFinished(cluster, namespace, name);
  await host.kill('SIGTERM');
}

/** What happens while nobody decides. */
async function makeMeanwhile(): Promise<void> {
  const { cluster } = kube;
  await create(
    cluster,
    task(namespace, 'new', { templateRef: { name: 'quick' } }),
    task(namespace, 'behind', by('single')),
    task(namespace, 'rationed', by('rationed')),
    task(namespace, 'lost', by('nobody')),
    task(namespace, 'held', { templateRef: { name: 'quick' }, suspend: true }),
  );
  await kube.kubectl(['-n', namespace, 'annotate', 'task', 'stopped', 'kubeopencode.io/stop=true']);
  await kube.kubectl(['-n', namespace, 'delete', 'task', 'deleted', '--wait=false']);
  await untilGone(cluster, taskAt(namespace, 'deleted'));
  const hasEnded = ({ status }: Pod) => status?.phase === 'Succeeded' || status?.phase === 'Failed';
  for (const name of ['ended', 'deleted']) await until<Pod>(cluster, podAt(namespace, `${name}-pod`), 'to end', hasEnded);
  // Timeout and clean-up come due.
  await pause(25_000);
}

/** Identifiers of the actions that come first; none: it waits. */
const SITUATIONS: Readonly<Record<string, readonly string[]>> = {
  new: ['configmap/1/new-context', 'pod/1', 'event/1/PodCreated'],
  behind: ['status/queued', 'event/1/Queued'],
  waiting: [],
  rationed: ['status/queued', 'event/1/QuotaExceeded'],
  lost: ['status/waiting'],
  held: ['status/queued', 'event/1/Queued'],
  running: [],
  stuck: [],
  stopped: ['status/running/1', 'end/<uid>'],
  late: ['status/running/1', 'end/<uid>'],
  ended: ['status/end/1', 'event/1/Completed', 'release/<uid>'],
  old: ['delete/task'],
  deleted: ['release/<uid>'],
};

interface Access {
  readonly kubeconfig: string;
}

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function opencode({ kubeconfig }: Access, ...args: readonly string[]): Promise<Ran> {
  const all = ['dist/kubectl-opencode.mjs', ...args, '--kubeconfig', kubeconfig, '-n', namespace];
  try {
    const { stdout, stderr } = await execFileAsync(process.execPath, all, { maxBuffer: 256 << 20 });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as Ran;
    return { code, stdout, stderr };
  }
}

async function planOf(access: Access, ...args: readonly string[]): Promise<Plan> {
  const { stdout, stderr } = await opencode(access, 'plan', ...args, '-o', 'json');
  if (stdout === '') throw new Error(`plan ${args.join(' ')}: expected a plan, got ${stderr}`);
  return JSON.parse(stdout);
}

/** A kubeconfig of a ServiceAccount of its own that may do what the rules say, and nothing else. */
async function account(name: string, rules: readonly object[], server = clusterInfo().server): Promise<Access> {
  const { api } = kube;
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: `${namespace}-${name}` } };
  await api.expect('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name },
  });
  await api.expect('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', { ...rbac, kind: 'ClusterRole', rules });
  await api.expect('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    ...rbac,
    kind: 'ClusterRoleBinding',
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: rbac.metadata.name },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  });
  afterAll(async () => {
    await api.call('DELETE', `/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/${rbac.metadata.name}`);
    await api.call('DELETE', `/apis/rbac.authorization.k8s.io/v1/clusterroles/${rbac.metadata.name}`);
  });
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3_600 } };
  const { status } = (await api.expect('POST', path, request)) as { status: { token: string } };
  const { certificateAuthority } = clusterInfo();
  return { kubeconfig: writeKubeconfig(folder, name, { server, certificateAuthority, token: status.token }) };
}

const READ = ['get', 'list'];
const OURS = { apiGroups: ['kubeopencode.io'], resources: ['tasks', 'agents', 'agenttemplates', 'kubeopencodeconfigs'], verbs: READ };
const MORE = { apiGroups: [''], resources: ['pods', 'configmaps'], verbs: READ };

/** What the host has decided so far, Task by Task. */
function decisionsIn(journal: string): ReadonlyMap<string, readonly Decided[]> {
  const decisions = new Map<string, Decided[]>();
  for (const file of readdirSync(journal).sort()) {
    const lines = readFileSync(join(journal, file), 'utf8').split('\n');
    for (const line of lines.slice(0, -1)) {
      const { snapshot, decision } = JSON.parse(line) as { readonly snapshot?: Snapshot; readonly decision?: Decision };
      if (snapshot === undefined || decision?.type !== 'Decided') continue;
      const { name } = snapshot.subject;
      decisions.set(name, [...(decisions.get(name) ?? []), decision]);
    }
  }
  return decisions;
}

describe('plan TASK', () => {
  const plans = new Map<string, Plan>();
  let fleet: Plan;
  let decided: ReadonlyMap<string, readonly Decided[]>;

  beforeAll(async () => {
    await makeBefore();
    await makeMeanwhile();
    // One after the other, as somebody would type them; nothing moves meanwhile.
    for (const name of Object.keys(SITUATIONS)) plans.set(name, await planOf(clusterInfo(), name));
    fleet = await planOf(clusterInfo(), '--all');
    const journal = mkdtempSync(join(folder, 'journal-'));
    await starter.start({ namespaces: [namespace], flags: ['--journal', journal] });
    const ran = (task: Task) => task.metadata.name === 'new' && isFinished(task);
    await untilAll<Task>(
      kube.cluster,
      { kind: 'Task', namespace },
      'to have a new one that is finished',
      (tasks) => tasks.some(ran),
      60_000,
    );
    decided = decisionsIn(journal);
  }, 180_000);

  it.each(Object.entries(SITUATIONS))('%s: its first step is what the host does next', (name, ids) => {
    const planned = firstPlanned(plans.get(name) as Plan, name);
    expect(planned).toEqual(firstDecided(decided.get(name) ?? []));
    expect(planned.actions).toEqual(ids.map((id) => expect.objectContaining({ id })));
  });

  it('sums up all of them by reason', () => {
    const outlooks = Object.fromEntries(fleet.tasks.map(({ name, outlook }) => [name, outlook]));
    expect(outlooks).toMatchObject({
      new: 'Starts',
      behind: 'Waits',
      waiting: 'Waits',
      rationed: 'Waits',
      lost: 'Blocked',
      held: 'Waits',
      running: 'Runs',
      earlier: 'Finished',
      old: 'Deleted',
    });
    expect(fleet.summary).toMatchObject({ tasks: fleet.tasks.length });
    expect(fleet.summary.now.reduce((sum, { count }) => sum + count, 0)).toBe(fleet.tasks.length);
  });

  it('tells the place in the queue, and who is ahead', () => {
    const waits = (name: string) => plans.get(name)?.tasks[0]?.steps.find(({ next }) => next?.queue !== undefined)?.next?.queue;
    expect(waits('waiting')).toMatchObject({ agent: 'single', position: 1, ahead: [], holding: ['holder'], slots: 1 });
    expect(waits('behind')).toMatchObject({ agent: 'single', position: 2, ahead: ['waiting'], holding: ['holder'] });
  });
});

describe('a plan never writes', () => {
  it('works for somebody who may only read, and asks only by GET', async () => {
    const proxy = await openProxy();
    try {
      const reader = await account('reader', [OURS, MORE], proxy.url);
      for (const args of [['running'], ['--all'], ['-f', 'host/manifests/examples/task.yaml', '--live']]) {
        const made = await planOf(reader, ...args);
        expect(made.lacked).toEqual([]);
        expect(made.tasks.length).toBeGreaterThan(0);
      }
      expect(proxy.calls.length).toBeGreaterThan(5);
      expect(proxy.calls.filter(({ method }) => method !== 'GET')).toEqual([]);
      expect(proxy.calls.filter(({ path }) => path.includes('secrets'))).toEqual([]);
    } finally {
      await proxy.close();
    }
  });
});

describe('what may not be read', () => {
  it('is said with the verb, and with what it means', async () => {
    const made = await planOf(await account('blind', [OURS]), 'running');
    expect(made.lacked).toEqual([
      {
        verb: 'list',
        resource: 'pods',
        namespace,
        message: expect.stringContaining('not allowed'),
        means: 'Pods that run are not seen; the plan takes them as absent',
      },
    ]);
  });

  it('is an error where it is the Task itself', async () => {
    const ran = await opencode(await account('stranger', [MORE]), 'plan', 'running');
    expect(ran).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^error: get tasks\.kubeopencode\.io\/running in namespace .*: not allowed/),
    });
  });
});

describe('plan -f FILE --live', () => {
  it('shows what applying changes in what is live, as kubectl then does', async () => {
    const file = join(folder, 'agent.yaml');
    const manifest = (spec: object) => JSON.stringify({ ...agent(namespace, 'applied', spec), status: undefined });
    await kube.kubectl(['apply', '-f', '-'], manifest({ maxConcurrentTasks: 1, executorImage: 'example.com/old' }));
    writeFileSync(file, manifest({ maxConcurrentTasks: 5 }));
    const made = await planOf(clusterInfo(), '-f', file, '--live');
    expect(made.applies).toEqual([
      {
        verb: 'patch',
        kind: 'Agent',
        namespace,
        name: 'applied',
        changes: [
          { path: 'spec.executorImage', op: 'remove', from: 'example.com/old' },
          { path: 'spec.maxConcurrentTasks', op: 'replace', from: 1, to: 5 },
        ],
      },
    ]);
    await kube.kubectl(['apply', '-f', file]);
    const after = await planOf(clusterInfo(), '-f', file, '--live');
    expect(after.applies).toEqual([{ verb: 'none', kind: 'Agent', namespace, name: 'applied' }]);
    await ok(kube.cluster.delete({ kind: 'Agent', namespace, name: 'applied' }, {}));
  });
});
