import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Task } from '#core/api/task.ts';
import { exitCodeOf, progressText } from '#plugin/run/progress.ts';
import { condition, exited, pod, running, task } from '#test/support/builders.ts';
import { type FakeApiServer, startFakeApiServer } from '#test/support/fake-apiserver.ts';
import { run } from '../io.ts';
import { ended, putAgent, putPod, putStatus } from '../tasks.ts';

let server: FakeApiServer;
beforeEach(async () => {
  server = await startFakeApiServer();
  putAgent(server);
});
afterEach(() => server.close());

const runTask = (args: readonly string[], stdin = '') => run(['run', '--kubeconfig', server.kubeconfig, ...args], { stdin });
const tasks = () => server.store.list('Task', undefined) as readonly Task[];

describe('what is created', () => {
  test('a Task with a name of its own making', async () => {
    const { code, out, err } = await runTask(['--agent', 'coder', 'Fix the test']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^task\.kubeopencode\.io\/task-[bcdfghjklmnpqrstvwxz2456789]{5} created\n$/);
    expect(tasks()).toMatchObject([
      { metadata: { namespace: 'team-a' }, spec: { agentRef: { name: 'coder' }, description: 'Fix the test' } },
    ]);
  });

  test('with a name, a template, a timeout, a priority, and the prompt from standard input', async () => {
    server.store.put('AgentTemplate', { metadata: { name: 'quick', namespace: 'team-b' } });
    const args = ['fix-42', '-', '--template', 'quick', '-n', 'team-b', '--timeout', '1h30m', '--priority', '-3', '-o', 'name'];
    expect(await runTask(args, 'Fix it.\nAll of it.\n')).toEqual({ code: 0, err: '', out: 'task.kubeopencode.io/fix-42\n' });
    expect(tasks()[0]?.metadata).toMatchObject({ name: 'fix-42', namespace: 'team-b' });
    expect(tasks()[0]?.spec).toEqual({
      templateRef: { name: 'quick' },
      timeout: '1h30m',
      priority: -3,
      description: 'Fix it.\nAll of it.',
    });
  });

  test('--dry-run: nothing, and the manifest that plan takes', async () => {
    const { out, code } = await runTask(['fix', 'Fix it', '--template', 'quick', '--dry-run', '-o', 'yaml']);
    expect(code).toBe(0);
    expect(server.requests).toEqual([]);
    expect(parse(out)).toEqual({
      apiVersion: 'kubeopencode.io/v1alpha1',
      kind: 'Task',
      metadata: { name: 'fix', namespace: 'team-a' },
      spec: { templateRef: { name: 'quick' }, description: 'Fix it' },
    });
    const template = `---\napiVersion: kubeopencode.io/v1alpha1\nkind: AgentTemplate\nmetadata: {name: quick, namespace: team-a}\nspec: {workspaceDir: /w, serviceAccountName: s}\n`;
    expect(await run(['plan', '-f', '-'], { stdin: out + template })).toMatchObject({
      code: 0,
      out: expect.stringContaining('Task team-a/fix'),
    });
  });

  test('a generated name that is taken is made anew', async () => {
    server.fail('create', { type: 'Status', code: 409, reason: 'AlreadyExists' });
    expect((await runTask(['--agent', 'coder', 'Fix it'])).code).toBe(0);
    const names = server.requests.filter(({ verb }) => verb === 'create').map(({ body }) => (JSON.parse(body) as Task).metadata.name);
    expect(new Set(names).size).toBe(2);
  });
});

