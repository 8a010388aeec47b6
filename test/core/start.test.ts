import { describe, expect, test } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import { POD_FINALIZER } from '#core/contract/names.ts';
import type { ReadResult, Snapshot } from '#core/contract/snapshot.ts';
import {
  agent,
  agentTask,
  condition,
  found,
  NAMESPACE,
  NOW,
  pod,
  read,
  running,
  SETTINGS,
  snapshot,
  TASK_UID,
  task,
  template,
} from '#test/support/builders.ts';
import { decide, decided, statusPatch, summary } from '#test/support/decide.ts';

const TEMPLATE = { kind: 'AgentTemplate', name: 'coder' } as const;
const AGENT = { kind: 'Agent', name: 'coder' } as const;
const POD = { kind: 'Pod', name: 'fix-bug-pod', live: true } as const;

describe('reads: a Task asks for what it needs, no more', () => {
  test('a new Task asks for its template', () => {
    expect(decide(snapshot())).toEqual({ type: 'Reads', refs: [{ ...TEMPLATE, namespace: NAMESPACE }] });
  });
  test('a new Task of an Agent asks for the Agent, then for the Agent’s template', () => {
    expect(decide(snapshot({ task: agentTask() }))).toEqual({ type: 'Reads', refs: [{ ...AGENT, namespace: NAMESPACE }] });
    const inheriting = agent({ templateRef: { name: 'base' } });
    expect(decide(snapshot({ task: agentTask(), read: found({ agent: inheriting }) }))).toEqual({
      type: 'Reads',
      refs: [{ kind: 'AgentTemplate', name: 'base', namespace: NAMESPACE }],
    });
  });
  test('a Task whose Pod merely runs asks for nothing and does nothing', () => {
    const status = running({ times: { podCreated: '2026-01-01T10:00:00Z' }, templateRef: { name: 'coder' } });
    const decision = decided(snapshot({ task: task({ status }), pods: [pod()] }));
    expect(decision).toMatchObject({ actions: [], dependsOn: [] });
    expect(decision.wakeAt).toBeUndefined();
  });
});

