import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Task } from '#core/api/task.ts';
import { running } from '#test/support/builders.ts';
import { type FakeApiServer, startFakeApiServer } from '#test/support/fake-apiserver.ts';
import { run } from '../io.ts';
import { ended, putStatus, putTask } from '../tasks.ts';

let server: FakeApiServer;
beforeEach(async () => {
  server = await startFakeApiServer();
});
afterEach(() => server.close());

const stop = (...args: string[]) => run(['stop', '--kubeconfig', server.kubeconfig, ...args]);
const stored = (name: string) => server.store.get('Task', 'team-a', name) as Task;
const patches = () => server.requests.filter(({ verb }) => verb === 'patch').map(({ body }) => JSON.parse(body) as unknown);

test('a Task that runs is annotated, bound to its UID', async () => {
  putTask(server, 'fix', { status: running() });
  expect(await stop('fix')).toEqual({ code: 0, err: '', out: 'task.kubeopencode.io/fix stopped\n' });
  expect(patches()).toEqual([{ metadata: { uid: 'uid-fix', annotations: { 'kubeopencode.io/stop': 'true' } } }]);
  expect(stored('fix').metadata.annotations).toEqual({ 'kubeopencode.io/stop': 'true' });
});

test('--retain keeps the Pod', async () => {
  putTask(server, 'fix', { status: running() });
  await stop('fix', '--retain');
  expect(stored('fix').spec.stop).toEqual({ mode: 'Retain' });
});

test('--dry-run writes nothing', async () => {
  putTask(server, 'fix', { status: running() });
  expect(await stop('fix', '--dry-run')).toEqual({ code: 0, err: '', out: 'task.kubeopencode.io/fix stopped (dry run)\n' });
  expect(patches()).toEqual([]);
});

describe('nothing to do is no error', () => {
  test('a Task that has ended', async () => {
    putTask(server, 'fix', { status: ended('Failed', { cause: 'Application', message: 'no' }) });
    expect(await stop('fix')).toEqual({
      code: 0,
      err: '',
      out: 'task.kubeopencode.io/fix unchanged: it has ended: Failed (Application): no\n',
    });
    expect(patches()).toEqual([]);
  });

  test('a Task that was stopped before', async () => {
    putTask(server, 'fix', { status: running(), stop: true });
    expect((await stop('fix')).out).toBe('task.kubeopencode.io/fix unchanged: it was stopped before, and has not ended yet\n');
    expect((await stop('fix', '--retain')).out).toBe('task.kubeopencode.io/fix stopped\n');
    expect(stored('fix').spec.stop).toEqual({ mode: 'Retain' });
  });

  test('no Task at all', async () =>
    expect(await stop('--all')).toEqual({ code: 0, out: '', err: 'No Task to stop in team-a namespace.\n' }));
});

describe('who is stopped', () => {
  beforeEach(() => {
    putTask(server, 'done', { status: ended('Completed') });
    putTask(server, 'first', { status: running() });
    putTask(server, 'second');
    putTask(server, 'elsewhere', { metadata: { namespace: 'other' } });
  });

  test('--all: those of the namespace that have not ended', async () => {
    expect((await stop('--all')).out).toBe('task.kubeopencode.io/first stopped\ntask.kubeopencode.io/second stopped\n');
    expect((await stop('--all', '-n', 'other', '-o', 'name')).out).toBe('task.kubeopencode.io/elsewhere\n');
  });

  test('-l is the server’s to apply', async () => {
    await stop('-l', 'team=web,tier!=test');
    expect(server.requests[0]).toMatchObject({ verb: 'list', query: { labelSelector: 'team=web,tier!=test' } });
  });

  test('several by name; one that is not there is an error, the others are stopped', async () => {
    expect(await stop('first', 'secnod', 'task/first')).toEqual({
      code: 1,
      out: 'task.kubeopencode.io/first stopped\n',
      err: 'error: tasks.kubeopencode.io "secnod" not found in namespace team-a; did you mean second\n',
    });
  });

  test.each([
    [[], 'expected Tasks to stop; name them, or select them with -l, or --all'],
    [['first', '--all'], 'expected one way to choose Tasks; give names, or -l, or --all'],
  ])('%j', async (args, text) => {
    expect(await stop(...args)).toEqual({ code: 1, out: '', err: `error: stop: ${text}\n` });
    expect(server.requests).toEqual([]);
  });
});

