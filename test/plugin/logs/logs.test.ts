import { afterEach, beforeEach, describe, expect, test } from 'vitest';
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
          { name: 'proxy', state: { running: {} } },
          { name: 'agent', state: { running: {} } },
        ],
      },
    });
    expect(await logs('fix', ...args)).toMatchObject({ code: 0, out: server.log });
    expect(logRequest()?.query).toEqual(query);
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
      'error: read logs of task fix: expected an attempt that there was, there were 2 attempts\n',
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
      'read logs of pods/fix-pod in namespace team-a: not allowed (as the test asked); a role must allow verb get on pods/log: check with kubectl auth can-i get pods/log -n team-a',
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
    expect(await logs('fix')).toEqual({ code: 1, out: '', err: `error: ${text}\n` });
  });
});

describe('--follow', () => {
  test('a Task that has no Pod yet is waited for, until its container has begun', async () => {
    putTask(server, 'fix');
    const following = logs('fix', '-f');
    await expect.poll(() => server.watches).toBe(2);
    putPod(server, 'fix', { agent: { waiting: { reason: 'ContainerCreating' } } });
    putStatus(server, 'fix', running({ podName: 'fix-pod' }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(logRequest()).toBeUndefined();
    putPod(server, 'fix');
    expect(await following).toEqual({
      code: 0,
      out: server.log,
      err: 'waiting for the container: Pending\nwaiting for the container: pod fix-pod: waits: ContainerCreating\n',
    });
  });

  test('a Task that ends without a Pod is not waited for', async () => {
    putTask(server, 'fix');
    const following = logs('fix', '-f');
    await expect.poll(() => server.watches).toBe(2);
    putStatus(server, 'fix', { phase: 'Failed', cause: 'Agent', message: 'agent "x" not found' });
    expect(await following).toMatchObject({ code: 1, out: '', err: expect.stringContaining('it ended without a pod: Failed (Agent)') });
  });

  test('a log that is cut is an error', async () => {
    runningTask();
    putPod(server, 'fix');
    server.fail('log', { type: 'Cut', afterFrames: 0 });
    expect(await logs('fix', '-f')).toMatchObject({
      code: 1,
      out: server.log,
      err: expect.stringMatching(/^error: read logs of pods\/fix-pod/),
    });
  });

  test('not with --previous', async () =>
    expect(await logs('fix', '-f', '-p')).toMatchObject({ code: 1, err: expect.stringContaining("'-p, --previous' cannot be used with") }));
});
