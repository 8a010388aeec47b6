import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { LintReport } from '#plugin/contract/lint.ts';
import { nearNames } from '#plugin/near-names.ts';
import { run } from '../io.ts';

const API = 'apiVersion: kubeopencode.io/v1alpha1';
const TEMPLATE = `${API}
kind: AgentTemplate
metadata: {name: quick}
spec: {workspaceDir: /workspace, serviceAccountName: default}
`;
const TASK = `${API}
kind: Task
metadata: {name: fix}
spec: {templateRef: {name: quick}, description: Fix it.}
`;

const lint = (stdin: string, ...args: string[]) => run(['lint', '-f', '-', ...args], { stdin });

async function report(...objects: readonly string[]): Promise<LintReport> {
  return JSON.parse((await lint(objects.join('---\n'), '-o', 'json')).out) as LintReport;
}

const messages = (findings: LintReport['faults']): readonly string[] =>
  findings.map(({ line, column, message }) => `${line}:${column} ${message}`);

test('what is right is said in one line', async () => {
  expect(await lint(`${TASK}---\n${TEMPLATE}`)).toEqual({ code: 0, err: '', out: '2 objects in 1 file: no faults\n' });
});

describe('faults', () => {
  test.each<[name: string, objects: string[], faults: string[]]>([
    [
      'a malformed duration',
      [TASK.replace('description: Fix it.', 'timeout: 1 hour'), TEMPLATE],
      ['4:45 spec.timeout: "1 hour" must be a duration such as 90s, 30m or 1h30m (units ns, us, ms, s, m, h)'],
    ],
    [
      'every fault at once, of the schema and beyond it',
      [TASK.replace('description', 'desciption').replace('{name: fix}', '{name: Fix}'), TASK.replace('Task', 'Tsak'), TEMPLATE, TEMPLATE],
      [
        '3:18 metadata.name: "Fix" must be a lowercase DNS name: letters, digits, - and ., beginning and ending with a letter or digit',
        '4:36 spec.desciption: unknown field',
        '7:7 kind: there is no Tsak in kubeopencode.io; did you mean Task',
        '18:18 AgentTemplate/default/quick is there twice; a name may be used once',
      ],
    ],
    [
      'a name that a faulty object uses again',
      [TASK, TASK.replace('description: Fix it.', 'suspend: 1'), TEMPLATE],
      ['8:18 Task/default/fix is there twice; a name may be used once', '9:45 spec.suspend: want true or false, got a number'],
    ],
    [
      'a kind that is like none of ours',
      [TASK.replace('Task', 'Pipeline'), TEMPLATE],
      ['2:7 kind: there is no Pipeline in kubeopencode.io; want one of Task, Agent, AgentTemplate, KubeOpenCodeConfig'],
    ],
    ['bad YAML', ['a: [\n'], [expect.stringMatching(/^\d+:\d+ yaml: /) as unknown as string]],
  ])('%s', async (_name, objects, faults) => {
    const found = await report(...objects);
    expect(messages(found.faults)).toEqual(faults);
    expect((await lint(objects.join('---\n'))).code).toBe(1);
  });

  test('for people: with the line and a caret, in one sum', async () => {
    const { out, err, code } = await lint(`${TASK.replace('description: Fix it.', 'timeout: 1 hour')}---\n${TEMPLATE}`);
    expect([code, err]).toEqual([1, '']);
    expect(out).toBe(`<stdin>:4:45  spec.timeout: "1 hour" must be a duration such as 90s, 30m or 1h30m (units ns, us, ms, s, m, h)
  3 | metadata: {name: fix}
  4 | spec: {templateRef: {name: quick}, timeout: 1 hour}
${' '.repeat(50)}^

2 objects in 1 file: 1 fault
`);
  });
});