describe('start', () => {
  test('creates the Pod, says so, and writes Running only when the Pod is seen', () => {
    const first = decided(snapshot({ read: found() }));
    expect(summary(first.actions).filter((line) => !line.includes('ConfigMap'))).toEqual(['Create Pod fix-bug-pod', 'Event PodCreated']);
    const second = decided(snapshot({ pods: [pod({ phase: 'Pending', agent: {} })] }));
    expect(summary(second.actions)).toEqual(['Patch Task/status fix-bug']);
    expect(statusPatch(second)).toMatchObject({
      phase: 'Running',
      podName: 'fix-bug-pod',
      startTime: '2026-01-01T10:00:00Z',
      attemptCount: 1,
      observedGeneration: 1,
    });
  });

  test('when the Pod has ended before Running was written, that write is left out', () => {
    const decision = decided(snapshot({ pods: [pod({ phase: 'Succeeded', agent: { terminated: { exitCode: 0 } } })] }));
    expect(statusPatch(decision)).toMatchObject({ phase: 'Completed', startTime: '2026-01-01T10:00:00Z', podName: 'fix-bug-pod' });
  });

  test('status patches carry UID and resourceVersion, the Pod’s owner is the Task', () => {
    const [patch] = decided(snapshot({ pods: [pod()] })).actions;
    expect(patch).toMatchObject({ type: 'Patch', uid: TASK_UID, resourceVersion: '100', patchType: 'merge', subresource: 'status' });
    const create = decided(snapshot({ read: found() })).actions.find((action) => action.type === 'Create' && action.object.kind === 'Pod');
    expect(create).toMatchObject({
      object: {
        metadata: {
          labels: { 'kubeopencode.io/task-uid': TASK_UID, 'kubeopencode.io/task': 'fix-bug', app: 'kubeopencode' },
          finalizers: ['kubeopencode.io/pod-end'],
          ownerReferences: [{ kind: 'Task', uid: TASK_UID, controller: true, blockOwnerDeletion: true }],
        },
        spec: { restartPolicy: 'Never' },
      },
    });
  });

  test.each([
    { name: 'another controller’s Task is left alone', spec: { managedBy: 'example.com/other' }, lines: [] },
    { name: 'a suspended Task is held', spec: { suspend: true }, lines: ['Patch Task/status fix-bug', 'Event Queued'] },
    {
      name: 'our own managedBy is ours',
      spec: { managedBy: 'kubeopencode.io/task-controller', suspend: true },
      lines: ['Patch Task/status fix-bug', 'Event Queued'],
    },
  ])('$name', ({ spec, lines }) => {
    expect(summary(decided(snapshot({ task: task({ spec }), read: found() })).actions)).toEqual(lines);
  });

  test('a KubeOpenCodeConfig of an older CRD that makes no sense keeps Tasks waiting, with the reason; it fails none', () => {
    const decision = decided(snapshot({ read: found(), settings: { ...SETTINGS, config: { systemImage: 'latest' } as never } }));
    expect(statusPatch(decision)).toMatchObject({
      phase: 'Pending',
      cause: 'Configuration',
      message: expect.stringContaining('systemImage'),
    });
    expect(summary(decision.actions)).toEqual(['Patch Task/status fix-bug']);
  });

  test('a malformed timeout of an older CRD: a condition that shows the right form, and nothing is created', () => {
    const decision = decided(snapshot({ task: task({ spec: { timeout: '1 hour' } }) }));
    expect(summary(decision.actions)).toEqual(['Patch Task/status fix-bug']);
    expect(statusPatch(decision)?.conditions).toEqual([
      expect.objectContaining({
        type: 'Ready',
        status: 'False',
        reason: 'InvalidSpec',
        message: 'spec.timeout: "1 hour" is not a duration; want a form such as 90s, 30m or 1h30m',
      }),
    ]);
  });

  test.each([
    ['neither reference', { templateRef: { name: '' } }, /has 0/],
    ['both references', { agentRef: { name: 'a' } }, /has 2/],
  ])('%s, from an older CRD, is a condition', (_, spec, message) => {
    expect(statusPatch(decided(snapshot({ task: task({ spec }) })))?.message).toMatch(message);
  });
});

describe('a missing reference is waited for', () => {
  const absent = read([TEMPLATE, { absent: true }]);
  const gone = { ...absent, ...read([{ ...TEMPLATE, live: true }, { absent: true }]) };

  test('with the reason visible, woken by the template or by the end of the grace', () => {
    const decision = decided(snapshot({ read: absent }));
    expect(statusPatch(decision)).toMatchObject({
      phase: 'Pending',
      cause: 'Agent',
      message: 'agent template "coder" not found in namespace "team-a"',
    });
    expect(decision).toMatchObject({ wakeAt: '2026-01-01T10:06:00.000Z', dependsOn: [TEMPLATE] });
  });

  const missing = 'agent template "coder" not found in namespace "team-a"';
  const waited = { phase: 'Pending' as const, conditions: [condition('Ready', 'False', 'AgentError', '2026-01-01T10:03:00Z', missing)] };

  test('its absence is final only by a live read', () => {
    expect(decide(snapshot({ task: task({ status: waited }), read: absent }))).toEqual({
      type: 'Reads',
      refs: [{ ...TEMPLATE, namespace: NAMESPACE, live: true }],
    });
  });
  test('then the Task fails', () => {
    const decision = decided(snapshot({ task: task({ status: waited }), read: { ...gone, ...read([POD, { absent: true }]) } }));
    expect(statusPatch(decision)).toMatchObject({ phase: 'Failed', cause: 'Agent', completionTime: '2026-01-01T10:05:00Z' });
  });
  test('not before it is looked whether it has a Pod, of which the watch does not know yet', () => {
    const failing = (answer?: ReadResult): Snapshot =>
      snapshot({ task: task({ status: waited }), read: { ...gone, ...(answer === undefined ? {} : read([POD, answer])) } });
    expect(decide(failing())).toEqual({ type: 'Reads', refs: [{ ...POD, namespace: NAMESPACE }] });
    expect(statusPatch(decided(failing({ found: pod() })))).toMatchObject({ phase: 'Running', podName: 'fix-bug-pod' });
    const unknown = decided(failing({ unavailable: { code: 503, message: 'try later' } }));
    expect(unknown).toMatchObject({ actions: [], wakeAt: expect.any(String) });
  });
  test('unless the live read finds it: the cache lagged', () => {
    const late = { ...absent, ...read([{ ...TEMPLATE, live: true }, { found: template() }]) };
    expect(summary(decided(snapshot({ task: task({ status: waited }), read: late })).actions)).toContain('Create Pod fix-bug-pod');
  });
  test('a server that can’t be asked proves nothing, however long it takes', () => {
    const unavailable = read([TEMPLATE, { unavailable: { code: 503, message: 'try later' } }]);
    const decision = decided(snapshot({ task: task({ status: waited }), read: unavailable }));
    expect(statusPatch(decision)?.phase).toBeUndefined();
    expect(decision.wakeAt).toBe('2026-01-01T10:05:05.000Z');
  });
});

