import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Kind } from '#core/contract/kinds.ts';
import type { Plan } from '#plugin/contract/plan.ts';
import { type FakeApiServer, startFakeApiServer } from '#test/support/fake-apiserver.ts';
import { run } from '../io.ts';

const API = 'kubeopencode.io/v1alpha1';
const TASK = `apiVersion: ${API}
kind: Task
metadata: {name: fix, namespace: team-a}
spec:
  templateRef: {name: coder}
  contexts: [{name: guide, type: ConfigMap, configMap: {name: guide}}]
`;

let server: FakeApiServer;
let folder: string;
let file: string;

beforeEach(async () => {
  server = await startFakeApiServer();
  folder = mkdtempSync(join(tmpdir(), 'live-'));
  file = join(folder, 'task.yaml');
  writeFileSync(file, TASK);
});

afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

function put(
  kind: Kind,
  name: string,
  fields: Readonly<Record<string, unknown>>,
  apiVersion: string = API,
  metadata: Readonly<Record<string, unknown>> = {},
): void {
  const object = {
    apiVersion,
    kind,
    metadata: { name, namespace: 'team-a', uid: `uid-${name}`, creationTimestamp: '2026-01-01T00:00:00Z', generation: 1, ...metadata },
    ...fields,
  };
  server.store.put(kind, object as unknown as KubernetesObject);
}

const template = () => put('AgentTemplate', 'coder', { spec: { workspaceDir: '/workspace', serviceAccountName: 'coder' } });
const guide = () => put('ConfigMap', 'guide', { data: { 'style.md': 'Plain words.' } }, 'v1');

async function plan(...args: string[]): Promise<{ code: number; err: string; plan: Plan }> {
  const ran = await run(['plan', '--live', '--kubeconfig', server.kubeconfig, '-f', file, '-o', 'json', ...args]);
  return { code: ran.code, err: ran.err, plan: JSON.parse(ran.out || '{}') as Plan };
}

test('the template and the ConfigMap of the cluster are used; nothing is written there', async () => {
  template();
  guide();
  const { code, err, plan: made } = await plan();
  expect([code, err]).toEqual([0, '']);
  expect(made).toMatchObject({ source: 'files and cluster', tasks: [{ namespace: 'team-a', name: 'fix', end: { phase: 'Completed' } }] });
  expect(JSON.stringify(made)).toContain('Plain words.');
  expect(new Set(server.requests.map(({ method }) => method))).toEqual(new Set(['GET']));
  expect(server.requests.some(({ path }) => path.includes('secrets'))).toBe(false);
});

test('what is missing there, too, blocks', async () => {
  template();
  const { code, plan: made } = await plan();
  expect(code).toBe(3);
  expect(made.tasks[0]).toMatchObject({
    blocked: expect.stringContaining('ConfigMap "guide" not found'),
    end: { phase: 'Failed', cause: 'Context' },
  });
});

test('a Task that runs there is planned from where it is, with the UID that it has', async () => {
  template();
  guide();
  const uid = 'aaaaaaaa-1111-4222-8333-444444444444';
  const startTime = new Date(Date.now() - 60_000).toISOString().replace(/\.\d+Z/, 'Z');
  put(
    'Task',
    'fix',
    { spec: { templateRef: { name: 'coder' } }, status: { phase: 'Running', podName: 'fix-pod', startTime, attemptCount: 1 } },
    API,
    { uid },
  );
  const owner = { apiVersion: API, kind: 'Task', name: 'fix', uid, controller: true };
  const containers = [{ name: 'agent', image: 'a' }];
  const running = { state: { running: { startedAt: startTime } } };
  put(
    'Pod',
    'fix-pod',
    {
      spec: { nodeName: 'n', containers, restartPolicy: 'Never' },
      status: { phase: 'Running', startTime, containerStatuses: [{ name: 'agent', image: 'a', ...running }] },
    },
    'v1',
    {
      labels: { 'kubeopencode.io/task-uid': uid },
      annotations: { 'kubeopencode.io/attempt': '1' },
      finalizers: ['kubeopencode.io/pod-end'],
      ownerReferences: [owner],
    },
  );
  const { code, plan: made } = await plan('--assume', 'failed');
  expect(code).toBe(0);
  const verbs = made.tasks.flatMap(({ steps }) => steps.flatMap(({ actions }) => actions.map(({ verb, kind }) => `${verb} ${kind}`)));
  expect(verbs).not.toContain('create Pod');
  expect(made.tasks[0]).toMatchObject({ end: { phase: 'Failed', cause: 'Application' } });
  expect(JSON.stringify(made)).not.toContain('known after apply');
});

describe('what can’t be read', () => {
  test('is told with what it means, by its verb and resource; the plan goes without', async () => {
    template();
    guide();
    server.fail('list', { type: 'Status', code: 403, reason: 'Forbidden' });
    const { code, err, plan: made } = await plan();
    expect([code, err]).toEqual([0, '']);
    expect(made.lacked).toEqual([
      {
        verb: 'list',
        resource: 'pods',
        namespace: 'team-a',
        message: expect.stringMatching(
          /^list pods in namespace team-a: not allowed .* kubectl auth can-i list pods -n team-a --kubeconfig \S+$/,
        ),
        means: 'Pods that run are not seen; the plan takes them as absent',
      },
    ]);
    server.fail('list', { type: 'Status', code: 403, reason: 'Forbidden' });
    const { out } = await run(['plan', '--live', '--kubeconfig', server.kubeconfig, '-f', file]);
    expect(out).toContain(
      'What the plan lacks\n  ! Pods that run are not seen; the plan takes them as absent\n    list pods in namespace team-a: not allowed',
    );
  });

  test('what the core asks for and nobody may read is missing in the plan, and told', async () => {
    template();
    guide();
    server.fail('get', { type: 'Status', code: 403, reason: 'Forbidden' }, 100);
    const { code, plan: made } = await plan();
    expect(code).toBe(3);
    expect(made.lacked.map(({ verb, resource, name, means }) => [verb, resource, name, means])).toEqual(
      expect.arrayContaining([
        ['get', 'agenttemplates.kubeopencode.io', 'coder', 'the plan takes it as missing, unless it is in the files'],
        [
          'get',
          'kubeopencodeconfigs.kubeopencode.io',
          'cluster',
          'the settings of the cluster are not seen; the plan goes by the defaults',
        ],
      ]),
    );
  });

  test.each<[what: string, code: number, says: RegExp]>([
    ['an expired token', 401, /^error: .*the API server does not take these credentials/],
    ['an API server that is not well', 500, /^error: list pods in namespace team-a/],
  ])('%s is an error: any plan would be wrong', async (_what, code, says) => {
    template();
    server.fail('list', { type: 'Status', code, reason: code === 401 ? 'Unauthorized' : 'InternalError' }, 100);
    const ran = await run(['plan', '--live', '--kubeconfig', server.kubeconfig, '-f', file]);
    expect(ran).toMatchObject({ code: 1, out: '', err: expect.stringMatching(says) });
  });
});

test('a cluster that can’t be reached is an error that names it', async () => {
  const kubeconfig = join(folder, 'kubeconfig');
  copyFileSync(server.kubeconfig, kubeconfig);
  await server.close();
  const ran = await run(['plan', '--live', '--kubeconfig', kubeconfig, '-f', file]);
  expect(ran).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^error: .*127\.0\.0\.1/) });
  server = await startFakeApiServer();
});
