import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { humanDuration } from '#plugin/age.ts';
import { condition, running } from '#test/support/builders.ts';
import { type FakeApiServer, startFakeApiServer } from '#test/support/fake-apiserver.ts';
import { run } from '../io.ts';
import { ended, putPod, putStatus, putTask } from '../tasks.ts';

let server: FakeApiServer;
beforeEach(async () => {
  server = await startFakeApiServer();
});
afterEach(() => server.close());

const status = (...args: string[]) => run(['status', '--kubeconfig', server.kubeconfig, ...args]);
const lines = (out: string) => out.trimEnd().split('\n');

describe('which Tasks', () => {
  test('those of the context’s namespace; -n, -A and -l as in kubectl', async () => {
    putTask(server, 'here', { status: running() });
    putTask(server, 'there', { metadata: { namespace: 'team-b' } });
    expect(lines((await status('--no-headers')).out)).toEqual([expect.stringMatching(/^here {3}Running/)]);
    expect(lines((await status('-n', 'team-b', '--no-headers')).out)).toEqual([expect.stringMatching(/^there {3}Pending/)]);
    expect(lines((await status('-A')).out)).toEqual([
      expect.stringMatching(/^NAMESPACE {3}NAME +PHASE/),
      expect.stringMatching(/^team-a +here/),
      expect.stringMatching(/^team-b +there/),
      '',
      '2 Tasks: 1 Pending, 1 Running',
    ]);
    await status('-l', 'team=web');
    expect(server.requests.at(-1)).toMatchObject({ verb: 'list', query: { labelSelector: 'team=web' } });
  });

  test('none', async () => {
    expect(await status()).toEqual({ code: 0, out: '', err: 'No Tasks found in team-a namespace.\n' });
    expect(await status('-A')).toEqual({ code: 0, out: '', err: 'No Tasks found.\n' });
  });

  test('one that is not there: the others are shown, and the error names what is near', async () => {
    putTask(server, 'fix-bug', { status: running() });
    const { code, out, err } = await status('fix-bug', 'fix-bgu');
    expect([code, err]).toEqual([1, 'error: tasks.kubeopencode.io "fix-bgu" not found in namespace team-a; did you mean fix-bug\n']);
    expect(out).toContain('Task team-a/fix-bug  Running\n');
  });

  test.each([
    [['fix', '-A'], 'status: expected names or -A; a name is looked for in one namespace'],
    [['fix', '-l', 'a=b'], 'status: expected names or -l, not both'],
  ])('%j', async (args, text) => expect(await status(...args)).toEqual({ code: 1, out: '', err: `error: ${text}\n` }));
});

describe('forms', () => {
  beforeEach(() => {
    putTask(server, 'fix', { status: running({ podName: 'fix-pod' }) });
    putPod(server, 'fix');
  });

  test('the fleet asks for nothing but Tasks', async () => {
    await status();
    expect(server.requests.map(({ path }) => path.split('/').at(-1))).toEqual(['tasks']);
  });

  test('JSON and YAML are the same contract', async () => {
    const [json, yaml] = [await status('fix', '-o', 'json'), await status('fix', '-o', 'yaml')];
    const { at: _, ...rest } = JSON.parse(json.out) as { at: string };
    expect(rest).toMatchObject({
      formatVersion: 1,
      tasks: [{ name: 'fix', phase: 'Running', template: 'coder', attempts: [{ number: 1, pod: { name: 'fix-pod', node: 'node-1' } }] }],
      counts: { phases: { Running: 1 }, causes: {} },
    });
    const { at: __, ...same } = parse(yaml.out) as { at: string };
    expect(same).toEqual(rest);
  });

  test('names can be shown as a table, and all Tasks as trees', async () => {
    expect((await status('fix', '-o', 'table')).out).toMatch(/^NAME +PHASE/);
    expect((await status('-o', 'tree')).out).toMatch(/^Task team-a\/fix/);
  });

  test('a wrong form is answered with the right ones', async () =>
    expect(await status('-o', 'xml')).toMatchObject({
      code: 1,
      err: expect.stringContaining('tree, table, wide, name, json, yaml, jsonpath='),
    }));

  test('colour on a terminal', async () => {
    const args = ['status', '--kubeconfig', server.kubeconfig];
    const esc = String.fromCharCode(27);
    expect((await run(args, { color: true })).out).toContain(`${esc}[36mRunning${esc}[39m`);
    expect((await run([...args, '--no-color'], { color: true })).out).not.toContain(esc);
  });
});

