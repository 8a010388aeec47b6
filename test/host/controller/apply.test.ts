import { describe, expect, test } from 'vitest';
import type { KubernetesObject, OwnerReference } from '#core/api/kubernetes.ts';
import type { Action, Patch } from '#core/contract/decision.ts';
import type { Subject } from '#core/contract/snapshot.ts';
import { applyAll } from '#host/controller/apply.ts';
import type { Report } from '#host/controller/outcomes.ts';
import { objectionTo } from '#host/controller/permitted.ts';
import { VirtualClock } from '#host/virtual-clock.ts';
import { logTail, NAMESPACE, pod, TASK_UID, task } from '#test/support/builders.ts';
import { answered, noAnswer, refusal, type ScriptedAnswer, type ScriptedCall, scriptedCluster } from '#test/support/scripted-cluster.ts';

const SUBJECT: Subject = { namespace: NAMESPACE, name: 'fix-bug', uid: TASK_UID };
const TASK = { kind: 'Task', namespace: NAMESPACE, name: 'fix-bug' } as const;
const POD = { kind: 'Pod', namespace: NAMESPACE, name: 'fix-bug-pod' } as const;

const create: Action = { type: 'Create', id: 'pod/1', object: { ...pod(), kind: 'Pod' } };
const status: Patch = {
  type: 'Patch',
  id: 'status/1',
  ref: TASK,
  uid: TASK_UID,
  resourceVersion: '100',
  patchType: 'merge',
  subresource: 'status',
  patch: { status: { phase: 'Running' } },
};
const release: Patch = {
  type: 'Patch',
  id: 'release',
  ref: POD,
  uid: 'pod-uid',
  patchType: 'strategic',
  patch: { metadata: { '$deleteFromPrimitiveList/finalizers': ['x'] } },
};
const remove: Action = { type: 'Delete', id: 'delete', ref: POD, uid: 'pod-uid', gracePeriodSeconds: 30 };
const event: Action = {
  type: 'Event',
  id: 'event/1',
  name: 'fix-bug.abc',
  regarding: { ...TASK, uid: TASK_UID },
  eventType: 'Normal',
  reason: 'PodCreated',
  action: 'CreatePod',
  note: 'Created pod fix-bug-pod',
};
const effect: Action = logTail({ id: 'tail' });
const keptIn = (metadata: Partial<KubernetesObject['metadata']>): Action => {
  const { configMap } = logTail();
  return logTail({ configMap: { ...configMap, metadata: { ...configMap.metadata, ...metadata } } });
};
const owners = (change: Partial<OwnerReference>): readonly OwnerReference[] =>
  (logTail().configMap.metadata.ownerReferences ?? []).map((owner) => ({ ...owner, ...change }));
const start: Action = {
  type: 'RecordStart',
  id: 'start/1',
  agent: { namespace: NAMESPACE, name: 'coder', uid: 'agent-uid' },
  record: { taskName: 'fix-bug', taskNamespace: NAMESPACE, startTime: '2026-01-01T00:00:00Z' },
  windowSeconds: 60,
};

async function apply(
  actions: readonly Action[],
  answer: (call: ScriptedCall, index: number) => ScriptedAnswer,
  started: Report['result'] = 'ok',
  hasLeft: (calls: number) => boolean = () => false,
  clock = new VirtualClock(),
  isOvertaken: (calls: number) => boolean = () => false,
) {
  const cluster = scriptedCluster(answer);
  const log: string[] = [];
  const reports: Report[] = [];
  const applied = await applyAll(
    {
      cluster,
      clock,
      identity: 'host-1',
      signal: new AbortController().signal,
      pending: {
        written: (_, { kind }, resourceVersion) => log.push(`written ${kind} ${resourceVersion}`),
        deleted: (_, { kind }, uid) => log.push(`deleted ${kind} ${uid}`),
        doubted: (_, { kind }) => log.push(`doubted ${kind}`),
      },
      starts: { record: async ({ id }) => ({ actionId: id, of: 'Write', result: started }) },
      effects: { run: (_, { id }) => log.push(`effect ${id}`) },
      hasLeft: () => hasLeft(cluster.calls.length),
      isOvertaken: ({ subject }) => subject === SUBJECT && isOvertaken(cluster.calls.length),
      onReport: (_, __, report) => reports.push(report),
    },
    { subject: SUBJECT, task: task(), pods: [] },
    actions,
  );
  return { applied, calls: cluster.calls, log, reports };
}

