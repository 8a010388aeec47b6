import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Plan, PlannedTask } from '#plugin/contract/plan.ts';
import { agent, condition, template } from '#test/support/builders.ts';
import { type FakeApiServer, startFakeApiServer } from '#test/support/fake-apiserver.ts';
import { run } from '../io.ts';
import { ended, putAgent, putPod, putStatus, putTask } from '../tasks.ts';

let server: FakeApiServer;
let folder: string;

beforeEach(async () => {
  server = await startFakeApiServer();
  folder = mkdtempSync(join(tmpdir(), 'named-'));
  server.store.put('AgentTemplate', template());
});

afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const byAgent = { templateRef: undefined, agentRef: { name: 'coder' } } as never;
const text = (...args: string[]) => run(['plan', '--kubeconfig', server.kubeconfig, '-n', 'team-a', ...args]);

async function plan(...args: string[]): Promise<{ readonly code: number; readonly err: string; readonly plan: Plan }> {
  const { code, err, out } = await text(...args, '-o', 'json');
  return { code, err, plan: JSON.parse(out || '{}') as Plan };
}

function written(name: string, manifest: object): string {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(manifest));
  return file;
}

const taskOf = ({ tasks }: Plan, name: string): PlannedTask | undefined => tasks.find((task) => task.name === name);

