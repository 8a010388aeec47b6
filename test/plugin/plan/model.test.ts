import { describe, expect, test } from 'vitest';
import type { Task } from '#core/api/task.ts';
import type { Action, Decided } from '#core/contract/decision.ts';
import type { Snapshot } from '#core/contract/snapshot.ts';
import { plain } from '#plugin/io.ts';
import { goDuration } from '#plugin/plan/go-duration.ts';
import { hasChanges } from '#plugin/plan/model.ts';
import { planOf } from '#plugin/plan/planned.ts';
import type { ActionResult, PlanRecord, PlanRun } from '#plugin/plan/record.ts';
import { planText } from '#plugin/plan/text.ts';
import { logTail } from '#test/support/builders.ts';

const UID = 'aaaaaaaa-1111-4222-8333-444444444444';
const subject = { namespace: 'ns', name: 'fix', uid: UID };

function task(phase?: 'Running' | 'Completed'): Task {
  return {
    apiVersion: 'kubeopencode.io/v1alpha1',
    kind: 'Task',
    metadata: { name: 'fix', namespace: 'ns', uid: UID },
    spec: { templateRef: { name: 't' } },
    ...(phase === undefined ? {} : { status: { phase } }),
  };
}

function record(
  atMs: number,
  rule: string,
  says: string,
  actions: readonly Action[] = [],
  seen: Task | null = task(),
  results: readonly (readonly [string, ActionResult])[] = [],
): PlanRecord {
  const snapshot: Snapshot = {
    contract: 1,
    kind: 'Task',
    now: 'now',
    subject,
    task: seen,
    pods: [],
    read: {},
    outcomes: [],
    settings: { config: {}, referenceGraceSeconds: 60, unreachableAfterSeconds: 300 },
  };
  const reasons = says.split('; ').map((text) => ({ rule, module: 'core' as const, says: text, facts: {} }));
  const decided: Decided = { type: 'Decided', actions, dependsOn: [], reasons };
  return { atMs, subject, snapshot, decided, results: new Map(results) };
}

function run(records: readonly PlanRecord[], more: Partial<PlanRun> = {}, final: Task = task('Completed')): PlanRun {
  return {
    core: 'sha256:c',
    source: 'files',
    assume: 'as labelled',
    horizonMs: 3_600_000,
    startsAt: '2026-01-01T00:00:00.000Z',
    knownUids: new Set(),
    applied: [],
    records,
    tasks: [{ ...subject, final }],
    ...more,
  };
}

const createPod: Action = {
  type: 'Create',
  id: 'pod/1',
  object: { kind: 'Pod', metadata: { name: 'fix-pod', labels: { uid: UID }, annotations: { title: `t/${UID.slice(0, 8)}` } } },
};