describe('errors', () => {
  test.each<[name: string, args: string[], text: string]>([
    ['nobody to do it', ['Fix it'], 'run: expected who is to do it; name an Agent with --agent, or an AgentTemplate with --template'],
    [
      'a name alone',
      ['fix-it', '--agent', 'coder'],
      'run: expected a prompt; "fix-it" reads as a name: put the prompt behind it, in quotes, or - for standard input',
    ],
    ['no quotes', ['fix', 'this', 'now', '--agent', 'coder'], 'run: expected a name and a prompt, got 3 words; put the prompt in quotes'],
    ['an empty standard input', ['-', '--agent', 'coder'], 'run: expected a prompt, standard input is empty'],
    [
      'an Agent that is not there',
      ['Fix it', '--agent', 'codr'],
      'run: agents.kubeopencode.io "codr" not found in namespace team-a; did you mean coder',
    ],
    [
      'both',
      ['Fix it', '--agent', 'coder', '--template', 't'],
      "option '--agent <name>' cannot be used with option '--template <name>'\nSee: kubectl opencode run --help",
    ],
    [
      'a duration of no form',
      ['Fix it', '--agent', 'coder', '--timeout', '1 hour'],
      "option '--timeout <duration>' argument '1 hour' is invalid. want a duration such as 90s, 30m or 1h30m\nSee: kubectl opencode run --help",
    ],
  ])('%s', async (_name, args, text) => {
    expect(await runTask(args)).toEqual({ code: 1, out: '', err: `error: ${text}\n` });
    expect(tasks()).toEqual([]);
  });

  test('a name that is taken', async () => {
    await runTask(['fix', 'Fix it', '--agent', 'coder']);
    expect(await runTask(['fix', 'Fix it', '--agent', 'coder'])).toEqual({
      code: 1,
      out: '',
      err: 'error: create tasks.kubeopencode.io/fix in namespace team-a: Task "fix" already exists (AlreadyExists); choose another name, or give none\n',
    });
  });

  test('whoever may not read Agents may create Tasks', async () => {
    server.fail('get', { type: 'Status', code: 403, reason: 'Forbidden' });
    expect((await runTask(['fix', 'Fix it', '--agent', 'coder'])).out).toBe('task.kubeopencode.io/fix created\n');
  });
});

describe('--wait', () => {
  const waiting = async (...more: string[]) => {
    const ran = runTask(['fix', 'Fix it', '--agent', 'coder', '--wait', ...more]);
    await expect.poll(() => server.watches).toBe(2);
    return ran;
  };
  const uid = () => tasks()[0]?.metadata.uid ?? '';

  test('tells what happens on stderr, each thing once, and ends as the agent did', async () => {
    const ran = runTask(['fix', 'Fix it', '--agent', 'coder', '--wait']);
    await expect.poll(() => server.watches).toBe(2);
    const settle = () => new Promise((resolve) => setTimeout(resolve, 50));
    putStatus(server, 'fix', { phase: 'Queued', message: 'Waiting for agent "coder" capacity (max: 1)' });
    await settle();
    putStatus(server, 'fix', { phase: 'Queued', message: 'Waiting for agent "coder" capacity (max: 1)', observedGeneration: 1 });
    await settle();
    putPod(server, 'fix', {
      phase: 'Pending',
      metadata: { labels: { 'kubeopencode.io/task-uid': uid() } },
      agent: { waiting: { reason: 'ImagePullBackOff', message: 'no such image\nat all' } },
    });
    putStatus(server, 'fix', { phase: 'Running', podName: 'fix-pod' });
    await settle();
    putPod(server, 'fix', { metadata: { labels: { 'kubeopencode.io/task-uid': uid() } } });
    await settle();
    putStatus(server, 'fix', ended('Failed', { cause: 'Application', message: 'no', attempts: [{ number: 1, exitCode: 7 }] }));
    const { code, out, err } = await ran;
    expect(code).toBe(7);
    expect(out).toBe('task.kubeopencode.io/fix created\n');
    expect(err.replaceAll(/^\+\d+s {2}/gm, '')).toBe(
      `waits for the controller
Queued: Waiting for agent "coder" capacity (max: 1)
Running: pod fix-pod Pending on node-1; agent waits: ImagePullBackOff: no such image
Running: pod fix-pod Running on node-1
Failed (Application, exit code 7): no
`,
    );
  });

  test('-o json prints the Task once, as it ended', async () => {
    const ran = waiting('-o', 'json');
    await expect.poll(() => server.watches).toBe(2);
    putStatus(server, 'fix', ended('Completed'));
    const { code, out } = await ran;
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ kind: 'Task', metadata: { name: 'fix' }, status: { phase: 'Completed' } });
  });

  test('a Task that is deleted meanwhile', async () => {
    const ran = waiting();
    await expect.poll(() => server.watches).toBe(2);
    server.store.remove('Task', 'team-a', 'fix');
    expect(await ran).toMatchObject({ code: 1, err: expect.stringMatching(/\+\d+s {2}the Task was deleted\n$/) });
  });

  test('what can’t be read now is told, and tried again', async () => {
    const ran = runTask(['fix', 'Fix it', '--agent', 'coder', '--wait']);
    server.fail('list', { type: 'Status', code: 503, reason: 'ServiceUnavailable' }, 1);
    await expect.poll(() => server.watches).toBeGreaterThan(0);
    putStatus(server, 'fix', ended('Completed'));
    expect(await ran).toMatchObject({
      code: 0,
      err: expect.stringMatching(
        /^warning: it is tried again: list tasks\.kubeopencode\.io in namespace team-a: as the test asked \(ServiceUnavailable\)$/m,
      ),
    });
  });

  test('who may not watch Tasks is told so, and does not wait for ever', async () => {
    server.fail('watch', { type: 'Status', code: 403, reason: 'Forbidden' }, 2);
    expect(await runTask(['fix', 'Fix it', '--agent', 'coder', '--wait'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^error: watch tasks\.kubeopencode\.io in namespace team-a: not allowed .* kubectl auth can-i watch /m),
    });
  });
});