describe('by name', () => {
  test('a new Task, from now on', async () => {
    putTask(server, 'fix');
    const { code, err, plan: made } = await plan('fix');
    expect([code, err]).toEqual([0, '']);
    expect(Math.abs(Date.parse(made.startsAt) - Date.now())).toBeLessThan(30_000);
    expect(made).toMatchObject({ source: 'cluster', tasks: [{ name: 'fix', outlook: 'Starts', end: { phase: 'Completed' } }], lacked: [] });
    expect(made.applies).toBeUndefined();
    expect(new Set(server.requests.map(({ method }) => method))).toEqual(new Set(['GET']));
  });

  test('a Pod that runs goes on: first what it does now, then its end, from when its agent began', async () => {
    const startedAt = new Date(Date.now() - 60_000).toISOString().replace(/\.\d+Z/, 'Z');
    putTask(server, 'fix');
    putStatus(server, 'fix', { phase: 'Running', podName: 'fix-pod', startTime: startedAt, attemptCount: 1 });
    putPod(server, 'fix', { agent: { running: { startedAt } }, status: { startTime: startedAt } });
    const { plan: soon } = await plan('fix');
    expect(taskOf(soon, 'fix')).toMatchObject({ outlook: 'Runs', end: { phase: 'Completed', at: '+1s' } });
    expect(taskOf(soon, 'fix')?.steps[0]).toMatchObject({ at: '+0s', says: 'pod fix-pod is Running', next: { pod: 'fix-pod' } });
    const { plan: later } = await plan('fix', '--run-for', '5m', '--assume', 'out-of-memory');
    const end = taskOf(later, 'fix')?.end;
    expect(end).toMatchObject({ phase: 'Failed', cause: 'OutOfMemory' });
    expect(end?.at).toMatch(/^\+(3m5\d|4m)/);
  });

  test.each([
    ['an image that can’t be pulled', { waiting: { reason: 'ImagePullBackOff', message: 'not found' } }],
    ['a reference that lacks', { waiting: { reason: 'CreateContainerConfigError', message: 'secret "x" not found' } }],
  ])('%s goes on to keep a Pod from starting, unless something else is assumed', async (_what, agentState) => {
    putTask(server, 'fix');
    putStatus(server, 'fix', { phase: 'Running', podName: 'fix-pod', startTime: '2026-01-01T10:00:00Z', attemptCount: 1 });
    putPod(server, 'fix', { phase: 'Pending', agent: agentState, status: { startTime: '2026-01-01T10:00:00Z' } });
    const { plan: stuck } = await plan('fix');
    expect(taskOf(stuck, 'fix')).toMatchObject({ outlook: 'Runs', end: { phase: 'Running' } });
    expect(taskOf(stuck, 'fix')?.end.at).toBeUndefined();
    const { plan: mended } = await plan('fix', '--assume', 'succeeded');
    expect(taskOf(mended, 'fix')?.end).toMatchObject({ phase: 'Completed' });
  });

  test('what a scheduler refused stays refused, in its words', async () => {
    putTask(server, 'fix');
    putStatus(server, 'fix', { phase: 'Running', podName: 'fix-pod', startTime: '2026-01-01T10:00:00Z', attemptCount: 1 });
    const refused = { ...condition('PodScheduled', 'False', 'Unschedulable', undefined, '0/3 nodes are available: 3 Insufficient cpu.') };
    putPod(server, 'fix', {
      phase: 'Pending',
      spec: { nodeName: undefined as never },
      status: { containerStatuses: [], conditions: [refused] },
    });
    const { plan: made } = await plan('fix');
    expect(taskOf(made, 'fix')?.end.at).toBeUndefined();
    expect(JSON.stringify(made)).not.toContain("didn't match Pod's node affinity");
  });

  test('one that waits stands behind the others of its Agent, which are looked at for that and not planned', async () => {
    putAgent(server, { maxConcurrentTasks: 1 });
    for (const name of ['first', 'second', 'third']) putTask(server, name, { spec: byAgent });
    putTask(server, 'elsewhere');
    const { plan: made } = await plan('third');
    expect(made.tasks.map(({ name }) => name)).toEqual(['third']);
    const queue = made.tasks[0]?.steps.find(({ next }) => next?.queue !== undefined)?.next?.queue;
    expect(queue).toMatchObject({ agent: 'coder', position: 2, waiting: 2, ahead: ['second'], holding: ['first'], slots: 1 });
    expect(
      server.requests.some(({ path, query }) => path.endsWith('/tasks') && query.fieldSelector?.includes('status.phase!=Completed')),
    ).toBe(true);
  });

  test('the quota counts what was started before', async () => {
    const started = new Date(Date.now() - 600_000).toISOString();
    const history = [{ taskName: 'earlier', taskNamespace: 'team-a', startTime: started }];
    server.store.put('Agent', agent({ quota: { maxTaskStarts: 1, windowSeconds: 3_600 } }, { taskStartHistory: history }));
    putTask(server, 'fix', { spec: byAgent });
    const { plan: made } = await plan('fix');
    const next = made.tasks[0]?.steps.find(({ says }) => says.includes('quota'))?.next;
    expect(next?.until?.at).toMatch(/^\+(49m|50m)/);
    expect(next?.queue?.notBefore?.at).toBe(next?.until?.at);
  });

  test('one that has ended is said to have, and when it is cleaned up', async () => {
    putTask(server, 'fix', { spec: { cleanup: { ttlSecondsAfterFinished: 3_600 } } });
    putStatus(server, 'fix', ended('Completed', { completionTime: new Date().toISOString().replace(/\.\d+Z/, 'Z') }));
    const { code, plan: made } = await plan('fix', '--detailed-exitcode');
    expect(code).toBe(0);
    expect(made.tasks[0]).toMatchObject({ outlook: 'Finished', end: { phase: 'Completed', at: '+0s' } });
    expect(made.tasks[0]?.next?.until?.at).toMatch(/^\+(59m5\d|1h)/);
  });

  test('of one that is gone, the Pod that it left is planned', async () => {
    putTask(server, 'fix');
    putPod(server, 'fix', {
      phase: 'Failed',
      agent: { terminated: { exitCode: 143 } },
      spec: { containers: [{ name: 'agent', image: 'a' }] },
      metadata: { deletionTimestamp: '2026-01-01T10:00:30Z', deletionGracePeriodSeconds: 0 },
    });
    server.store.remove('Task', 'team-a', 'fix');
    const { code, plan: made } = await plan('fix');
    expect(code).toBe(0);
    expect(made.tasks[0]).toMatchObject({ name: 'fix', outlook: 'Deleted', end: { phase: 'Deleted' } });
    const [action] = made.tasks[0]?.steps[0]?.actions ?? [];
    expect(action).toMatchObject({
      verb: 'patch',
      kind: 'Pod',
      changes: [{ path: 'metadata.finalizers', op: 'remove', from: 'kubeopencode.io/pod-end' }],
    });
    expect((await text('fix')).out).toContain('The Task is gone; this is about the Pod that it left.');
  });

  test('one that is not there is an error with the names near it; the others are planned', async () => {
    putTask(server, 'fix-bug');
    const { code, err, plan: made } = await plan('fix-bgu', 'fix-bug');
    expect(code).toBe(1);
    expect(err).toBe('error: tasks.kubeopencode.io "fix-bgu" not found in namespace team-a; did you mean fix-bug\n');
    expect(made.tasks.map(({ name }) => name)).toEqual(['fix-bug']);
    expect(await text('nobody')).toMatchObject({ code: 1, out: '' });
  });

  test('names and a selection are too much', async () => {
    expect(await text('fix', '--all')).toEqual({
      code: 1,
      out: '',
      err: 'error: plan: expected one way to choose Tasks; give names, or -l, --all or -A\n',
    });
  });

  test('what belongs to something else than a Task is not taken for left behind', async () => {
    const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: 'nightly', uid: 'nightly-uid', controller: true };
    putTask(server, 'fix', { metadata: { ownerReferences: [owner] } });
    const { plan: made } = await plan('fix');
    expect(made.tasks[0]?.end).toMatchObject({ phase: 'Completed' });
    expect(made.tasks[0]?.end.deletedAt).toBeUndefined();
  });
});