describe('carrying out a decision', () => {
  test('does all actions in their order', async () => {
    const { applied, calls, reports, log } = await apply([start, create, event, status, effect, release, remove], ({ of }) =>
      answered(of.startsWith('Pod') ? pod() : task()),
    );
    expect(applied).toEqual({ type: 'Whole' });
    expect(calls.map(({ verb, of }) => `${verb} ${of}`)).toEqual([
      'create Pod team-a/fix-bug-pod',
      'create Event team-a/fix-bug.abc',
      'patch Task team-a/fix-bug',
      'patch Pod team-a/fix-bug-pod',
      'delete Pod team-a/fix-bug-pod',
    ]);
    expect(reports.map(({ actionId, result }) => `${actionId} ${result}`).sort()).toEqual([
      'delete ok',
      'event/1 ok',
      'pod/1 ok',
      'release ok',
      'start/1 ok',
      'status/1 ok',
    ]);
    expect(log).toEqual(['written Pod 500', 'written Task 500', 'effect tail', 'written Pod 500', 'written Pod 500']);
  });

  test('ends when the watch takes the Task away meanwhile: it is gone, or another host’s', async () => {
    const left = await apply(
      [create, status],
      () => answered(pod()),
      'ok',
      (calls) => calls > 0,
    );
    expect(left.calls.map(({ of }) => of)).toEqual(['Pod team-a/fix-bug-pod']);
    const wasNeverThere = await apply(
      [release, remove],
      () => answered(pod()),
      'ok',
      () => true,
    );
    expect(wasNeverThere.calls).toHaveLength(2);
  });

  test('creates nothing once its decision is overtaken, and goes on with what is bound to a version', async () => {
    const whenOvertaken = (actions: readonly Action[], after: number) =>
      apply(
        actions,
        ({ of }) => answered(of.startsWith('Pod') ? pod() : task()),
        'ok',
        undefined,
        undefined,
        (calls) => calls >= after,
      );
    const meanwhile = await whenOvertaken([status, create, event, release], 1);
    expect(meanwhile.applied).toEqual({ type: 'Overtaken', from: `Create ${create.id}` });
    expect(
      meanwhile.calls.map(({ verb, of }) => `${verb} ${of}`),
      'nothing that was to follow the Pod either',
    ).toEqual(['patch Task team-a/fix-bug']);
    expect((await whenOvertaken([start, create], 0)).reports, 'a start that nobody makes is not recorded').toEqual([]);
    expect((await whenOvertaken([status, release, remove], 0)).applied).toEqual({ type: 'Whole' });
  });

  test('binds a patch to the UID, and to the version where there is one, and keeps the rest of its metadata', async () => {
    const { calls } = await apply([status, release], () => answered(task()));
    expect(calls.map(({ body, options }) => [body, options])).toEqual([
      [
        { status: { phase: 'Running' }, metadata: { uid: TASK_UID, resourceVersion: '100' } },
        { patchType: 'merge', subresource: 'status', answer: 'Metadata' },
      ],
      [{ metadata: { '$deleteFromPrimitiveList/finalizers': ['x'], uid: 'pod-uid' } }, { patchType: 'strategic', answer: 'Metadata' }],
    ]);
  });

  test('does not wait long for the answer to an Event, and has no use for it later', async () => {
    const clock = new VirtualClock();
    const answering = new Promise<Awaited<ScriptedAnswer>>((resolve) => clock.after(22_000, () => resolve(answered(pod()))));
    const applying = apply([event, status], ({ of }) => (of.includes('Event') ? answering : answered(task())), 'ok', undefined, clock);
    let isApplied = false;
    void applying.then(() => {
      isApplied = true;
    });
    await clock.advance(2_000);
    expect(isApplied).toBe(true);
    await clock.advance(60_000);
    expect((await applying).reports.map(({ actionId }) => actionId)).toEqual(['status/1']);
  });

  test('a deletion of what has changed since is no deletion: it is asked for live', async () => {
    const cleanUp: Action = { type: 'Delete', id: 'delete/task', ref: TASK, uid: TASK_UID, resourceVersion: '100' };
    const { applied, calls, log } = await apply([cleanUp], () => refusal(409, 'Conflict'));
    expect(calls[0]?.options).toEqual({ uid: TASK_UID, resourceVersion: '100', answer: 'Metadata' });
    expect(applied).toMatchObject({ type: 'StoppedAt', report: { result: 'refused', code: 409 } });
    expect(log).toEqual(['doubted Task']);
  });

  test('writes Events as events.k8s.io/v1 has them', async () => {
    const { calls } = await apply([event], () => answered(task()));
    expect(calls[0]?.body).toEqual({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: 'fix-bug.abc', namespace: NAMESPACE },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'task-controller',
      reportingInstance: 'host-1',
      regarding: { apiVersion: 'kubeopencode.io/v1alpha1', kind: 'Task', namespace: NAMESPACE, name: 'fix-bug', uid: TASK_UID },
      type: 'Normal',
      reason: 'PodCreated',
      action: 'CreatePod',
      note: 'Created pod fix-bug-pod',
    });
  });

  test.each<[string, Action, ScriptedAnswer, Partial<Report>, readonly string[]]>([
    ['a name that is taken', create, refusal(409, 'AlreadyExists'), { result: 'refused', code: 409, reason: 'AlreadyExists' }, []],
    ['a quota', create, refusal(403, 'Forbidden'), { result: 'refused', code: 403 }, []],
    ['a Pod that is not valid', create, refusal(422, 'Invalid'), { result: 'refused', code: 422 }, []],
    ['throttling', create, refusal(429, 'TooManyRequests', { retryAfterMs: 3_000 }), { result: 'refused', retryAfterMs: 3_000 }, []],
    ['a server in trouble', create, refusal(500, 'InternalError'), { result: 'unknown', code: 500 }, ['doubted Pod']],
    ['a timeout at the server', create, refusal(504, 'Timeout'), { result: 'unknown', code: 504 }, ['doubted Pod']],
    ['no answer', create, noAnswer(), { result: 'unknown', message: 'socket hang up' }, ['doubted Pod']],
    ['no credentials', create, { ok: false, error: { type: 'Credentials', message: 'exec failed' } }, { result: 'refused', code: 0 }, []],
    ['a conflict', status, refusal(409, 'Conflict'), { result: 'refused', reason: 'Conflict' }, ['doubted Task']],
    ['another UID under the name', status, refusal(422, 'Invalid'), { result: 'refused', code: 422 }, ['doubted Task']],
    ['an object that is gone', status, refusal(404, 'NotFound'), { result: 'refused', code: 404 }, ['doubted Task']],
    ['no right to patch', status, refusal(403, 'Forbidden'), { result: 'refused', code: 403 }, []],
    ['no answer to a patch', status, noAnswer(), { result: 'unknown' }, ['doubted Task']],
    ['no answer to a deletion', remove, noAnswer(), { result: 'unknown' }, ['doubted Pod']],
    ['no right to delete', remove, refusal(403, 'Forbidden'), { result: 'refused', code: 403 }, []],
  ])('stops at %s', async (_, action, answer, report, log) => {
    const result = await apply([action, release], () => answer);
    expect(result.applied).toMatchObject({
      type: 'StoppedAt',
      report: { actionId: action.id, of: action === create ? 'Pod' : 'Write', ...report },
    });
    expect(result.calls).toHaveLength(1);
    expect(result.log).toEqual(log);
  });

  test.each<[string, ScriptedAnswer, readonly string[]]>([
    ['gone already', refusal(404, 'NotFound'), ['deleted Pod pod-uid']],
    ['another object has the name', refusal(409, 'Conflict'), ['deleted Pod pod-uid']],
    ['gone at once', { ok: true, value: null }, ['deleted Pod pod-uid']],
    ['held by a finalizer', answered(pod()), ['written Pod 500']],
  ])('a deletion went well when the object is %s', async (_, answer, log) => {
    const result = await apply([remove], () => answer);
    expect(result.applied).toEqual({ type: 'Whole' });
    expect(result.log).toEqual(log);
    expect(result.reports).toEqual([{ actionId: 'delete', of: 'Write', result: 'ok' }]);
  });

  test.each<[string, ScriptedAnswer, Report['result']]>([
    ['refused', refusal(403, 'Forbidden'), 'refused'],
    ['there already', refusal(409, 'AlreadyExists'), 'ok'],
    ['lost', noAnswer(), 'unknown'],
  ])('an Event that is %s holds nothing up', async (_, answer, result) => {
    const { applied, reports, calls } = await apply([event, status], ({ of }) => (of.startsWith('Event') ? answer : answered(task())));
    expect(applied).toEqual({ type: 'Whole' });
    expect(calls).toHaveLength(2);
    expect(reports.find(({ of }) => of === 'Event')).toMatchObject({ actionId: 'event/1', result });
  });

  test('no Pod is created when its start could not be recorded', async () => {
    const { applied, calls } = await apply([start, create], () => answered(pod()), 'refused');
    expect(applied).toMatchObject({ type: 'StoppedAt', report: { actionId: 'start/1' } });
    expect(calls).toEqual([]);
  });

  test('a transport that throws is an answer that never came', async () => {
    const { applied } = await apply([status], () => Promise.reject(new Error('bug')));
    expect(applied).toMatchObject({ type: 'StoppedAt', report: { result: 'unknown', message: 'Patch status/1: Error: bug' } });
  });
});

