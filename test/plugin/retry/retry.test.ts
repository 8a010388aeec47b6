import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Task } from '#core/api/task.ts';
import { running } from '#test/support/builders.ts';
import { type FakeApiServer, startFakeApiServer } from '#test/support/fake-apiserver.ts';
import { run } from '../io.ts';
import { ended, putPod, putStatus, putTask } from '../tasks.ts';

let server: FakeApiServer;
beforeEach(async () => {
  server = await startFakeApiServer();
});
afterEach(() => server.close());

const retry = (...args: string[]) => run(['retry', '--kubeconfig', server.kubeconfig, ...args]);
const stored = (name: string) => server.store.get('Task', 'team-a', name) as Task;
const patches = () => server.requests.filter(({ verb }) => verb === 'patch').map(({ body }) => JSON.parse(body) as unknown);
const failed = (more: Parameters<typeof ended>[1] = {}) =>
  ended('Failed', { cause: 'Application', attempts: [{ number: 1, exitCode: 1 }], ...more });

test('the next attempt is asked for by its number, bound to the UID, and what to do next is told', async () => {
  putTask(server, 'fix', { status: failed() });
  const { code, out, err } = await retry('fix');
  expect([code, err]).toEqual([0, '']);
  expect(out.replace(server.kubeconfig, 'K')).toBe(
    'task.kubeopencode.io/fix attempt 2 asked for; watch it: kubectl opencode status fix -w -n team-a --kubeconfig K\n',
  );
  expect(patches()).toEqual([{ metadata: { uid: 'uid-fix', annotations: { 'kubeopencode.io/retry': '2' } } }]);
});

test('a stop that was asked for before is taken back in the same write', async () => {
  putTask(server, 'fix', { status: ended('Completed', { cause: 'Stopped', attempts: [{ number: 1 }] }), stop: true });
  expect((await retry('fix', '-o', 'name')).out).toBe('task.kubeopencode.io/fix\n');
  expect(patches()).toEqual([
    { metadata: { uid: 'uid-fix', annotations: { 'kubeopencode.io/retry': '2', 'kubeopencode.io/stop': null } } },
  ]);
  expect(stored('fix').metadata.annotations).toEqual({ 'kubeopencode.io/retry': '2' });
});

test('asking twice is asking once', async () => {
  putTask(server, 'fix', { status: failed() });
  await retry('fix');
  expect(await retry('fix')).toMatchObject({
    code: 0,
    err: '',
    out: expect.stringMatching(
      /^task\.kubeopencode\.io\/fix unchanged: attempt 2 was asked for before, and the controller has not begun it yet; watch it: /,
    ),
  });
  expect(patches()).toHaveLength(1);
});

test('--dry-run writes nothing', async () => {
  putTask(server, 'fix', { status: failed() });
  expect(await retry('fix', '--dry-run')).toEqual({ code: 0, err: '', out: 'task.kubeopencode.io/fix attempt 2 asked for (dry run)\n' });
  expect(patches()).toEqual([]);
});

describe('what can’t be', () => {
  test.each<[name: string, options: Parameters<typeof putTask>[2], why: string]>([
    ['runs', { status: running() }, 'it has not ended: Running; to end it: kubectl opencode stop runs -n team-a'],
    [
      'succeeded',
      { status: ended('Completed') },
      "it has succeeded; to do it again make another Task: kubectl opencode run --template coder 'Fix the bug' -n team-a",
    ],
  ])('%s', async (name, options, why) => {
    putTask(server, name, options);
    expect(await retry(name)).toEqual({ code: 1, out: '', err: `error: retry task ${name}: ${why} --kubeconfig ${server.kubeconfig}\n` });
    expect(patches()).toEqual([]);
  });

  test('a Task that is not there', async () => {
    putTask(server, 'fix-bug', { status: failed() });
    expect(await retry('fix-bgu')).toEqual({
      code: 1,
      out: '',
      err: 'error: tasks.kubeopencode.io "fix-bgu" not found in namespace team-a; did you mean fix-bug\n',
    });
  });

  test('the name went to another Task meanwhile', async () => {
    putTask(server, 'fix', { status: failed() });
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
    expect((await retry('fix')).err).toBe(
      'error: retry task fix: it was deleted and another one has its name now; nothing was asked of that one\n',
    );
  });

  test('forbidden', async () => {
    putTask(server, 'fix', { status: failed() });
    server.fail('patch', { type: 'Status', code: 403, reason: 'Forbidden' });
    expect((await retry('fix')).err).toContain('a role must allow verb patch on tasks.kubeopencode.io');
  });

  test.each([
    [[], 'expected Tasks to retry; name them, or select them with -l, or --all'],
    [['first', '-l', 'a=b'], 'expected one way to choose Tasks; give names, or -l, or --all'],
  ])('%j', async (args, text) => expect(await retry(...args)).toEqual({ code: 1, out: '', err: `error: retry: ${text}\n` }));
});