describe('--at', () => {
  test('a later time: what is due by then comes first', async () => {
    putTask(server, 'fix', { spec: { timeout: '1h' } });
    const startTime = new Date(Date.now() - 60_000).toISOString().replace(/\.\d+Z/, 'Z');
    putStatus(server, 'fix', { phase: 'Running', podName: 'fix-pod', startTime, attemptCount: 1 });
    putPod(server, 'fix', { agent: { running: { startedAt: startTime } }, status: { startTime } });
    const { plan: now } = await plan('fix', '--run-for', '5h');
    expect(now.tasks[0]?.steps[0]?.says).toContain('pod fix-pod is Running; times out in');
    const { plan: then } = await plan('fix', '--run-for', '5h', '--at', '+2h');
    expect(then.tasks[0]?.steps[0]).toMatchObject({ at: '+0s', says: expect.stringContaining('the timeout has passed') });
    expect(Date.parse(then.startsAt) - Date.parse(now.startsAt)).toBeGreaterThan(7_190_000);
  });

  test('a time before what the cluster holds is an error that says what is newer', async () => {
    putTask(server, 'fix');
    const { code, err } = await text('fix', '--at', '2026-01-01T09:00:00Z');
    expect(code).toBe(1);
    expect(err).toBe(
      'error: plan: --at 2026-01-01T09:00:00.000Z lies before what the cluster holds: metadata.creationTimestamp of Task team-a/fix is 2026-01-01T10:00:00Z; a plan goes on from what is there, so choose a later time\n',
    );
  });

  test('of files alone: that moment, to the letter', async () => {
    const file = written('task.yaml', {
      apiVersion: 'kubeopencode.io/v1alpha1',
      kind: 'Task',
      metadata: { name: 'fix' },
      spec: { templateRef: { name: 'x' } },
    });
    const at = async (...args: string[]) => (JSON.parse((await run(['plan', '-f', file, '-o', 'json', ...args])).out) as Plan).startsAt;
    expect(await at('--at', '2027-05-01T00:00:00Z')).toBe('2027-05-01T00:00:00.000Z');
    expect(await at()).toBe('2026-01-01T00:00:00.000Z');
    expect(await at('--at', '+24h')).toBe('2026-01-02T00:00:00.000Z');
  });

  test('nonsense is refused with what is wanted', async () => {
    expect((await text('fix', '--at', 'tomorrow')).err).toContain(
      'want a time such as 2026-01-31T15:00:00Z, or a duration from now such as +2h',
    );
  });
});

describe('files on top of the cluster', () => {
  const API = 'kubeopencode.io/v1alpha1';

  test('what applying them changes, field by field, and what comes of it for the Tasks that are there', async () => {
    putAgent(server, { maxConcurrentTasks: 1, port: 4096 });
    for (const name of ['first', 'second']) putTask(server, name, { spec: byAgent });
    const spec = { workspaceDir: '/workspace', serviceAccountName: 'agent', maxConcurrentTasks: 2 };
    const file = written('agent.yaml', { apiVersion: API, kind: 'Agent', metadata: { name: 'coder' }, spec });
    const { plan: made } = await plan('second', '-f', file);
    expect(made).toMatchObject({
      source: 'files and cluster',
      applies: [
        {
          verb: 'patch',
          kind: 'Agent',
          namespace: 'team-a',
          name: 'coder',
          changes: [{ path: 'spec.maxConcurrentTasks', op: 'replace', from: 1, to: 2 }],
        },
      ],
      tasks: [{ name: 'second', outlook: 'Starts' }],
    });
    const { out } = await text('second', '-f', file);
    expect(out).toContain('Applying the files\n  ~ Agent team-a/coder\n    ~ spec.maxConcurrentTasks: 1 -> 2\n');
  });

  test('what kubectl applied before and the file leaves out goes; what somebody else set stays', async () => {
    const last = {
      apiVersion: API,
      kind: 'Agent',
      metadata: { name: 'coder', annotations: {} },
      spec: { maxConcurrentTasks: 1, suspend: true },
    };
    const live = agent({ maxConcurrentTasks: 1, port: 4096, suspend: true, executorImage: 'example.com/by-somebody' });
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(last) };
    server.store.put('Agent', { ...live, metadata: { ...live.metadata, annotations } });
    const spec = { workspaceDir: '/workspace', serviceAccountName: 'agent', maxConcurrentTasks: 1 };
    const file = written('agent.yaml', { apiVersion: API, kind: 'Agent', metadata: { name: 'coder' }, spec });
    const { plan: made } = await plan('-f', file, '--live');
    expect(made.applies).toMatchObject([{ verb: 'patch', changes: [{ path: 'spec.suspend', op: 'remove', from: true }] }]);
  });

  test('new objects and those that are as they were', async () => {
    const file = written('all.json', {
      apiVersion: 'v1',
      kind: 'List',
      items: [
        {
          apiVersion: API,
          kind: 'AgentTemplate',
          metadata: { name: 'coder' },
          spec: { workspaceDir: '/workspace', serviceAccountName: 'agent' },
        },
        { apiVersion: API, kind: 'Task', metadata: { name: 'new' }, spec: { templateRef: { name: 'coder' } } },
      ],
    });
    const { plan: made } = await plan('-f', file, '--live');
    expect(made.applies?.map(({ verb, kind, name }) => `${verb} ${kind} ${name}`)).toEqual(['none AgentTemplate coder', 'create Task new']);
  });
});
