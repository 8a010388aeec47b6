import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { exited, running } from '#test/support/builders.ts';
import { type FakeApiServer, startFakeApiServer } from '#test/support/fake-apiserver.ts';
import { run } from '../io.ts';
import { ended, putPod, putTask } from '../tasks.ts';

let server: FakeApiServer;
beforeEach(async () => {
  server = await startFakeApiServer();
});
afterEach(() => server.close());

const release = (...args: string[]) => run(['release', '--kubeconfig', server.kubeconfig, ...args]);
const patches = () =>
  server.requests
    .filter(({ verb }) => verb === 'patch')
    .map(({ path, headers, body }) => ({ path, type: headers['content-type'], body: JSON.parse(body) as unknown }));
const lines = (text: string) => text.split('\n').map((line) => line.split(/ {3,}/));

/** Four Pods: of a Task that runs, of one whose end is recorded, of one whose end is not, and one that nobody owns. */
function putFour(): void {
  putTask(server, 'runs', { status: running() });
  putPod(server, 'runs');
  putTask(server, 'noted', { status: ended('Failed', { attempts: [{ number: 1, podUID: 'uid-noted-pod' }] }) });
  putPod(server, 'noted', { phase: 'Failed', agent: exited(1) });
  putTask(server, 'unnoted', { status: running() });
  putPod(server, 'unnoted', { phase: 'Succeeded', agent: exited(0), metadata: { deletionTimestamp: '2026-01-01T10:00:00Z' } });
  putPod(server, 'gone', { phase: 'Failed', agent: exited(1) });
  putPod(server, 'left', {
    metadata: { ownerReferences: [], labels: { 'kubeopencode.io/task-uid': 'uid-left', 'kubeopencode.io/task': 'left' } },
  });
}

test('every Pod of the namespace that is held is let go, by UID, and what that loses is told', async () => {
  putFour();
  putPod(server, 'other', { metadata: { namespace: 'team-b' } });
  putPod(server, 'free', { metadata: { finalizers: ['example.com/audit'] } });
  const { code, out, err } = await release();
  expect([code, err]).toEqual([0, '']);
  expect(lines(out)).toEqual([
    ['NAMESPACE', 'POD', 'PHASE', 'TASK', 'RESULT', 'LOSES'],
    ['team-a', 'gone-pod', 'Failed', 'gone (orphan: its Task is gone)', 'released', '<none>'],
    ['team-a', 'left-pod', 'Running', 'left (orphan: it has no owner)', 'released', '<none>'],
    ['team-a', 'noted-pod', 'Failed', 'noted', 'released', '<none>'],
    ['team-a', 'runs-pod', 'Running', 'runs', 'released', 'how it will end'],
    ['team-a', 'unnoted-pod', 'Succeeded, deleting', 'unnoted', 'released', 'how it ended'],
    [''],
  ]);
  expect(patches()).toHaveLength(5);
  expect(patches()[0]).toEqual({
    path: '/api/v1/namespaces/team-a/pods/gone-pod',
    type: 'application/strategic-merge-patch+json',
    body: { metadata: { uid: 'uid-gone-pod', '$deleteFromPrimitiveList/finalizers': ['kubeopencode.io/pod-end'] } },
  });
});

test('--dry-run writes nothing', async () => {
  putFour();
  const { out } = await release('--dry-run');
  expect(
    lines(out)
      .slice(1, -1)
      .map(([, , , , result]) => result),
  ).toEqual(Array.from({ length: 5 }, () => 'would be released'));
  expect(patches()).toEqual([]);
});

test('-o json is a contract', async () => {
  putFour();
  const { out } = await release('-o', 'json');
  expect(JSON.parse(out)).toMatchObject({
    formatVersion: 1,
    controller: { state: 'Unknown' },
    pods: [
      {
        namespace: 'team-a',
        name: 'gone-pod',
        uid: 'uid-gone-pod',
        task: 'gone',
        orphan: 'its Task is gone',
        phase: 'Failed',
        result: 'Released',
      },
      { name: 'left-pod', orphan: 'it has no owner' },
      { name: 'noted-pod', task: 'noted', node: 'node-1' },
      { name: 'runs-pod', loses: 'how it will end' },
      { name: 'unnoted-pod', loses: 'how it ended', deletingAt: '2026-01-01T10:00:00Z' },
    ],
  });
});

