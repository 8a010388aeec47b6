import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Attempt } from '#core/api/task.ts';
import { keptLog, lastLines } from '#plugin/logs/kept.ts';
import { exited, running } from '#test/support/builders.ts';
import { type FakeApiServer, startFakeApiServer } from '#test/support/fake-apiserver.ts';
import { run } from '../io.ts';
import { ended, putPod, putStatus, putTask } from '../tasks.ts';

let server: FakeApiServer;
beforeEach(async () => {
  server = await startFakeApiServer();
  server.log = 'reading the code\nfixing it\n';
});
afterEach(() => server.close());

const logs = (...args: string[]) => run(['logs', '--kubeconfig', server.kubeconfig, ...args]);
const logRequest = () => server.requests.find(({ verb }) => verb === 'log');
const runningTask = () => putTask(server, 'fix', { status: running({ podName: 'fix-pod' }) });

describe('the log of the agent', () => {
  beforeEach(() => {
    runningTask();
    putPod(server, 'fix', { spec: { containers: [{ name: 'proxy' }, { name: 'agent' }], initContainers: [{ name: 'git-init' }] } });
  });

  test('as it is', async () => {
    expect(await logs('fix')).toEqual({ code: 0, err: '', out: server.log });
    expect(logRequest()).toMatchObject({ path: '/api/v1/namespaces/team-a/pods/fix-pod/log', query: { container: 'agent' } });
  });

  test.each([
    [['--tail', '20'], { container: 'agent', tailLines: '20' }],
    [['--tail', '-1'], { container: 'agent' }],
    [['--since', '1500ms', '--timestamps'], { container: 'agent', sinceSeconds: '2', timestamps: 'true' }],
    [['-c', 'git-init'], { container: 'git-init' }],
    [['-f', '-c', 'proxy'], { container: 'proxy', follow: 'true' }],
  ])('%j', async (args, query) => {
    // The fake kubelet has said nothing of these containers: it is asked all the same.
    putPod(server, 'fix', {
      spec: { containers: [{ name: 'proxy' }, { name: 'agent' }], initContainers: [{ name: 'git-init' }] },
      status: {
        containerStatuses: [
          { name: 'proxy', state: exited(0) },
          { name: 'agent', state: { running: {} } },
        ],
      },
    });
    const { code, out } = await logs('fix', ...args);
    expect([code, out.replace(/^2026\S+ /gm, '')]).toEqual([0, server.log]);
    expect(logRequest()?.query).toEqual({ ...query, ...(args.includes('-f') ? { timestamps: 'true' } : {}) });
  });

  test('a container that it has not', async () => {
    expect((await logs('fix', '-c', 'gti-init')).err).toBe(
      'error: read logs of pod fix-pod: container "gti-init" is not one of it; did you mean git-init\n',
    );
    expect((await logs('fix', '-c', 'database')).err).toContain('; it has git-init, proxy, agent\n');
  });
});

describe('attempts', () => {
  beforeEach(() => {
    putTask(server, 'fix', {
      status: running({ podName: 'fix-pod-2', attemptCount: 2, attempts: [{ number: 1, podName: 'fix-pod', cause: 'Evicted' }] }),
    });
    putPod(server, 'fix');
    putPod(server, 'fix', { metadata: { name: 'fix-pod-2', uid: 'uid-2' } });
  });

  test.each([
    [[], 'fix-pod-2'],
    [['--previous'], 'fix-pod'],
    [['--attempt', '1'], 'fix-pod'],
    [['--attempt', '2'], 'fix-pod-2'],
  ])('%j', async (args, pod) => {
    expect((await logs('fix', ...args)).code).toBe(0);
    expect(logRequest()?.path).toContain(`/${pod}/log`);
  });

  test('that there was not', async () =>
    expect((await logs('fix', '--attempt', '3')).err).toBe(
      'error: read logs of task fix: there was no attempt 3; it has had 2 attempts\n',
    ));
});

