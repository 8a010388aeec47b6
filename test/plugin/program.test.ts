import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Plan } from '#plugin/contract/plan.ts';
import { terminalColumns } from '#plugin/io.ts';
import { run } from './io.ts';

const TEMPLATE = `apiVersion: kubeopencode.io/v1alpha1
kind: AgentTemplate
metadata: {name: quick}
spec: {workspaceDir: /workspace, serviceAccountName: default}
`;
const TASK = `apiVersion: kubeopencode.io/v1alpha1
kind: Task
metadata: {name: fix}
spec: {templateRef: {name: quick}, description: Fix it.}
`;
const BOTH = `${TASK}---\n${TEMPLATE}`;

const plan = (args: readonly string[], stdin = BOTH, more: { color?: boolean } = {}) =>
  run(['plan', '-f', '-', ...args], { stdin, ...more });

describe('exit codes', () => {
  test.each<[name: string, args: string[], stdin: string, code: number]>([
    ['0 for a plan', [], BOTH, 0],
    ['2 for a plan with --detailed-exitcode', ['--detailed-exitcode'], BOTH, 2],
    ['0 for nothing to do with --detailed-exitcode', ['--detailed-exitcode'], TEMPLATE, 0],
    ['3 for a Task without its template', [], TASK, 3],
    ['3 before 2', ['--detailed-exitcode'], TASK, 3],
    ['3 for a manifest that would be refused', [], BOTH.replace('description: Fix it.', 'timeout: 1 hour'), 3],
    ['1 for bad YAML', [], 'a: [', 1],
    ['1 for a wrong value of a flag', ['--assume', 'glory'], BOTH, 1],
    ['1 for a wrong duration', ['--horizon', '1 day'], BOTH, 1],
    ['1 for an unknown flag', ['--what'], BOTH, 1],
    ['1 for a core that is none', ['--core', 'package.json'], BOTH, 1],
    ['0 for --help', ['--help'], BOTH, 0],
  ])('%s', async (_name, args, stdin, code) => {
    const ran = await plan(args, stdin);
    expect([ran.code, ran.err]).toEqual([code, code === 1 || code === 3 ? expect.any(String) : '']);
    if (code === 1) expect(ran.err).toMatch(/^error: |: yaml: /m);
  });

  test('without a command: help', async () =>
    expect(await run([])).toMatchObject({ code: 0, err: '', out: expect.stringContaining('Exit codes:') }));

  test.each([
    ['paln'],
    ['paln', '--help'],
    ['paln', '-h', 'fix-bug'],
    ['--help', 'paln'],
    ['help', 'paln'],
    ['paln', '-n', 'team-a', 'plan', '--help'],
  ])('an unknown command is an error: %s', async (...args) => {
    expect(await run(args)).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/unknown command 'paln'[\s\S]*did you mean plan/i),
    });
  });

  test('a plan of nothing is an error that says how', async () => {
    expect(await run(['plan'])).toEqual({
      code: 1,
      out: '',
      err: 'error: plan: expected Tasks to plan; name them, select them with -l, --all or -A, or give files with -f FILE, -f FOLDER or -f -\n',
    });
  });
});

test.each([
  ['a pipe', { isTTY: false, columns: 0 }, undefined],
  ['a terminal', { isTTY: true, columns: 120 }, 120],
  ['a terminal without a size', { isTTY: true, columns: 0 }, 80],
])('the width of %s', (_name, stream, columns) => expect(terminalColumns(stream)).toBe(columns));

describe('streams', () => {
  test('JSON and YAML are the same contract, alone on stdout', async () => {
    const [json, yaml] = [await plan(['-o', 'json']), await plan(['-oyaml'])];
    expect(parse(yaml.out)).toEqual(JSON.parse(json.out));
    expect(json.err + yaml.err).toBe('');
    const { formatVersion, tasks } = JSON.parse(json.out) as Plan;
    expect(formatVersion).toBe(1);
    expect(tasks).toMatchObject([{ namespace: 'default', name: 'fix', end: { phase: 'Completed' } }]);
    expect(json.out).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}/);
  });

  test('faults go to stderr with their lines, and what can be planned is planned', async () => {
    const ran = await plan([], `${BOTH}---\n${TASK.replace('fix', 'spare').replace('description', 'desciption')}`);
    expect(ran.code).toBe(3);
    expect(ran.err).toContain('<stdin>:14:36  ');
    expect(ran.err).toContain('spec.desciption: unknown field');
    expect(ran.err).toMatch(/error: Task\/spare can't be planned as written\n$/);
    expect(ran.out).toContain('Task default/fix\n');
    expect(ran.out).not.toContain('spare');
  });

  test('what a plan has no use for is named', async () => {
    expect((await plan([], `${BOTH}---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n`)).err).toBe(
      'not part of a plan, left out: Secret/s\n',
    );
  });

  test('colour only where it is taken, and never with --no-color', async () => {
    const esc = String.fromCharCode(27);
    expect((await plan([], BOTH, { color: true })).out).toContain(`${esc}[1mTask default/fix${esc}[22m`);
    expect((await plan([], BOTH)).out).not.toContain(esc);
    expect((await plan(['--no-color'], BOTH, { color: true })).out).not.toContain(esc);
    expect((await plan(['-o', 'json'], BOTH, { color: true })).out).not.toContain(esc);
  });

  test.each([
    [[], 'kubectl apply -f - < FILE'],
    [['-n', 'team-a'], 'kubectl apply -f - -n team-a < FILE'],
    [['-R', '--context', "it's"], String.raw`kubectl apply -f - -R --context 'it'\''s' < FILE`],
  ])('how it is applied, with %j', async (args, command) => {
    expect((await plan(args)).out.trimEnd().split('Apply with: ')[1]).toBe(command);
  });

  test('the same input gives the same plan, to the letter', async () =>
    expect((await plan(['-o', 'json'])).out).toBe((await plan(['-o', 'json'])).out));
});