describe('which Pods', () => {
  test('those of Tasks by name, also of one that is gone', async () => {
    putFour();
    expect((await release('runs', 'task/gone', '-o', 'name')).out).toBe('pod/gone-pod\npod/runs-pod\n');
  });

  test('a name that nothing bears is an error, the others are released', async () => {
    putFour();
    expect(await release('runs', 'ruins', '-o', 'name')).toEqual({
      code: 1,
      out: 'pod/runs-pod\n',
      err: 'error: tasks.kubeopencode.io "ruins" not found in namespace team-a; did you mean runs, and no Pod of it is left\n',
    });
  });

  test('-A: of all namespaces; -l beside our label', async () => {
    putPod(server, 'other', { metadata: { namespace: 'team-b' } });
    expect((await release('-A', '-l', 'team=web', '-o', 'name')).out).toBe('pod/other-pod\n');
    expect(server.requests[0]).toMatchObject({ path: '/api/v1/pods', query: { labelSelector: 'kubeopencode.io/task-uid,team=web' } });
  });

  test.each([
    [['fix', '-A'], 'expected names or -A; a name is looked for in one namespace'],
    [['fix', '-l', 'a=b'], 'expected names or -l, not both'],
  ])('%j', async (args, text) => expect(await release(...args)).toEqual({ code: 1, out: '', err: `error: release: ${text}\n` }));
});

describe('nothing to do is no error', () => {
  test('no Pod', async () => {
    expect(await release()).toEqual({ code: 0, out: '', err: 'No Pod to release in team-a namespace.\n' });
    expect(await release('-A')).toEqual({ code: 0, out: '', err: 'No Pod to release in any namespace.\n' });
  });

  test('a Task whose Pod is not held', async () => {
    putTask(server, 'fix', { status: running() });
    putPod(server, 'fix', { metadata: { finalizers: [] } });
    expect(await release('fix')).toMatchObject({ code: 0, out: '' });
    expect(patches()).toEqual([]);
  });

  test.each([
    ['gone', 404, 'NotFound', 'pods "runs-pod" not found'],
    ['another one of its name', 409, 'Conflict', 'Precondition failed: UID in precondition: uid-runs-pod, UID in object meta: uid-x'],
    ['another one of its name, in other words', 422, 'Invalid', 'metadata.uid: Invalid value: "uid-runs-pod": field is immutable'],
  ])('a Pod that is meanwhile %s', async (_what, code, reason, message) => {
    putTask(server, 'runs', { status: running() });
    putPod(server, 'runs');
    server.fail('patch', {
      type: 'Raw',
      code,
      contentType: 'application/json',
      body: JSON.stringify({ kind: 'Status', code, reason, message }),
    });
    const { code: exit, out } = await release();
    expect(exit).toBe(0);
    expect(lines(out)[1]?.[4]).toBe('gone');
  });
});

describe('what stands in the way', () => {
  test('a Pod that may not be patched is an error, with the role that lacks; the others are released', async () => {
    putFour();
    server.fail('patch', { type: 'Status', code: 403, reason: 'Forbidden' });
    const { code, out, err } = await release();
    expect(code).toBe(1);
    expect(out).toContain('FAILED');
    expect(lines(out).filter((cells) => cells.includes('released'))).toHaveLength(4);
    expect(err).toContain('a role must allow verb patch on pods; check with: kubectl auth can-i patch pods -n team-a');
  });

  test('Pods that may not be listed are an error', async () => {
    server.fail('list', { type: 'Status', code: 403, reason: 'Forbidden' });
    expect((await release()).err).toContain('a role must allow verb list on pods');
  });

  test('where the CRD is gone, its Tasks are', async () => {
    putFour();
    const objects = server.store.list('Task', undefined);
    for (const { metadata } of objects) server.store.remove('Task', metadata.namespace ?? '', metadata.name);
    const { out, err } = await release();
    expect(err).toBe('');
    expect(
      lines(out)
        .slice(1, -1)
        .every(([, , , task = '']) => task.includes('(orphan: ')),
    ).toBe(true);
  });

  test('a controller that leads is warned of: it holds the Pods that it makes from then on', async () => {
    putFour();
    const renewTime = new Date().toISOString().replace('Z', '000Z');
    server.store.put('Lease', {
      metadata: { name: 'task-controller.kubeopencode.io', namespace: 'kubeopencode-system' },
      spec: { holderIdentity: 'host-1', leaseDurationSeconds: 15, renewTime },
    } as KubernetesObject);
    const { code, err } = await release();
    expect(code).toBe(0);
    expect(err).toMatch(
      /^warning: a controller runs: host-1 leads, by Lease kubeopencode-system\/\S+ of \S+ ago; it holds the Pods that it makes from now on, so end it first\n$/,
    );
    expect(patches()).toHaveLength(5);
  });
});