describe('what a decision may reach', () => {
  test.each<[string, Action]>([
    ['create of a Pod', create],
    ['status of the Task', status],
    ['patch of a Pod', release],
    ['deletion of a Pod', remove],
    ['an Event', event],
    ['a start', start],
    ['a log', effect],
    ['deletion of the Task', { ...remove, ref: TASK, uid: TASK_UID }],
  ])('%s is allowed', (_, action) => {
    expect(objectionTo(action, SUBJECT)).toBeNull();
  });

  test.each<[string, Action, string]>([
    ['a kind that is not in the table', { ...remove, ref: { ...POD, kind: 'Agent' } }, 'permission table'],
    ['a verb that is not in the table', { ...create, object: { ...task(), kind: 'Task' } }, 'permission table'],
    ['the host’s own Lease', { ...release, ref: { ...POD, kind: 'Lease' } }, 'permission table'],
    ['another namespace', { ...remove, ref: { ...POD, namespace: 'kube-system' } }, 'namespace team-a'],
    ['a create in another namespace', { ...create, object: { ...pod({ metadata: { namespace: 'b' } }), kind: 'Pod' } }, 'namespace team-a'],
    ['a log of another namespace', { ...effect, pod: { ...POD, namespace: 'b', uid: 'x' } } as Action, 'namespace team-a'],
    ['a log of what is no Pod', logTail({ pod: { ...TASK, uid: 'x' } }), 'expected the log of a Pod'],
    ['a log that goes to another namespace', keptIn({ namespace: 'b' }), 'namespace team-a'],
    ['a log that goes to another’s ConfigMap', keptIn({ ownerReferences: owners({ uid: 'other' }) }), 'subject as its controller'],
    [
      'a log that goes to what only a part owner has',
      keptIn({ ownerReferences: owners({ controller: false }) }),
      'subject as its controller',
    ],
    ['a log that goes to nobody’s ConfigMap', keptIn({ ownerReferences: [] }), 'subject as its controller'],
    [
      'a log that goes elsewhere',
      { ...logTail(), configMap: { ...logTail().configMap, kind: 'Lease' } } as unknown as Action,
      'permission table',
    ],
    ['another Task', { ...status, ref: { ...TASK, name: 'other' } }, 'no other Task'],
    ['a later Task of the name', { ...status, uid: 'later' }, 'no other Task'],
    ['an object without a UID', { ...remove, uid: '' }, 'expected a uid'],
  ])('%s is not', (_, action, text) => {
    expect(objectionTo(action, SUBJECT)).toContain(text);
  });
});