describe('where there is nothing to read', () => {
  test.each<[name: string, arrange: () => void, text: string]>([
    [
      'no Pod yet',
      () => putTask(server, 'fix', { status: { phase: 'Queued', message: 'Waiting for agent "coder" capacity (max: 1)' } }),
      'read logs of task fix: it has no pod yet: Queued: Waiting for agent "coder" capacity (max: 1); -f waits for it',
    ],
    [
      'never a Pod',
      () => putTask(server, 'fix', { status: { phase: 'Failed', cause: 'Agent', message: 'agent "x" not found' } }),
      'read logs of task fix: it ended without a pod: Failed (Agent): agent "x" not found',
    ],
    [
      'the Pod is gone',
      () => putTask(server, 'fix', { status: ended('Failed', { podName: 'fix-pod', cause: 'PodDeleted' }) }),
      'read logs of task fix: pod fix-pod of attempt 1 is not there any more, and its logs went with it; the task ended: Failed (PodDeleted)',
    ],
    [
      'the Pod is another’s',
      () => {
        runningTask();
        putPod(server, 'other', { metadata: { name: 'fix-pod' } });
      },
      'read logs of task fix: pod fix-pod of attempt 1 is not there any more, and its logs went with it',
    ],
    ['no such Task', () => putTask(server, 'fix-bug'), 'tasks.kubeopencode.io "fix" not found in namespace team-a; did you mean fix-bug'],
    [
      'not allowed',
      () => {
        runningTask();
        putPod(server, 'fix');
        server.fail('log', { type: 'Status', code: 403, reason: 'Forbidden' });
      },
      'read logs of pods/fix-pod in namespace team-a: not allowed (as the test asked); a role must allow verb get on pods/log; check with: kubectl auth can-i get pods/log -n team-a --kubeconfig KUBECONFIG',
    ],
    [
      'the container waits',
      () => {
        runningTask();
        putPod(server, 'fix', {
          spec: { containers: [{ name: 'agent' }], initContainers: [{ name: 'git-init' }] },
          agent: { waiting: { reason: 'PodInitializing' } },
          status: {
            initContainerStatuses: [{ name: 'git-init', state: exited(128) }],
            containerStatuses: [{ name: 'agent', state: { waiting: { reason: 'PodInitializing' } } }],
          },
        });
        server.fail('log', { type: 'Status', code: 400, reason: 'BadRequest' });
      },
      'read logs of pods/fix-pod in namespace team-a: as the test asked (BadRequest); git-init exited 128, agent waits: PodInitializing; -c reads another, -f waits for it',
    ],
  ])('%s', async (_name, arrange, text) => {
    arrange();
    expect(await logs('fix')).toEqual({ code: 1, out: '', err: `error: ${text.replace('KUBECONFIG', server.kubeconfig)}\n` });
  });
});