test('a Task that is another controller’s is not waited for', async () => {
  putTask(server, 'far', { spec: { managedBy: 'example.com/other' } });
  expect((await status('far')).out).toMatch(
    /^Task team-a\/far {2}Pending: spec\.managedBy names another controller: example\.com\/other\n/,
  );
});

describe('a Pod that the status does not speak of yet', () => {
  test('of a new Task: a controller has looked at it', async () => {
    putTask(server, 'fix');
    putPod(server, 'fix', { phase: 'Pending' });
    expect((await status('fix')).out).toMatch(/^Task team-a\/fix {2}Pending\n[\s\S]*Attempt 1\n[\s\S]*Pod fix-pod {2}Pending/);
  });

  test('of the next attempt: nobody waits for it any more', async () => {
    const nextAttemptTime = '2026-01-01T10:00:00Z';
    const retrying = condition('Retrying', 'True', 'Application');
    const attempts = [{ number: 1, podName: 'fix-pod' }];
    putTask(server, 'fix', { status: { phase: 'Pending', attemptCount: 1, attempts, nextAttemptTime, conditions: [retrying] } });
    expect((await status('fix')).out).toContain('Next attempt  2, due since 2026-01-01T10:00:00Z');
    putPod(server, 'fix', { phase: 'Pending', metadata: { name: 'fix-pod-2', annotations: { 'kubeopencode.io/attempt': '2' } } });
    const { out } = await status('fix');
    expect(out).not.toContain('Next attempt');
    expect(out).toMatch(/Attempt 2\n[\s\S]*Pod fix-pod-2 {2}Pending/);
  });
});

describe('below a Task by name, on a terminal, stands the command that says why', () => {
  const shown = async (args: readonly string[], terminal = true): Promise<readonly string[]> => {
    const { out } = await run(['status', '--kubeconfig', server.kubeconfig, ...args], { terminal });
    return lines(out).filter((line) => line.startsWith('why: '));
  };
  const hint = (name: string): string => `why: kubectl opencode why ${name} -n team-a --kubeconfig ${server.kubeconfig}`;
  const blocked = running({ conditions: [condition('PodBlocked', 'True', 'ImagePull')] });

  test.each<[name: string, task: Parameters<typeof putTask>[2], isTold: boolean]>([
    ['nobody has looked at', {}, true],
    ['queued', { status: { phase: 'Queued' } }, true],
    ['failed', { status: ended('Failed') }, true],
    ['timed-out', { status: ended('Completed', { cause: 'Timeout' }) }, true],
    ['kept-from-running', { status: blocked }, true],
    ['running', { status: running() }, false],
    ['completed', { status: ended('Completed') }, false],
    ['stopped', { status: ended('Completed', { cause: 'Stopped' }) }, false],
  ])('of one that is %s', async (_name, task, isTold) => {
    putTask(server, 'fix', task);
    expect(await shown(['fix'])).toEqual(isTold ? [hint('fix')] : []);
  });

  test('at the end of each', async () => {
    putTask(server, 'one');
    putTask(server, 'two', { status: ended('Failed') });
    expect(await shown(['one', 'two'])).toEqual([hint('one'), hint('two')]);
    expect((await run(['status', '--kubeconfig', server.kubeconfig, 'one'], { terminal: true })).out.split('\n').at(-2)).toBe(hint('one'));
  });

  test('not in a table, with -o, or in a pipe', async () => {
    putTask(server, 'one');
    for (const args of [[], ['-A'], ['one', '-o', 'tree'], ['one', '-o', 'wide'], ['one', '-o', 'name']])
      expect(await shown(args)).toEqual([]);
    expect(await shown(['one'], false)).toEqual([]);
  });
});