describe('steps', () => {
  test('what does nothing and says nothing new is left out', () => {
    const records = [
      record(0, 'a', 'pod is Pending; times out in 10m'),
      record(500, 'a', 'pod is Pending; times out in 9m'),
      record(1_000, 'a', 'pod is Running; times out in 9m'),
      record(1_000, 'b', 'pod is Running', [createPod]),
      record(2_000, 'c', 'task is Completed', [], task('Completed')),
    ];
    expect(planOf(run(records)).tasks[0]?.steps.map(({ at, says, actions }) => [at, says, actions.length])).toEqual([
      ['+0s', 'pod is Pending; times out in 10m', 0],
      ['+1s', 'pod is Running; times out in 9m', 0],
      ['+1s', 'pod is Running', 1],
    ]);
  });

  test('what is refused time and again is told once, with how often', () => {
    const refusedAt = (atMs: number, message: string) =>
      record(atMs, 'task/create-pod', 'creates pod', [createPod], task(), [['pod/1', { type: 'Refused', message }]]);
    const records = [
      refusedAt(0, 'exceeded quota'),
      refusedAt(1_000, 'exceeded quota'),
      refusedAt(3_000, 'exceeded quota'),
      refusedAt(9_000, 'forbidden'),
    ];
    const plan = planOf(run(records, {}, task()));
    expect(plan.tasks[0]?.steps.map(({ at, again }) => [at, again])).toEqual([
      ['+0s', { times: 2, last: '+3s' }],
      ['+9s', undefined],
    ]);
    expect(planText(plan, { paint: plain, toYaml: () => '', applyWith: '' })).toContain('again 2 times, at last at +3s');
  });

  test('a core that fails is a step, and no Pod is a block', () => {
    const failed: PlanRecord = { ...record(0, '', ''), decided: { fault: 'out of fuel' } };
    expect(planOf(run([failed], {}, task())).tasks[0]).toMatchObject({
      steps: [{ at: '+0s', says: 'the core failed: out of fuel', rules: ['engine/fault'], actions: [] }],
      blocked: 'the core failed: out of fuel',
    });
  });

  test('a Pod that the API server refuses is none, and the refusal stands with it', () => {
    const refused = record(0, 'task/create-pod', 'creates pod', [createPod], task(), [
      ['pod/1', { type: 'Refused', message: 'exceeded quota' }],
    ]);
    const plan = planOf(run([refused], {}, task()));
    expect(plan.tasks[0]?.steps[0]?.actions[0]).toMatchObject({
      verb: 'create',
      kind: 'Pod',
      reason: 'task/create-pod',
      refused: 'exceeded quota',
    });
    expect(plan.tasks[0]?.blocked).toBe('creates pod');
    expect(planText(plan, { paint: plain, toYaml: () => '', applyWith: '' })).toContain(
      '+ Pod fix-pod  shown below  ! refused: exceeded quota',
    );
  });

  test('what is done aside is asked for with every decision, and told once', () => {
    const aside = logTail({ id: 'log/u', pod: { kind: 'Pod', namespace: 'ns', name: 'fix-pod', uid: 'u' } });
    const plan = planOf(run([record(0, 'a', 'the pod goes', [aside]), record(1, 'a', 'the pod goes', [aside])]));
    expect(plan.tasks[0]?.steps).toHaveLength(1);
    expect(planText(plan, { paint: plain, toYaml: () => '' })).toContain(
      '> keep the end of the log of pod fix-pod, container agent  in ConfigMap fix-bug-log\n',
    );
  });

  test.each<[name: string, action: Action, expected: Readonly<Record<string, unknown>>]>([
    [
      'patch',
      {
        type: 'Patch',
        id: 'p',
        ref: { kind: 'Task', namespace: 'ns', name: 'fix' },
        uid: UID,
        patchType: 'merge',
        subresource: 'status',
        patch: { status: {} },
      },
      { verb: 'patch', kind: 'Task', name: 'fix', subresource: 'status', patch: { status: {} } },
    ],
    [
      'delete',
      { type: 'Delete', id: 'd', ref: { kind: 'Pod', namespace: 'ns', name: 'fix-pod' }, uid: 'u', gracePeriodSeconds: 5 },
      { verb: 'delete', kind: 'Pod', name: 'fix-pod', gracePeriodSeconds: 5 },
    ],
    [
      'log tail',
      logTail({ id: 'e', pod: { kind: 'Pod', namespace: 'ns', name: 'fix-pod', uid: 'u' } }),
      {
        verb: 'effect',
        kind: 'LogTail',
        name: 'fix-pod',
        log: { container: 'agent', configMapName: 'fix-bug-log', limitBytes: 100 },
      },
    ],
    [
      'start of a quota',
      {
        type: 'RecordStart',
        id: 's',
        agent: { namespace: 'ns', name: 'coder', uid: 'u' },
        record: { taskName: 'fix', taskNamespace: 'ns', startTime: 'now' },
        windowSeconds: 60,
      },
      { verb: 'record', kind: 'Agent', name: 'coder' },
    ],
  ])('%s', (_name, action, expected) => {
    expect(planOf(run([record(0, 'rule', 'says', [action])])).tasks[0]?.steps[0]?.actions).toEqual([
      { id: action.id, reason: 'rule', ...expected },
    ]);
  });
});

describe('UIDs', () => {
  test('that the plan made up are not shown, nor what is made from them', () => {
    const event: Action = {
      type: 'Event',
      id: 'e',
      name: 'fix.0f3a',
      regarding: { kind: 'Task', namespace: 'ns', name: 'fix', uid: UID },
      eventType: 'Normal',
      reason: 'R',
      action: 'A',
      note: 'n',
    };
    const text = JSON.stringify(planOf(run([record(0, 'r', 's', [createPod, event])])));
    expect(text).not.toContain(UID.slice(0, 8));
    expect(text).not.toContain('fix.0f3a');
    expect(text.split('(known after apply)')).toHaveLength(4);
  });

  test('that the cluster has given out are', () => {
    expect(JSON.stringify(planOf(run([record(0, 'r', 's', [createPod])], { knownUids: new Set([UID]) })))).toContain(UID);
  });
});

test('changes are creations, patches and deletions', () => {
  expect(hasChanges(planOf(run([record(0, 'r', 's', [createPod])])))).toBe(true);
  expect(hasChanges(planOf(run([record(0, 'r', 's')])))).toBe(false);
});

test.each([
  [0, '0s'],
  [2_200, '2.2s'],
  [59_999, '59.999s'],
  [60_000, '1m'],
  [3_600_000, '1h'],
  [3_605_200, '1h5.2s'],
  [86_400_000, '24h'],
])('%d ms is %s', (ms, text) => expect(goDuration(ms)).toBe(text));