describe('refusals of the Pod’s creation', () => {
  const refused = (code: number, reason: string, message = 'because', result: 'refused' | 'unknown' = 'refused'): Partial<Snapshot> => ({
    outcomes: [{ actionId: 'pod/1', result, code, reason, message, count: 1, firstAt: NOW, lastAt: NOW }],
  });

  test.each([
    { name: '422: never accepted', code: 422, reason: 'Invalid', cause: 'Rejected' },
    { name: '400: never accepted', code: 400, reason: 'BadRequest', cause: 'Rejected' },
  ])('$name', ({ code, reason, cause }) => {
    const patch = statusPatch(decided(snapshot({ read: { ...found(), ...read([POD, { absent: true }]) }, ...refused(code, reason) })));
    expect(patch).toMatchObject({ phase: 'Failed', cause, message: 'pod fix-bug-pod: because' });
    expect(patch?.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'False', reason: 'PodCreationError' }));
  });

  test.each([
    { name: 'quota', code: 403, reason: 'Forbidden' },
    { name: 'throttling', code: 429, reason: 'TooManyRequests' },
    { name: 'server in trouble', code: 500, reason: 'InternalError' },
    { name: 'webhook down', code: 503, reason: 'ServiceUnavailable' },
    { name: 'namespace not there yet', code: 404, reason: 'NotFound' },
    { name: 'quota conflict', code: 409, reason: 'Conflict' },
  ])('$name waits with the reason visible, after a live read of the name', ({ code, reason }) => {
    expect(decide(snapshot({ read: found(), ...refused(code, reason) }))).toEqual({
      type: 'Reads',
      refs: [{ ...POD, namespace: NAMESPACE }],
    });
    const decision = decided(
      snapshot({ read: { ...found(), ...read([POD, { absent: true }]) }, ...refused(code, reason, 'exceeded quota') }),
    );
    if (reason === 'Conflict') return expect(summary(decision.actions)).toContain('Create Pod fix-bug-pod');
    expect(statusPatch(decision)).toMatchObject({ phase: 'Pending', message: 'pod fix-bug-pod cannot be created now: exceeded quota' });
    expect(summary(decision.actions)).toEqual(['Patch Task/status fix-bug', 'Event PodCreationFailed']);
    expect(decision.wakeAt).toBe('2026-01-01T10:05:01.000Z');
    return expect(decision.queue).toBeUndefined();
  });

  test('and is tried again when it is due', () => {
    const due = snapshot({
      now: '2026-01-01T10:05:01.000Z',
      read: { ...found(), ...read([POD, { absent: true }]) },
      ...refused(403, 'Forbidden'),
    });
    expect(summary(decided(due).actions)).toContain('Create Pod fix-bug-pod');
  });

  test('a 403 may hide that our own Pod is there', () => {
    const decision = decided(snapshot({ read: { ...found(), ...read([POD, { found: pod() }]) }, ...refused(403, 'Forbidden') }));
    expect(statusPatch(decision)).toMatchObject({ phase: 'Running' });
  });

  test('409: our own Pod of a moment ago is taken up', () => {
    const decision = decided(snapshot({ read: { ...found(), ...read([POD, { found: pod() }]) }, ...refused(409, 'AlreadyExists') }));
    expect(statusPatch(decision)).toMatchObject({ phase: 'Running', podName: 'fix-bug-pod' });
  });

  test('409: another owner’s Pod is never ours; the Task waits and says why', () => {
    const foreign = pod({
      metadata: {
        ownerReferences: [
          { apiVersion: 'kubeopencode.io/v1alpha1', kind: 'Task', name: 'fix-bug', uid: 'an-earlier-task', controller: true },
        ],
      },
    });
    const decision = decided(snapshot({ read: { ...found(), ...read([POD, { found: foreign }]) }, ...refused(409, 'AlreadyExists') }));
    expect(statusPatch(decision)?.conditions).toContainEqual(expect.objectContaining({ reason: 'NameConflict', status: 'False' }));
    expect(summary(decision.actions)).toEqual(['Patch Task/status fix-bug']);
  });

  describe('a Pod of the name that our finalizer holds and no watch shows, because our label was taken from it', () => {
    const OWNER = { apiVersion: 'kubeopencode.io/v1alpha1', kind: 'Task', name: 'fix-bug', uid: 'an-earlier-task', controller: true };
    const OWNING_TASK = { kind: 'Task', name: 'fix-bug', live: true } as const;
    const strayWith = (ownerReferences: readonly object[], more: object = {}): object => {
      const made = pod();
      const { 'kubeopencode.io/task-uid': _, ...labels } = made.metadata.labels ?? {};
      return { ...made, metadata: { ...made.metadata, uid: 'stray', labels, finalizers: [POD_FINALIZER], ownerReferences, ...more } };
    };
    const facing = (stray: object, known: Snapshot['read'] = {}): Snapshot =>
      snapshot({ read: { ...found(), ...read([POD, { found: stray as Pod }]), ...known }, ...refused(409, 'AlreadyExists') });
    const RELEASED = ['Patch Task/status fix-bug', 'Patch Pod fix-bug-pod'];

    test('is let go once a live read has shown that the Task that it was made for is gone', () => {
      expect(decide(facing(strayWith([OWNER])))).toEqual({ type: 'Reads', refs: [{ ...OWNING_TASK, namespace: NAMESPACE }] });
      for (const answer of [{ absent: true }, { found: task() }] as const) {
        const decision = decided(facing(strayWith([OWNER]), read([OWNING_TASK, answer])));
        expect(summary(decision.actions)).toEqual(RELEASED);
        expect(decision.actions.at(-1)).toMatchObject({
          uid: 'stray',
          patch: { metadata: { '$deleteFromPrimitiveList/finalizers': [POD_FINALIZER] } },
        });
        expect(statusPatch(decision)?.conditions).toContainEqual(expect.objectContaining({ reason: 'NameConflict' }));
      }
    });

    test('is let go without another look where a deletion that leaves the Pods has taken its controller away', () => {
      expect(summary(decided(facing(strayWith([]))).actions)).toEqual(RELEASED);
    });

    test.each([
      {
        name: 'its Task is there: this one is the older, and its watch is behind',
        answer: { found: { ...task(), metadata: { ...task().metadata, uid: 'an-earlier-task' } } },
      },
      { name: 'nobody can say whether its Task is there', answer: { unavailable: { code: 503, message: 'try later' } } },
    ] as const)('is held: $name', ({ answer }) => {
      expect(summary(decided(facing(strayWith([OWNER]), read([OWNING_TASK, answer]))).actions)).toEqual(['Patch Task/status fix-bug']);
    });

    test.each([
      {
        name: 'the watch shows it, to whose Task it is',
        stray: strayWith([OWNER], { labels: { 'kubeopencode.io/task-uid': 'an-earlier-task' } }),
      },
      { name: 'it has not our finalizer', stray: strayWith([OWNER], { finalizers: ['example.com/other'] }) },
      { name: 'another controller made it', stray: strayWith([{ ...OWNER, apiVersion: 'batch/v1', kind: 'Job' }]) },
    ])('is nobody’s business here: $name', ({ stray }) => {
      expect(summary(decided(facing(stray)).actions)).toEqual(['Patch Task/status fix-bug']);
    });
  });

  test('created, and gone before it was seen: never made again', () => {
    const ok = { outcomes: [{ actionId: 'pod/1', result: 'ok' as const, count: 1, firstAt: NOW, lastAt: NOW }] };
    const decision = decided(snapshot({ read: { ...found(), ...read([POD, { absent: true }]) }, ...ok }));
    expect(statusPatch(decision)).toMatchObject({ phase: 'Failed', cause: 'PodDeleted' });
  });
});