describe('what may not be read', () => {
  test('Tasks: an error that names verb and resource', async () => {
    server.fail('list', { type: 'Status', code: 403, reason: 'Forbidden' });
    expect(await status('-A')).toEqual({
      code: 1,
      out: '',
      err: `error: list tasks.kubeopencode.io in all namespaces: not allowed (as the test asked); a role must allow verb list on tasks.kubeopencode.io; check with: kubectl auth can-i list tasks.kubeopencode.io --all-namespaces --kubeconfig ${server.kubeconfig}\n`,
    });
  });

  test('Pods: a warning, and the rest is shown', async () => {
    putTask(server, 'fix', { status: running() });
    server.fail('list', { type: 'Status', code: 403, reason: 'Forbidden' });
    const { code, out, err } = await status('fix');
    expect(code).toBe(0);
    expect(err).toMatch(/^warning: Pods are not shown: list pods in namespace team-a: not allowed/);
    expect(out).toContain('Pod fix-bug-pod  not there');
  });

  test('no CRD', async () => {
    server.fail('list', { type: 'Raw', code: 404, body: '404 page not found\n', contentType: 'text/plain' });
    expect((await status()).err).toBe(
      'error: list tasks.kubeopencode.io in namespace team-a: this cluster does not know tasks.kubeopencode.io; install the CRDs of KubeOpenCode, or choose another cluster with --context\n',
    );
  });

  test('nothing, because nobody is there', async () => {
    const { kubeconfig } = server;
    server.fail('list', { type: 'ResetBeforeWrite' });
    expect(await run(['status', '--kubeconfig', kubeconfig])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^error: list tasks\.kubeopencode\.io in namespace team-a: API server http:\/\/127\.0\.0\.1/),
    });
  });
});

describe('--watch', () => {
  test('by name: the tree again with each change, until the end', async () => {
    putTask(server, 'fix');
    const watching = status('fix', '-w', '--no-color');
    await expect.poll(() => server.watches).toBe(2);
    putStatus(server, 'fix', { phase: 'Running', podName: 'fix-pod' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    putStatus(server, 'fix', ended('Completed'));
    const { code, out, err } = await watching;
    expect([code, err]).toEqual([0, '']);
    expect(out.split('\n').filter((line) => line.startsWith('Task '))).toEqual([
      'Task team-a/fix  Pending: no controller has looked at it yet',
      'Task team-a/fix  Running',
      'Task team-a/fix  Completed',
    ]);
  });

  test('two Tasks as a table: a line a change, the header once', async () => {
    putTask(server, 'one', { status: running() });
    putTask(server, 'two', { status: running() });
    const watching = status('one', 'two', '-w', '-o', 'table');
    await expect.poll(() => server.watches).toBe(1);
    putStatus(server, 'two', ended('Failed', { cause: 'Timeout' }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    server.store.remove('Task', 'team-a', 'one');
    expect(lines((await watching).out)).toEqual([
      expect.stringMatching(/^NAME/),
      expect.stringMatching(/^one +Running/),
      expect.stringMatching(/^two +Running/),
      expect.stringMatching(/^two +Failed +Timeout/),
    ]);
  });
});

test.each([
  [0, '0s'],
  [119_000, '119s'],
  [120_000, '2m'],
  [190_000, '3m10s'],
  [3_600_000, '60m'],
  [3 * 3_600_000, '3h'],
  [4.5 * 3_600_000, '4h30m'],
  [47 * 3_600_000, '47h'],
  [50 * 3_600_000, '2d2h'],
  [10 * 86_400_000, '10d'],
  [800 * 86_400_000, '2y70d'],
  [-5, '0s'],
])('an age of %i ms is %s', (ms, text) => expect(humanDuration(ms)).toBe(text));