test.each<[name: string, made: Task | null, code: number]>([
  ['completed', task({ status: ended('Completed') }), 0],
  ['the agent’s own code', task({ status: ended('Failed', { cause: 'Application', attempts: [{ number: 1, exitCode: 42 }] }) }), 42],
  ['failed without a code', task({ status: ended('Failed', { cause: 'Context' }) }), 1],
  ['failed with code 0', task({ status: ended('Failed', { cause: 'PodDeleted', attempts: [{ number: 1, exitCode: 0 }] }) }), 1],
  ['stopped', task({ status: ended('Completed', { cause: 'Stopped', attempts: [{ number: 1, exitCode: 143 }] }) }), 143],
  [
    'timed out before any code',
    task({ status: ended('Completed', { cause: 'Timeout', conditions: [condition('Stopped', 'True', 'Timeout')] }) }),
    1,
  ],
  ['deleted', null, 1],
])('exit code: %s', (_name, made, code) => expect(exitCodeOf(made)).toBe(code));

test.each<[text: string, made: Task, of: ReturnType<typeof pod> | undefined]>([
  ['waits for the controller', task(), undefined],
  ['Pending: agent "coder" not found', task({ status: { phase: 'Pending', message: 'agent "coder" not found' } }), undefined],
  [
    'Running: pod fix-bug-pod Pending: Unschedulable: 0/3 nodes are available',
    task({ status: running() }),
    pod({
      phase: 'Pending',
      spec: { nodeName: '' },
      status: {
        containerStatuses: [],
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available' }],
      },
    }),
  ],
  [
    'Running: pod fix-bug-pod Running on node-1, being deleted',
    task({ status: running() }),
    pod({ metadata: { deletionTimestamp: '2026-01-01T10:01:00Z' } }),
  ],
  ['Running: pod fix-bug-pod Succeeded on node-1', task({ status: running() }), pod({ phase: 'Succeeded', agent: exited(0) })],
])('progress: %s', (text, made, of) => expect(progressText(made, of)).toBe(text));