describe('the context ConfigMap', () => {
  const NAME = 'fix-bug-context';
  const tried = {
    outcomes: [
      {
        actionId: `configmap/1/${NAME}`,
        result: 'refused' as const,
        code: 409,
        reason: 'AlreadyExists',
        count: 1,
        firstAt: NOW,
        lastAt: NOW,
      },
    ],
  };
  const wanted = (): { data?: Record<string, string> } => {
    const create = decided(snapshot({ read: found() })).actions.find(
      (action) => action.type === 'Create' && action.object.kind === 'ConfigMap',
    );
    if (create?.type !== 'Create') throw new Error('expected a ConfigMap');
    return create.object as { data?: Record<string, string> };
  };
  const there = (owner: string, data: Record<string, string>): Snapshot['read'] => ({
    ...found(),
    ...read([
      { kind: 'ConfigMap', name: NAME, live: true },
      { found: { metadata: { name: NAME, namespace: NAMESPACE, uid: 'cm', ownerReferences: [ownedBy(owner)] }, data } as never },
    ]),
  });
  const ownedBy = (uid: string) => ({ apiVersion: 'kubeopencode.io/v1alpha1', kind: 'Task', name: 'fix-bug', uid, controller: true });
  const ours = TASK_UID;

  test('is written before the Pod', () => {
    expect(summary(decided(snapshot({ read: found() })).actions)).toEqual([
      `Create ConfigMap ${NAME}`,
      'Create Pod fix-bug-pod',
      'Event PodCreated',
    ]);
  });
  test('of an earlier try with the same content is used', () => {
    expect(summary(decided(snapshot({ read: there(ours, wanted().data ?? {}), ...tried })).actions)).toEqual([
      'Create Pod fix-bug-pod',
      'Event PodCreated',
    ]);
  });
  test('of an earlier try with other content is brought up to date', () => {
    const decision = decided(snapshot({ read: there(ours, { stale: 'x' }), ...tried }));
    expect(summary(decision.actions)).toEqual([`Patch ConfigMap ${NAME}`, 'Create Pod fix-bug-pod', 'Event PodCreated']);
    expect(decision.actions[0]).toMatchObject({ uid: 'cm', patch: { data: { stale: null, ...wanted().data } } });
  });
  test('of an earlier Task of the same name is never used', () => {
    const decision = decided(snapshot({ read: there('an-earlier-task', wanted().data ?? {}), ...tried }));
    expect(summary(decision.actions)[0]).toMatch(/^Create ConfigMap fix-bug-context-[0-9a-f]{8}$/);
    expect(JSON.stringify(decision.actions)).not.toContain(`"name":"${NAME}"`);
  });
});