describe('a log that was kept', () => {
  const log = { configMapName: 'fix-log-1', bytes: 12, truncated: true };
  const putKept = (data: Readonly<Record<string, string>>, owner = 'uid-fix') =>
    server.store.put('ConfigMap', {
      metadata: {
        name: 'fix-log-1',
        namespace: 'team-a',
        ownerReferences: [{ apiVersion: 'kubeopencode.io/v1alpha1', kind: 'Task', name: 'fix', uid: owner, controller: true }],
      },
      data,
    } as KubernetesObject);
  const putEnded = (more: Partial<Attempt> = {}) =>
    putTask(server, 'fix', {
      status: ended('Completed', { cause: 'Stopped', podName: 'fix-pod', attempts: [{ number: 1, podName: 'fix-pod', log, ...more }] }),
    });

  test('is printed where the Pod is gone; stderr says where it comes from, and that there was more', async () => {
    putEnded();
    putKept({ agent: 'a\nb\nlast\n' });
    expect(await logs('fix')).toEqual({
      code: 0,
      out: 'a\nb\nlast\n',
      err: 'attempt 1, pod fix-pod, container agent: the last 12 bytes of its log, kept in ConfigMap fix-log-1\n',
    });
    expect((await logs('fix', '-f')).out).toBe('a\nb\nlast\n');
    expect((await logs('fix', '--tail', '2')).out).toBe('b\nlast\n');
  });

  test('whole, and of the init container that the agent did not come past', async () => {
    putEnded({ log: { ...log, truncated: false } });
    putKept({ 'git-init': 'no such branch' });
    expect(await logs('fix', '--timestamps')).toEqual({
      code: 0,
      out: 'no such branch',
      err: `attempt 1, pod fix-pod, container git-init: its whole log of 12 bytes, kept in ConfigMap fix-log-1
warning: a kept log has no times: --since and --timestamps do nothing
`,
    });
  });

  test('of a Pod that is there, and whose containers’ logs are gone', async () => {
    putEnded();
    putKept({ agent: 'last words\n' });
    putPod(server, 'fix', { phase: 'Failed', agent: exited(143) });
    server.log = 'unable to retrieve container logs for containerd://a0b1';
    expect((await logs('fix')).out).toBe('last words\n');
    expect((await logs('fix', '-f')).out).toBe('last words\n');
    server.fail('log', { type: 'Status', code: 404, reason: 'NotFound' });
    expect((await logs('fix')).out).toBe('last words\n');
  });

  test('is not printed behind what the Pod gave', async () => {
    putEnded();
    putKept({ agent: 'fixing it\n' });
    putPod(server, 'fix', { phase: 'Failed', agent: exited(143) });
    expect(await logs('fix', '-f')).toEqual({ code: 0, err: '', out: server.log });
    server.fail('log', { type: 'Cut', afterFrames: 1 });
    server.fail('log', { type: 'Status', code: 404, reason: 'NotFound' });
    expect(await logs('fix', '-f')).toMatchObject({ code: 1, out: 'reading the code\n' });
  });

  test.each([
    [['--previous'], 'first'],
    [['--attempt', '1'], 'first'],
    [[], 'second'],
  ])('%j of several attempts', async (args, text) => {
    const attempts = [
      { number: 1, podName: 'fix-pod', log },
      { number: 2, podName: 'fix-pod-2', log: { ...log, configMapName: 'fix-log-2' } },
    ];
    putTask(server, 'fix', { status: ended('Failed', { podName: 'fix-pod-2', attemptCount: 2, attempts }) });
    const { metadata, ...kept } = putKept({ agent: 'first' });
    server.store.put('ConfigMap', { ...kept, metadata: { ...metadata, name: 'fix-log-2' }, data: { agent: 'second' } } as KubernetesObject);
    expect((await logs('fix', ...args)).out).toBe(text);
  });

  test('nothing was said', async () => {
    putEnded({ log: { bytes: 0, truncated: false } });
    expect(await logs('fix')).toEqual({ code: 0, out: '', err: 'attempt 1, pod fix-pod: it had written nothing when it went\n' });
  });

  const gone = 'read logs of task fix: pod fix-pod of attempt 1 is not there any more';
  test.each<[name: string, arrange: () => void, args: readonly string[], text: string]>([
    [
      'it could not be kept',
      () => putEnded({ log: { missing: 'dial tcp 192.0.2.2:10250: no route to host' } }),
      [],
      `${gone}, and the end of its log could not be kept: dial tcp 192.0.2.2:10250: no route to host`,
    ],
    ['somebody has deleted it', () => putEnded(), [], `${gone}, and ConfigMap fix-log-1, in which the end of its log was kept, is gone`],
    [
      'it is another’s',
      () => {
        putEnded();
        putKept({ agent: 'x' }, 'uid-other');
      },
      [],
      `${gone}, and ConfigMap fix-log-1 is not this Task's: its log is gone`,
    ],
    [
      'another container',
      () => {
        putEnded();
        putKept({ agent: 'x' });
      },
      ['-c', 'git-init'],
      `${gone}; ConfigMap fix-log-1 keeps the log of container agent alone`,
    ],
  ])('not where %s', async (_name, arrange, args, text) => {
    arrange();
    expect(await logs('fix', ...args)).toEqual({ code: 1, out: '', err: `error: ${text}\n` });
  });

  test('not without the right to read it', async () => {
    const error = { type: 'Refused', code: 403, reason: 'Forbidden', message: 'no' } as const;
    const cluster = { get: () => Promise.resolve({ ok: false, error } as const) };
    const made = putTask(server, 'fix', { status: ended('Failed') });
    const attempt = { number: 1, podName: 'fix-pod', kept: { number: 1, log } };
    await expect(keptLog(cluster, made, attempt, undefined)).rejects.toThrow(
      `${gone}; the end of its log is kept in ConfigMap fix-log-1: get configmaps/fix-log-1 in namespace team-a: not allowed (no); a role must allow verb get on configmaps; check with: kubectl auth can-i get configmaps -n team-a`,
    );
  });

  test('lines of the end', () =>
    expect([undefined, -1, 0, 1, 2, 9].map((count) => lastLines('a\nb\nc', count))).toEqual([
      'a\nb\nc',
      'a\nb\nc',
      '',
      'c',
      'b\nc',
      'a\nb\nc',
    ]));
});