describe('flags', () => {
  test('-n places what names no namespace, and contradicts what names another', async () => {
    expect((await plan(['-n', 'team-a'])).out).toContain('Task team-a/fix');
    const elsewhere = BOTH.replace('{name: fix}', '{name: fix, namespace: team-b}');
    expect(await plan(['-n', 'team-a'], elsewhere)).toMatchObject({ code: 3, err: expect.stringContaining('does not match "team-a"') });
  });

  test.each([
    ['succeeded', 'Completed'],
    ['failed', 'Failed (Application)'],
    ['out-of-memory', 'Failed (OutOfMemory)'],
    ['evicted', 'Failed (Evicted)'],
    ['deleted', 'Failed (PodDeleted)'],
  ])('--assume %s', async (assume, end) => {
    const { out } = await plan(['--assume', assume]);
    expect(out.split('\n').find((line) => line.startsWith('  Ends'))).toContain(`: ${end}`);
    expect(out).toContain(`Every Pod is assumed to end: ${assume}.`);
  });

  test.each(['image-pull', 'unschedulable'])('--assume %s does not end by itself', async (assume) => {
    const { out, code } = await plan(['--assume', assume, '--horizon', '2h']);
    expect(out).toContain('  Not ended after 2h: Running');
    expect(out).toContain('(1 not ended)');
    expect(code).toBe(0);
  });

  test('--run-for makes a timeout bite', async () => {
    const stdin = BOTH.replace('description: Fix it.', 'timeout: 10m');
    expect((await plan(['--run-for', '9m'], stdin)).out).toContain('Completed\n');
    expect((await plan(['--run-for', '11m'], stdin)).out).toContain('(Timeout): Task timed out after 10m0s');
  });

  test('--horizon ends the look', async () => {
    expect((await plan(['--run-for', '2h', '--horizon', '1h30m'])).out).toContain('Not ended after 1h30m: Running');
  });
});

test('a suspended Task is held, not blocked', async () => {
  const { code, out } = await plan([], BOTH.replace('description: Fix it.', 'suspend: true'));
  expect(code).toBe(0);
  expect(out).toContain('Not ended after 24h: Queued: task is suspended');
});

describe('completion', () => {
  test.each<[words: string[], lines: string[]]>([
    [['pl'], ['plan\twhat the controller will do with Tasks, step by step', ':4']],
    [
      ['re'],
      [
        'replay\trepeat the decisions of a journal and compare',
        'retry\tone more attempt of Tasks that failed, timed out or were stopped',
        'release\tlet go of the Pods of Tasks: for uninstall, or where no controller runs',
        ':4',
      ],
    ],
    [
      ['release', '-o', ''],
      ['table', 'name', 'json', 'yaml', 'jsonpath=', 'jsonpath-as-json=', 'jsonpath-file=', ':4'],
    ],
    [
      ['retry', '--al'],
      ['--all\tevery Task of the namespace that failed or timed out', ':4'],
    ],
    [
      ['plan', '--assume', 'e'],
      ['evicted', ':4'],
    ],
    [
      ['plan', '--assume=out'],
      ['--assume=out-of-memory', ':4'],
    ],
    [
      ['plan', '-o', ''],
      ['text', 'wide', 'name', 'json', 'yaml', 'jsonpath=', 'jsonpath-as-json=', 'jsonpath-file=', ':4'],
    ],
    [
      ['plan', '-f', ''],
      ['yaml', 'yml', 'json', ':8'],
    ],
    [['plan', '--kubeconfig', ''], [':0']],
    [['plan', '--horizon', ''], [':4']],
    [
      ['plan', '--detailed'],
      ['--detailed-exitcode\texit with 2 when there is something to do', ':4'],
    ],
  ])('%j', async (words, lines) => {
    expect(await run(['__complete', ...words])).toEqual({ code: 0, err: '', out: `${lines.join('\n')}\n` });
  });

  test('behind a word that is no command: all commands', async () => {
    const { out } = await run(['__complete', 'nonsense', '']);
    expect(out).toContain('plan\twhat the controller will do with Tasks, step by step\n');
    expect(out).toContain('lint\twhat is wrong in manifests, every fault with its line\n');
    expect(out).toMatch(/\n:4\n$/);
  });

  test('the hidden command is in no help', async () => expect((await run(['--help'])).out).not.toContain('__complete'));
});