describe('queue', () => {
  const limited = agent({ maxConcurrentTasks: 2 });
  const place = { state: 'Wants', key: 'team-a/coder', slots: 2 };

  test('first asks for a place and writes nothing', () => {
    const decision = decided(snapshot({ task: agentTask(), read: found({ agent: limited }) }));
    expect(decision).toMatchObject({ actions: [], queue: place });
  });
  test('without a place it is Queued: one status and one Event', () => {
    const decision = decided(snapshot({ task: agentTask(), granted: false, read: found({ agent: limited }) }));
    expect(decision.queue).toMatchObject(place);
    expect(summary(decision.actions)).toEqual(['Patch Task/status fix-bug', 'Event Queued']);
    expect(statusPatch(decision)).toMatchObject({
      phase: 'Queued',
      message: 'Waiting for agent "coder" capacity (max: 2)',
      times: { queued: '2026-01-01T10:05:00Z' },
    });
  });
  test('while it waits nothing is written again', () => {
    const status = {
      phase: 'Queued' as const,
      observedGeneration: 1,
      message: 'Waiting for agent "coder" capacity (max: 2)',
      agentRef: { name: 'coder' },
      times: { queued: NOW },
      conditions: [condition('Queued', 'True', 'AgentAtCapacity', NOW, 'Waiting for agent "coder" capacity (max: 2)')],
    };
    const decision = decided(snapshot({ task: agentTask({ status }), granted: false, read: found({ agent: limited }) }));
    expect(decision).toMatchObject({ actions: [], queue: place });
  });
  test('with a place it starts, and holds it', () => {
    const decision = decided(snapshot({ task: agentTask(), granted: true, read: found({ agent: limited }) }));
    expect(summary(decision.actions)).toContain('Create Pod fix-bug-pod');
    expect(decision.queue).toEqual({ state: 'Holds', key: 'team-a/coder' });
  });
  test('without limits it starts at once, and still counts', () => {
    expect(decided(snapshot({ task: agentTask(), read: found({ agent: agent() }) }))).toMatchObject({ queue: { state: 'Holds' } });
  });
  test('priority outweighs waiting: ten minutes a point', () => {
    const order = (priority: number, creationTimestamp: string): string => {
      const { queue } = decided(
        snapshot({ task: agentTask({ spec: { priority }, metadata: { creationTimestamp } }), read: found({ agent: limited }) }),
      );
      return queue?.state === 'Wants' ? queue.order : '';
    };
    expect(order(1, '2026-01-01T10:09:59Z') < order(0, '2026-01-01T10:00:00Z')).toBe(true);
    expect(order(1, '2026-01-01T10:10:01Z') < order(0, '2026-01-01T10:00:00Z')).toBe(false);
    expect(order(-2_000_000, '2026-01-01T10:00:00Z') > order(0, '2026-01-01T10:00:00Z')).toBe(true);
  });
  test.each([
    { name: 'suspended', agent: agent({ suspend: true }), reason: 'AgentSuspended', message: 'Agent "coder" is suspended' },
    {
      name: 'not ready, Attach',
      agent: agent({ execution: 'Attach' }),
      reason: 'AgentServerNotReady',
      message: 'Agent "coder" server is not ready',
    },
  ])('an Agent that is $name keeps its queue closed', ({ agent: closed, reason, message }) => {
    const decision = decided(snapshot({ task: agentTask(), read: found({ agent: closed }) }));
    expect(decision.queue).toMatchObject({ state: 'Wants', closed: true });
    expect(statusPatch(decision)).toMatchObject({ phase: 'Queued', message });
    expect(statusPatch(decision)?.conditions).toContainEqual(expect.objectContaining({ type: 'Queued', status: 'True', reason }));
  });
  test('readiness is no gate where the Task’s own Pod does the work', () => {
    expect(summary(decided(snapshot({ task: agentTask(), read: found({ agent: agent({}, { ready: false }) }) })).actions)).toContain(
      'Create Pod fix-bug-pod',
    );
  });
});