describe('notes do not fail', () => {
  const AGENT = `${API}\nkind: Agent\nmetadata: {name: coder}\nspec: {templateRef: {name: quick}}\n`;
  const context = (more: string) =>
    TASK.replace('description: Fix it.', `contexts: [{name: c, type: ConfigMap, configMap: {name: guide${more}}}]`);

  test.each<[name: string, objects: string[], notes: string[]]>([
    ['a template that no file has', [TASK], ['4:28 AgentTemplate quick is in no file for namespace default; it must be in the cluster']],
    [
      'a name that is nearly there',
      [TASK.replace('quick', 'quikc'), TEMPLATE],
      ['4:28 AgentTemplate quikc is in no file for namespace default; did you mean quick, or is it in the cluster'],
    ],
    [
      'the same name elsewhere',
      [TASK, TEMPLATE.replace('{name: quick}', '{name: quick, namespace: other}')],
      ['4:28 AgentTemplate quick is in no file for namespace default; the one in namespace other does not count'],
    ],
    ['an Agent’s template', [AGENT], ['4:28 AgentTemplate quick is in no file for namespace default; it must be in the cluster']],
    ['a ConfigMap', [context(''), TEMPLATE], ['4:92 ConfigMap guide is in no file for namespace default; it must be in the cluster']],
    ['not an optional ConfigMap', [context(', optional: true'), TEMPLATE], []],
    ['not what is there', [AGENT, TEMPLATE, context(''), `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: guide}\n`], []],
  ])('%s', async (_name, objects, notes) => {
    const found = await report(...objects);
    expect(messages(found.notes)).toEqual(notes);
    expect(found.faults).toEqual([]);
    expect((await lint(objects.join('---\n'))).code).toBe(0);
  });

  test('are marked as such', async () =>
    expect((await lint(TASK)).out).toMatch(/note: AgentTemplate quick[\s\S]*1 object in 1 file: no faults, 1 note\n$/));
});

