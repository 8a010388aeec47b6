import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { condition, running } from '#test/support/builders.ts';
import { type FakeApiServer, startFakeApiServer } from '#test/support/fake-apiserver.ts';
import { run } from '../io.ts';
import { ended, putAgent, putPod, putStatus, putTask } from '../tasks.ts';

// Each command is loaded at its first run.
vi.setConfig({ testTimeout: 60_000 });

let server: FakeApiServer;
let folder: string;
beforeEach(async () => {
  server = await startFakeApiServer();
  folder = mkdtempSync(join(tmpdir(), 'forms-'));
  putAgent(server);
  putTask(server, 'fix', { status: running() });
  putTask(server, 'bad', { status: ended('Failed', { cause: 'Application' }) });
  putPod(server, 'fix', { metadata: { finalizers: ['kubeopencode.io/pod-end'] } });
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await server.close();
});

const MANIFEST = `apiVersion: kubeopencode.io/v1alpha1
kind: AgentTemplate
metadata: {name: quick}
spec: {workspaceDir: /workspace, serviceAccountName: default}
---
apiVersion: kubeopencode.io/v1alpha1
kind: Task
metadata: {name: new}
spec: {templateRef: {name: quick}, description: Do it.}
`;
/** Each command that has an answer, and a path into its contract. Those that write only say what they would do: asked again they say the same. */
const COMMANDS: readonly (readonly [words: string[], path: string, value: string])[] = [
  [['plan', '-f', '-'], '{.tasks[*].name}', 'new'],
  [['status'], '{.tasks[*].name}', 'bad fix'],
  [['status', 'fix'], '{.tasks[0].phase}', 'Running'],
  [['why', 'fix'], '{.name} {.course}', 'fix Runs'],
  [['stop', '--all', '--dry-run'], '{.tasks[*].name} {.tasks[*].result}', 'fix WouldStop'],
  [['stop', 'bad', '--dry-run'], '{.tasks[0].result} {.tasks[0].end.cause}', 'Unchanged Application'],
  [['retry', '--all', '--dry-run'], '{.tasks[*].name} {.tasks[*].attempt} {.tasks[*].result}', 'bad 1 WouldAsk'],
  [['run', 'named', 'Do it.', '--agent', 'coder', '--dry-run'], '{.kind} {.metadata.name}', 'Task named'],
  [['release', '--dry-run'], '{.pods[*].name} {.pods[*].result}', 'fix-pod WouldRelease'],
  [['lint', '-f', '-'], '{.checked} {.faults}', '2 []'],
  [['version'], '{.server} {.core.contract}', 'v1.33.0 1'],
];
const OFFLINE = ['lint'];

describe.each(COMMANDS)('%j', (words, path, value) => {
  const ask = async (form: string) => {
    const access = OFFLINE.includes(words[0] ?? '') ? [] : ['--kubeconfig', server.kubeconfig];
    const ran = await run([...words, ...access, '-o', form], { stdin: MANIFEST });
    expect([ran.code, ran.err]).toEqual([0, '']);
    return ran.out;
  };
  test('json, yaml, jsonpath, jsonpath-as-json and jsonpath-file are views of one contract', async () => {
    const json: unknown = JSON.parse(await ask('json'));
    const timeless = (text: string) => text.replace(/"(at|ago|in|createdAt)": ?"[^"]*"/g, '');
    expect(timeless(JSON.stringify(parse(await ask('yaml'))))).toBe(timeless(JSON.stringify(json)));
    expect(await ask(`jsonpath=${path}`)).toBe(value);
    const file = join(folder, 'template');
    writeFileSync(file, `${path}{"\\n"}`);
    expect(await ask(`jsonpath-file=${file}`)).toBe(`${value}\n`);
    const [first = ''] = path.split(' ');
    expect(Array.isArray(JSON.parse(await ask(`jsonpath-as-json=${first}`)))).toBe(true);
  });
});

describe('a template that is wrong', () => {
  test.each([
    ['jsonpath={.tasks', 'error: read the template of -o jsonpath: unclosed action: expected }, came "{.tasks"\n'],
    ['jsonpath-file=/no/such/file', /^error: read the template of -o jsonpath-file: expected a file, came: ENOENT/],
    ['jsonpath', /Allowed choices are name, json, yaml, jsonpath=/],
    ['jsonpath=', /want a template behind it, such as jsonpath=\{\.tasks\[\*\]\.name\}/],
  ])('-o %s: nothing was asked or done', async (form, message) => {
    const { code, out, err } = await run(['stop', 'fix', '--kubeconfig', server.kubeconfig, '-o', form]);
    expect([code, out, server.requests]).toEqual([1, '', []]);
    if (typeof message === 'string') expect(err).toBe(message);
    else expect(err).toMatch(message);
  });
  test('one that does not fit what came is told, with where to look', async () =>
    expect(await run(['status', '--kubeconfig', server.kubeconfig, '-o', 'jsonpath={.tasks[7].name}'])).toEqual({
      code: 1,
      out: '',
      err: 'error: print with -o jsonpath={.tasks[7].name}: array index out of bounds: index 7, length 2; -o json shows what there is\n',
    }));
});

describe('with --wait data is printed once, with the ends', () => {
  test('stop', async () => {
    const ran = run(['stop', 'fix', '--wait', '--kubeconfig', server.kubeconfig, '-o', 'json']);
    await expect.poll(() => server.watches, { timeout: 15_000 }).toBe(1);
    putStatus(server, 'fix', { phase: 'Completed', cause: 'Stopped', conditions: [condition('Finished', 'True', 'Completed')] });
    const { code, out } = await ran;
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      formatVersion: 1,
      tasks: [{ namespace: 'team-a', name: 'fix', uid: 'uid-fix', result: 'Stopped', end: { phase: 'Completed', cause: 'Stopped' } }],
    });
  });
  test('retry, of one that is deleted meanwhile', async () => {
    const ran = run(['retry', 'bad', '--wait', '--kubeconfig', server.kubeconfig, '-o', 'json']);
    await expect.poll(() => server.watches, { timeout: 15_000 }).toBeGreaterThan(0);
    server.store.remove('Task', 'team-a', 'bad');
    expect(JSON.parse((await ran).out)).toMatchObject({ tasks: [{ name: 'bad', attempt: 1, result: 'Asked', end: { deleted: true } }] });
  });
});

test('what fails is in the data, and on stderr', async () => {
  server.fail('patch', { type: 'Status', code: 403, reason: 'Forbidden' });
  const { code, out, err } = await run(['stop', 'fix', '--kubeconfig', server.kubeconfig, '-o', 'json']);
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ tasks: [{ name: 'fix', result: 'Failed', message: expect.stringContaining('not allowed') }] });
  expect(err).toContain('not allowed');
});

describe('--no-headers', () => {
  test('release', async () => {
    const { out } = await run(['release', '--dry-run', '--no-headers', '--kubeconfig', server.kubeconfig]);
    expect(out).toMatch(/^team-a {3}fix-pod {3}/);
  });
  test('plan -o wide', async () => {
    const wide = async (...more: string[]) => (await run(['plan', '-f', '-', '-o', 'wide', ...more], { stdin: MANIFEST })).out;
    expect(await wide()).toMatch(/^NAMESPACE +NAME/m);
    expect(await wide('--no-headers')).not.toMatch(/^NAMESPACE +NAME/m);
    expect(await wide('--no-headers')).toMatch(/^default +new/m);
  });
});

test('plan -o name', async () =>
  expect((await run(['plan', '-f', '-', '-o', 'name'], { stdin: MANIFEST })).out).toBe('task.kubeopencode.io/new\n'));