describe('many', () => {
  beforeEach(() => {
    putTask(server, 'done', { status: ended('Completed') });
    putTask(server, 'failed', { status: failed() });
    putTask(server, 'late', { status: ended('Completed', { cause: 'Timeout', attempts: [{ number: 1 }] }) });
    putTask(server, 'runs', { status: running() });
    putTask(server, 'stopped', { status: ended('Completed', { cause: 'Stopped', attempts: [{ number: 1 }] }), stop: true });
  });

  test('--all: those that failed or timed out', async () =>
    expect((await retry('--all')).out).toBe(
      'task.kubeopencode.io/failed attempt 2 asked for\ntask.kubeopencode.io/late attempt 2 asked for\n',
    ));

  test('by name what was stopped, too; one that can’t be is an error, the others are asked for', async () =>
    expect(await retry('stopped', 'runs')).toEqual({
      code: 1,
      out: 'task.kubeopencode.io/stopped attempt 2 asked for\n',
      err: `error: retry task runs: it has not ended: Running; to end it: kubectl opencode stop runs -n team-a --kubeconfig ${server.kubeconfig}\n`,
    }));

  test('none', async () =>
    expect(await retry('--all', '-n', 'other')).toEqual({ code: 0, out: '', err: 'No Task to retry in other namespace.\n' }));
});

describe('--wait', () => {
  const settle = () => new Promise((resolve) => setTimeout(resolve, 50));

  test('to the end of that attempt, with what happens, and the agent’s exit code', async () => {
    putTask(server, 'fix', { status: failed() });
    putPod(server, 'fix', { phase: 'Failed' });
    const waiting = retry('fix', '--wait');
    await expect.poll(() => server.watches).toBe(2);
    await settle();
    putStatus(server, 'fix', { phase: 'Pending', message: 'attempt 2 was asked for', attempts: [{ number: 1, exitCode: 1 }] });
    await settle();
    // Its Pod is not seen yet, and that of the attempt before is still there.
    putStatus(server, 'fix', { phase: 'Running', podName: 'fix-pod-2', attempts: [{ number: 1, exitCode: 1 }] });
    await settle();
    const attempts = [
      { number: 1, exitCode: 1 },
      { number: 2, exitCode: 7 },
    ];
    putStatus(server, 'fix', failed({ message: 'no', attempts }));
    const { code, out, err } = await waiting;
    expect([code, out]).toEqual([7, 'task.kubeopencode.io/fix attempt 2 asked for\n']);
    expect(err.replaceAll(/^\+\d+s {2}/gm, '')).toBe(
      'attempt 2 was asked for: waits for the controller\nPending: attempt 2 was asked for\nRunning\nFailed (Application, exit code 7): no\n',
    );
  });

  test('of one that succeeds it is 0', async () => {
    putTask(server, 'fix', { status: failed() });
    const waiting = retry('fix', '--wait');
    await expect.poll(() => server.watches).toBe(2);
    putStatus(
      server,
      'fix',
      ended('Completed', {
        attempts: [
          { number: 1, exitCode: 1 },
          { number: 2, exitCode: 0 },
        ],
      }),
    );
    expect((await waiting).code).toBe(0);
  });

  test('a stop in between ends the wait', async () => {
    putTask(server, 'fix', { status: failed() });
    const waiting = retry('fix', '--wait');
    await expect.poll(() => server.watches).toBe(2);
    server.store.put('Task', {
      ...stored('fix'),
      metadata: { ...stored('fix').metadata, annotations: { 'kubeopencode.io/stop': 'true' } },
    } as Task);
    expect((await waiting).code).toBe(1);
  });

  test('of several: how each has ended', async () => {
    putTask(server, 'first', { status: failed() });
    putTask(server, 'second', { status: failed() });
    const waiting = retry('first', 'second', '--wait');
    await expect.poll(() => server.watches).toBe(1);
    putStatus(server, 'first', ended('Completed', { attempts: [{ number: 2 }] }));
    putStatus(server, 'second', failed({ attempts: [{ number: 2, exitCode: 3 }] }));
    const { code, out } = await waiting;
    expect(code).toBe(1);
    expect(out.split('\n').slice(2).sort()).toEqual([
      '',
      'task.kubeopencode.io/first ended: Completed',
      'task.kubeopencode.io/second ended: Failed (Application, exit code 3)',
    ]);
  });
});