test('what is not checked is named', async () => {
  const found = await report(TEMPLATE, 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n');
  expect(found).toMatchObject({ formatVersion: 1, files: 1, checked: 1, leftOut: ['Secret/s'] });
});

test('YAML is the same contract', async () =>
  expect(parse((await lint(TASK, '-o', 'yaml')).out)).toEqual(JSON.parse((await lint(TASK, '-o', 'json')).out)));

test('-n is the namespace of what names none', async () => {
  expect((await lint(TASK, '-n', 'team-a')).out).toContain('in no file for namespace team-a');
});

test('without files: an error that says how', async () =>
  expect(await run(['lint'])).toEqual({
    code: 1,
    out: '',
    err: 'error: lint: expected files to check; name them with -f FILE, -f FOLDER or -f -\n',
  }));

test.each([
  ['fxi-bug', ['fix-bug', 'other'], ['fix-bug']],
  ['fix', ['fix-bug', 'fix-it', 'unrelated'], ['fix-bug', 'fix-it']],
  ['review', ['fix-bug', 'other'], []],
  ['taks-a', ['task-a', 'task-b', 'task-c', 'task-d'], ['task-a', 'task-b', 'task-c']],
  ['Coder', ['coder'], ['coder']],
])('names near %s', (name, candidates, near) => expect(nearNames(name, candidates)).toEqual(near));

describe('settings that do nothing, or not what they say, are notes', () => {
  const told = async (object: string): Promise<readonly string[]> => {
    const { faults, notes } = await report(object, TEMPLATE);
    expect(faults).toEqual([]);
    return notes.map(({ message }) => message);
  };
  const taskWith = (spec: string): string => TASK.replace('description: Fix it.', spec);
  const agentWith = (spec: string): string =>
    `${API}\nkind: Agent\nmetadata: {name: coder}\nspec: {workspaceDir: /workspace, serviceAccountName: default, ${spec}}\n`;
  const configWith = (spec: string): string => `${API}\nkind: KubeOpenCodeConfig\nmetadata: {name: cluster}\nspec: {${spec}}\n`;
  const IDLE =
    'nothing that fails is tried again by it; set limit, or a limit of its own in causes (a Pod that the platform ends before its agent has started is replaced all the same)';

  test.each<[object: string, notes: readonly string[]]>([
    [taskWith('retry: {limit: 0}'), [`spec.retry: ${IDLE}`]],
    [taskWith('retry: {backoff: {initial: 10s}}'), [`spec.retry: ${IDLE}`]],
    [taskWith('retry: {causes: {Evicted: 1}}'), []],
    [taskWith('retry: {limit: 2}'), []],
    [
      taskWith('retry: {limit: 1, backoff: {initial: 1h, max: 10m}}'),
      ['spec.retry.backoff.initial: 1h is longer than max, so every wait is 10m'],
    ],
    [
      taskWith('timeout: 1h, pendingTimeouts: {imagePull: 60m30s, unschedulable: 1h, configuration: 5m}'),
      [
        'spec.pendingTimeouts.imagePull: 60m30s is not shorter than the timeout of 1h, which comes first',
        'spec.pendingTimeouts.unschedulable: 1h is not shorter than the timeout of 1h, which comes first',
      ],
    ],
    [taskWith('pendingTimeouts: {imagePull: 60m}'), []],
    // It becomes the grace of the Pod.
    [taskWith('stop: {mode: Retain, gracePeriodSeconds: 60}'), []],
    [taskWith('stop: {gracePeriodSeconds: 60}'), []],
    [
      agentWith('podSpec: {terminationGracePeriodSeconds: 30}, taskDefaults: {stop: {mode: Retain, gracePeriodSeconds: 60}}'),
      [
        'spec.taskDefaults.stop.gracePeriodSeconds: it does nothing with mode: Retain, where the Pod’s own grace counts: podSpec.terminationGracePeriodSeconds of Agent coder is 30',
      ],
    ],
    [agentWith('podSpec: {terminationGracePeriodSeconds: 60}, taskDefaults: {stop: {mode: Retain, gracePeriodSeconds: 60}}'), []],
    [agentWith('podSpec: {terminationGracePeriodSeconds: 30}, taskDefaults: {stop: {gracePeriodSeconds: 60}}'), []],
    [
      taskWith(
        'cleanup: {ttlSecondsAfterFinished: 60, ttlSecondsAfterFailed: 600, pod: {failed: Delete, stopped: Delete, delaySeconds: 60}}',
      ),
      ['spec.cleanup.pod.delaySeconds: it is not shorter than ttlSecondsAfterFinished (60), so the Pods go with their Task'],
    ],
    [taskWith('cleanup: {ttlSecondsAfterFinished: 600, pod: {failed: Delete, delaySeconds: 60}}'), []],
    [
      TASK.replace('{name: fix}', '{name: fix, annotations: {kubeopencode.io/stop: "yes"}}'),
      ['metadata.annotations.kubeopencode.io/stop: "yes" stops nothing; only "true" does'],
    ],
    [
      TASK.replace('{name: fix}', '{name: fix, annotations: {kubeopencode.io/stop: "true"}}'),
      ['metadata.annotations.kubeopencode.io/stop: the Task is stopped before it starts'],
    ],
    [
      configWith('evidence: BestEffort, logTailBytes: 1024, cleanup: {pod: {failed: Delete, completed: Keep}}'),
      [
        'spec.logTailBytes: it does nothing with evidence: BestEffort; no log is kept',
        'spec.cleanup.pod.failed: the logs go with the Pods, and nothing of them is kept, because evidence is BestEffort',
      ],
    ],
    [
      configWith('logTailBytes: 0, cleanup: {pod: {stopped: Delete}}'),
      ['spec.cleanup.pod.stopped: the logs go with the Pods, and nothing of them is kept, because logTailBytes is 0'],
    ],
    [configWith('cleanup: {pod: {stopped: Delete}}'), []],
    [configWith('taskDefaults: {retry: {}}'), [`spec.taskDefaults.retry: ${IDLE}`]],
  ])('%s', async (object, notes) => expect(await told(object)).toEqual(notes));

  test('the grace of a Task that is retained is that of whose Pod it has', async () => {
    const object = `${taskWith('stop: {mode: Retain, gracePeriodSeconds: 60}')}---\n${TEMPLATE.replace('default}', 'default, podSpec: {terminationGracePeriodSeconds: 5}}')}`;
    expect((await report(object)).notes.map(({ message }) => message)).toEqual([
      'spec.stop.gracePeriodSeconds: it does nothing with mode: Retain, where the Pod’s own grace counts: podSpec.terminationGracePeriodSeconds of AgentTemplate quick is 5',
    ]);
  });

  test('they are no reason to fail', async () => expect((await lint(`${taskWith('retry: {}')}---\n${TEMPLATE}`)).code).toBe(0));
});