describe('--wait', () => {
  test('until all have ended, with what became of them', async () => {
    putTask(server, 'first', { status: running() });
    putTask(server, 'second');
    const waiting = stop('--all', '--wait');
    await expect.poll(() => server.watches).toBe(1);
    putStatus(server, 'second', ended('Completed', { cause: 'Stopped', message: 'Task was stopped' }));
    putStatus(server, 'first', ended('Failed', { cause: 'OutOfMemory', attempts: [{ number: 1, exitCode: 137 }] }));
    const { code, out, err } = await waiting;
    expect([code, err]).toEqual([0, '']);
    expect(out.split('\n').sort()).toEqual([
      '',
      'task.kubeopencode.io/first ended: Failed (OutOfMemory, exit code 137)',
      'task.kubeopencode.io/first stopped',
      'task.kubeopencode.io/second ended: Completed (Stopped): Task was stopped',
      'task.kubeopencode.io/second stopped',
    ]);
  });

  test('a Task that is deleted has ended', async () => {
    putTask(server, 'fix', { status: running() });
    const waiting = stop('fix', '--wait');
    await expect.poll(() => server.watches).toBe(1);
    server.store.remove('Task', 'team-a', 'fix');
    expect(await waiting).toMatchObject({ code: 0, out: 'task.kubeopencode.io/fix stopped\ntask.kubeopencode.io/fix deleted\n' });
  });

  test('--timeout: what has not ended is named', async () => {
    putTask(server, 'fix', { status: running() });
    expect(await stop('fix', '--wait', '--timeout', '100ms')).toEqual({
      code: 1,
      out: 'task.kubeopencode.io/fix stopped\n',
      err: 'error: stop: the wait has timed out; not ended yet: fix\n',
    });
  });

  test('nothing to wait for', async () => {
    putTask(server, 'fix', { status: ended('Completed') });
    expect(await stop('fix', '--wait')).toMatchObject({ code: 0, err: '' });
    expect(server.requests.map(({ verb }) => verb)).toEqual(['get']);
  });
});

describe('errors', () => {
  test('the name went to another Task meanwhile', async () => {
    putTask(server, 'fix', { status: running() });
    server.fail('patch', {
      type: 'Raw',
      code: 422,
      contentType: 'application/json',
      body: JSON.stringify({
        kind: 'Status',
        code: 422,
        reason: 'Invalid',
        message: 'metadata.uid: Invalid value: "uid-fix": field is immutable',
      }),
    });
    expect(await stop('fix')).toEqual({
      code: 1,
      out: '',
      err: 'error: stop task fix: it was deleted and another one has its name now; that one was not stopped\n',
    });
  });

  test.each<[name: string, verb: 'get' | 'patch', code: number, reason: string, text: string]>([
    [
      'forbidden',
      'patch',
      403,
      'Forbidden',
      'patch tasks.kubeopencode.io/fix in namespace team-a: not allowed (as the test asked); a role must allow verb patch on tasks.kubeopencode.io; check with: kubectl auth can-i patch tasks.kubeopencode.io -n team-a --kubeconfig KUBECONFIG',
    ],
    [
      'expired token',
      'get',
      401,
      'Unauthorized',
      'get tasks.kubeopencode.io/fix in namespace team-a: the API server does not take these credentials (as the test asked); a token may have expired: log in again, and check with: kubectl auth whoami --kubeconfig KUBECONFIG',
    ],
    [
      'CRD missing',
      'get',
      404,
      '',
      'get tasks.kubeopencode.io/fix in namespace team-a: this cluster does not know tasks.kubeopencode.io; install the CRDs of KubeOpenCode, or choose another cluster with --context',
    ],
    [
      'anything else',
      'patch',
      500,
      'InternalError',
      'patch tasks.kubeopencode.io/fix in namespace team-a: as the test asked (InternalError)',
    ],
  ])('%s', async (_name, verb, code, reason, text) => {
    putTask(server, 'fix', { status: running() });
    server.fail(verb, { type: 'Status', code, reason });
    // A command goes where this one went.
    expect(await stop('fix')).toEqual({ code: 1, out: '', err: `error: ${text.replace('KUBECONFIG', server.kubeconfig)}\n` });
  });

  test('no kubeconfig', async () =>
    expect(await run(['stop', 'fix', '--kubeconfig', '/nowhere'])).toMatchObject({ code: 1, err: expect.stringContaining('/nowhere') }));

  test('a context that there is not', async () =>
    expect(await stop('fix', '--context', 'prod')).toMatchObject({
      code: 1,
      err: expect.stringContaining("expected one of the kubeconfig's contexts (fake, other)"),
    }));

  test('a Task of another controller is stopped with a warning', async () => {
    putTask(server, 'fix', { status: running(), spec: { managedBy: 'example.com/other' } });
    expect(await stop('fix')).toMatchObject({
      code: 0,
      err: 'warning: task fix is managed by example.com/other, which may take the stop otherwise or not at all\n',
    });
  });
});