describe('quota', () => {
  const start = (taskName: string, startTime: string) => ({ taskName, taskNamespace: NAMESPACE, startTime });
  const quota = { maxTaskStarts: 2, windowSeconds: 600 };
  const used = agent({ quota }, { taskStartHistory: [start('a', '2026-01-01T10:01:00Z'), start('b', '2026-01-01T10:02:00Z')] });

  test('used up: waits until the oldest start leaves the window', () => {
    const decision = decided(snapshot({ task: agentTask(), granted: true, read: found({ agent: used }) }));
    expect(decision.queue).toMatchObject({ state: 'Wants', notBefore: '2026-01-01T10:11:00.000Z' });
    expect(statusPatch(decision)).toMatchObject({ phase: 'Queued', message: 'Waiting for agent "coder" quota (max: 2 per 600s)' });
    expect(summary(decision.actions)).toContain('Event QuotaExceeded');
  });
  test('a start is recorded before its Pod', () => {
    const free = agent({ quota }, { taskStartHistory: [start('a', '2026-01-01T10:01:00Z')] });
    const lines = summary(decided(snapshot({ task: agentTask(), granted: true, read: found({ agent: free }) })).actions);
    expect(lines).toEqual(['RecordStart coder', 'Create ConfigMap fix-bug-context', 'Create Pod fix-bug-pod', 'Event PodCreated']);
  });
  test('a start that a crash left recorded counts once', () => {
    const mine = agent({ quota }, { taskStartHistory: [start('a', '2026-01-01T10:01:00Z'), start('fix-bug', '2026-01-01T10:02:00Z')] });
    const lines = summary(decided(snapshot({ task: agentTask(), granted: true, read: found({ agent: mine }) })).actions);
    expect(lines).toContain('Create Pod fix-bug-pod');
    expect(lines).not.toContain('RecordStart coder');
  });
  test('a start whose record got no usable answer is recorded again under the same time, so that it is found', () => {
    const free = agent({ quota }, { taskStartHistory: [] });
    const startTime = '2026-01-01T10:04:30Z';
    const tried = { result: 'unknown', count: 1, firstAt: '2026-01-01T10:04:31.000Z', lastAt: '2026-01-01T10:04:31.000Z' } as const;
    const outcomes = [{ ...tried, actionId: 'start/1', answer: startTime }];
    const decision = decided(snapshot({ task: agentTask(), granted: true, read: found({ agent: free }), outcomes }));
    expect(decision.actions[0]).toMatchObject({ type: 'RecordStart', id: 'start/1', record: { startTime } });
  });
  test('starts outside the window do not count', () => {
    const old = agent(
      { quota },
      { taskStartHistory: [start('a', '2026-01-01T09:54:00Z'), start('b', '2026-01-01T09:55:00Z'), start('c', '2026-01-01T10:02:00Z')] },
    );
    expect(summary(decided(snapshot({ task: agentTask(), granted: true, read: found({ agent: old }) })).actions)).toContain(
      'Create Pod fix-bug-pod',
    );
  });
  test('a quota that comes from the Agent’s template counts', () => {
    const inheriting = agent(
      { templateRef: { name: 'coder' } },
      { taskStartHistory: [start('a', '2026-01-01T10:01:00Z'), start('b', '2026-01-01T10:02:00Z')] },
    );
    const decision = decided(
      snapshot({ task: agentTask(), granted: true, read: found({ agent: inheriting, template: template({ quota }) }) }),
    );
    expect(decision.queue).toMatchObject({ state: 'Wants', notBefore: '2026-01-01T10:11:00.000Z' });
  });
});