describe('--follow', () => {
  test('between two attempts the next is waited for', async () => {
    const attempts = [{ number: 1, podName: 'fix-pod' }];
    putTask(server, 'fix', { status: { phase: 'Pending', podName: 'fix-pod', attemptCount: 1, attempts, message: 'attempt 1 failed' } });
    putPod(server, 'fix', { phase: 'Failed', agent: exited(1) });
    const following = logs('fix', '-f');
    await expect.poll(() => server.watches).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(logRequest()).toBeUndefined();
    putPod(server, 'fix', { metadata: { name: 'fix-pod-2', uid: 'uid-2' }, agent: exited(0) });
    putStatus(server, 'fix', running({ podName: 'fix-pod-2', attemptCount: 2, attempts }));
    expect(await following).toEqual({ code: 0, out: server.log, err: 'waiting for the container: Pending: attempt 1 failed\n' });
    expect(logRequest()?.path).toContain('/fix-pod-2/log');
  });

  test('a Task that has no Pod yet is waited for, until its container has begun', async () => {
    putTask(server, 'fix');
    const following = logs('fix', '-f');
    await expect.poll(() => server.watches).toBe(2);
    putPod(server, 'fix', { agent: { waiting: { reason: 'ContainerCreating' } } });
    putStatus(server, 'fix', running({ podName: 'fix-pod' }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(logRequest()).toBeUndefined();
    putPod(server, 'fix', { agent: exited(0) });
    expect(await following).toEqual({
      code: 0,
      out: server.log,
      err: expect.stringMatching(
        /^waiting for the container: Pending\n(waiting for the container: Running\n)?waiting for the container: pod fix-pod: waits: ContainerCreating\n$/,
      ),
    });
  });

  test('a Task that ends without a Pod is not waited for', async () => {
    putTask(server, 'fix');
    const following = logs('fix', '-f');
    await expect.poll(() => server.watches).toBe(2);
    putStatus(server, 'fix', { phase: 'Failed', cause: 'Agent', message: 'agent "x" not found' });
    expect(await following).toMatchObject({ code: 1, out: '', err: expect.stringContaining('it ended without a pod: Failed (Agent)') });
  });

  describe('of a stream that breaks off', () => {
    const isOpen = () => expect.poll(() => server.requests.filter(({ verb }) => verb === 'log').length, { timeout: 5_000 });
    beforeEach(() => {
      runningTask();
      putPod(server, 'fix');
      server.log = 'one\ntwo\nthree\nfour\n';
    });

    test('no line is lost, none comes twice, and each trouble is told once', async () => {
      server.fail('log', { type: 'CutMidFrame', afterFrames: 1 });
      server.fail('log', { type: 'ResetBeforeWrite' });
      server.fail('log', { type: 'Status', code: 503, reason: 'ServiceUnavailable' });
      // An API server that shuts down ends it in order.
      server.fail('log', { type: 'Close', afterFrames: 3 });
      const following = logs('fix', '-f');
      await isOpen().toBe(5);
      server.log += 'five\n';
      putPod(server, 'fix', { agent: exited(0) });
      const { code, out, err } = await following;
      expect({ code, out }).toEqual({ code: 0, out: 'one\ntwo\nthree\nfour\nfive\n' });
      const told = err.trimEnd().split('\n');
      expect(new Set(told).size).toBe(told.length);
      expect(told.every((line) => /^warning: it is tried again: read logs of pods\/fix-pod in namespace team-a: /.test(line))).toBe(true);
      expect(told.at(-1)).toContain('as the test asked (ServiceUnavailable)');
      const [first, ...later] = server.requests.filter(({ verb }) => verb === 'log').map(({ query }) => query.sinceTime);
      expect([first, later[0]]).toEqual([undefined, '2025-12-31T23:59:59Z']);
      expect(['2026-01-01T00:00:02Z', '2026-01-01T00:00:03Z']).toContain(later.at(-1));
    });

    test('with times, and from the end of a log on', async () => {
      server.fail('log', { type: 'Cut', afterFrames: 2 });
      const following = logs('fix', '-f', '--timestamps', '--since', '10m');
      await isOpen().toBe(2);
      putPod(server, 'fix', { agent: exited(0) });
      expect((await following).out).toMatch(/^\S+:00\.0{9}Z one\n\S+:01\.0{9}Z two\n\S+:02\.0{9}Z three\n\S+:03\.0{9}Z four\n$/);
      const [first, second] = server.requests.filter(({ verb }) => verb === 'log').map(({ query }) => query);
      expect(first).toMatchObject({ sinceSeconds: '600', timestamps: 'true' });
      expect(second).toMatchObject({ sinceTime: '2026-01-01T00:00:00Z', timestamps: 'true' });
      expect(second).not.toHaveProperty('sinceSeconds');
    });

    test('one that ends in order as the container does may not be the whole: it is read once more', async () => {
      server.fail('log', { type: 'Close', afterFrames: 3 });
      const following = logs('fix', '-f');
      await isOpen().toBe(1);
      putPod(server, 'fix', { agent: exited(0) });
      expect(await following).toEqual({ code: 0, out: server.log, err: '' });
    });

    test('a log that its kubelet has removed meanwhile', async () => {
      server.fail('log', { type: 'Close', afterFrames: 4 });
      server.fail('log', {
        type: 'Raw',
        code: 200,
        body: 'unable to retrieve container logs for containerd://a0b1',
        contentType: 'text/plain',
      });
      const following = logs('fix', '-f');
      await isOpen().toBe(1);
      putPod(server, 'fix', { agent: exited(0) });
      expect(await following).toEqual({ code: 0, out: server.log, err: '' });
    });

    test('not one that is refused', async () => {
      server.fail('log', { type: 'Cut', afterFrames: 2 });
      server.fail('log', { type: 'Status', code: 403, reason: 'Forbidden' });
      expect(await logs('fix', '-f')).toMatchObject({
        code: 1,
        out: 'one\ntwo\n',
        err: expect.stringMatching(/\nerror: read logs of pods\/fix-pod in namespace team-a: not allowed .*\n$/),
      });
    });

    test('not of a node that has given nothing yet', async () => {
      server.fail('log', { type: 'Status', code: 500, reason: 'InternalError' });
      expect(await logs('fix', '-f')).toMatchObject({ code: 1, out: '', err: expect.stringContaining('error: read logs of pods/fix-pod') });
    });
  });

  test('not with --previous', async () =>
    expect(await logs('fix', '-f', '-p')).toMatchObject({ code: 1, err: expect.stringContaining("'-p, --previous' cannot be used with") }));
});
