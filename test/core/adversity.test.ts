import { describe, expect, test } from 'vitest';
import type { Outcome, Snapshot } from '#core/contract/snapshot.ts';
import {
  agent,
  agentTask,
  BEST_EFFORT,
  CREATED,
  condition,
  exited,
  found,
  lookedAt,
  NOW,
  pod,
  read,
  running,
  SETTINGS,
  snapshot,
  task,
  template,
} from '#test/support/builders.ts';
import { decide, decided, decidedWithLog, statusPatch, summary } from '#test/support/decide.ts';

/** What goes wrong around a Task: each case is a sequence of events that once left it hanging, ended it wrongly or made its status say what is not so. */
const POD = { kind: 'Pod', name: 'fix-bug-pod', live: true } as const;

function outcome(actionId: string, result: Outcome['result'], more: Partial<Outcome> = {}): Partial<Snapshot> {
  return { outcomes: [{ actionId, result, count: 1, firstAt: NOW, lastAt: NOW, ...more }] };
}

describe('long texts', () => {
  const long = 'x'.repeat(5_000);
  test('a termination message of 4 KiB does not make the status one that the API server refuses', () => {
    const ended = pod({ phase: 'Failed', agent: exited(1, { message: 'y'.repeat(4_096) }) });
    const patch = statusPatch(decided(snapshot({ task: task({ status: running() }), pods: [ended] })));
    expect(patch).toMatchObject({ phase: 'Failed', cause: 'Application' });
    expect(String(patch?.message).length).toBeLessThanOrEqual(4_096);
  });
  test('nor does what the API server says of a refused Pod, and what is written so is not written again', () => {
    const refused = outcome('pod/1', 'refused', { code: 403, reason: 'Forbidden', message: long });
    const reads = { ...found(), ...read([POD, { absent: true }]) };
    const first = statusPatch(decided(snapshot({ read: reads, ...refused })));
    expect(String(first?.message).length).toBeLessThanOrEqual(4_096);
    const again = decided(snapshot({ task: task({ status: first as never }), read: reads, ...refused }));
    expect(statusPatch(again)).toBeUndefined();
  });
});

describe('refusals that can be mended wait', () => {
  test.each([
    { name: 'a webhook without a code', code: 400, message: 'admission webhook "validate.kyverno.svc-fail" denied the request: no' },
    { name: 'a webhook that says 422', code: 422, message: 'admission webhook "pods.example.com" denied the request: no' },
    {
      name: 'an admission policy',
      code: 422,
      message: `pods "fix-bug-pod" is forbidden: ValidatingAdmissionPolicy 'limits' with binding 'limits' denied request: no`,
    },
  ])('$name', ({ code, message }) => {
    const decision = decided(
      snapshot({
        read: { ...found(), ...read([POD, { absent: true }]) },
        ...outcome('pod/1', 'refused', { code, reason: 'Invalid', message }),
      }),
    );
    expect(statusPatch(decision)).toMatchObject({ phase: 'Pending' });
    expect(decision.wakeAt).toBeDefined();
  });

  const quota = { maxTaskStarts: 5, windowSeconds: 600 };
  test.each([
    { name: 'the record of a start', id: 'start/1', made: agent({ maxConcurrentTasks: 1, quota }), condition: 'AgentError' },
    {
      name: 'the label of an Attach Task',
      id: 'label',
      made: agent({ maxConcurrentTasks: 1, execution: 'Attach' }, { ready: true }),
      condition: 'AgentError',
    },
  ])('$name, refused: the reason is shown and the place is given back', ({ id, made, condition: expected }) => {
    const decision = decided(
      snapshot({
        task: agentTask(),
        granted: true,
        read: found({ agent: made }),
        ...outcome(id, 'refused', { code: 403, reason: 'Forbidden', message: 'not allowed' }),
      }),
    );
    expect(summary(decision.actions)).toContain('Patch Task/status fix-bug');
    expect(statusPatch(decision)?.conditions).toContainEqual(
      expect.objectContaining({ type: 'Ready', status: 'False', reason: expected, message: expect.stringContaining('not allowed') }),
    );
    expect(decision.queue).toBeUndefined();
    expect(decision.wakeAt).toBe('2026-01-01T10:05:01.000Z');
  });
  test('the record of a start that the store has not shown yet is counted by the next in the queue: it goes first', () => {
    const made = agent({ quota, execution: 'Attach' }, { ready: true });
    const lines = summary(decided(snapshot({ task: agentTask(), granted: true, read: found({ agent: made }) })).actions);
    expect(lines[0]).toBe('RecordStart coder');
  });
});

describe('a Pod of which nothing is known', () => {
  const unavailable = { ...found({ agent: agent() }), ...read([POD, { unavailable: { code: 0, message: 'reset' } }]) };
  test.each([
    { result: 'ok' as const, now: NOW },
    { result: 'ok' as const, now: '2026-01-01T10:06:00.000Z' },
    { result: 'unknown' as const, now: '2026-01-01T10:06:00.000Z' },
  ])('was created ($result) and can not be read at $now: it is not made a second time, and holds its place', ({ result, now }) => {
    const decision = decided(snapshot({ now, task: agentTask(), granted: true, read: unavailable, ...outcome('pod/1', result) }));
    expect(decision.actions).toEqual([]);
    expect(decision.queue).toMatchObject({ state: 'Holds' });
    expect(Date.parse(decision.wakeAt ?? '')).toBe(Date.parse(now) + 5_000);
  });
  test('after its place was given back: it does not take one that may be another Task’s by now', () => {
    const decision = decided(snapshot({ task: agentTask(), read: unavailable, ...outcome('pod/1', 'unknown') }));
    expect(decision.queue).toBeUndefined();
  });
  test('but the watch shows it and nobody has written that the Task runs, as a new leader finds it: it holds its place', () => {
    const shown = snapshot({ task: agentTask({ stop: true }), pods: [pod({ phase: 'Pending' })], read: unavailable });
    expect(decided(shown).actions).toEqual([]);
    expect(decided(shown).queue).toMatchObject({ state: 'Holds' });
  });
  test('and a stop comes: the Pod that may be there is looked for first', () => {
    expect(decide(snapshot({ task: task({ stop: true }), read: found(), ...outcome('pod/1', 'unknown') }))).toMatchObject({
      type: 'Reads',
    });
    const there = snapshot({ task: task({ stop: true }), read: read([POD, { found: pod() }]), ...outcome('pod/1', 'unknown') });
    expect(summary(decided(there).actions)).toEqual(['Patch Task/status fix-bug', 'Patch Pod fix-bug-pod']);
    expect(summary(decided({ ...there, settings: BEST_EFFORT }).actions)).toEqual(['Patch Task/status fix-bug', 'Delete Pod fix-bug-pod']);
  });
});

describe('a Pod that was created and is gone before it was seen', () => {
  const gone = { ...read([POD, { absent: true }], [{ kind: 'AgentTemplate', name: 'coder' }, { absent: true }]) };
  test.each([
    { name: 'is suspended meanwhile', options: { spec: { suspend: true } } },
    { name: 'loses its template meanwhile', options: {} },
    { name: 'is stopped meanwhile', options: { stop: true } },
    { name: 'gets a bent spec meanwhile', options: { spec: { timeout: 'soon' } } },
  ])('is not forgotten when the Task $name: no later start may run it again', ({ options }) => {
    const decision = decided(snapshot({ task: task(options), read: gone, ...outcome('pod/1', 'ok') }));
    expect(statusPatch(decision)).toMatchObject({ phase: 'Failed', cause: 'PodDeleted' });
  });
});

describe('a spec that is bent in one field', () => {
  test('is still another controller’s', () => {
    const bent = task({ spec: { managedBy: 'example.com/other', priority: 'high' as never } });
    expect(decided(snapshot({ task: bent })).actions).toEqual([]);
  });
  test('still holds its place at its Agent while it runs', () => {
    const bent = agentTask({ status: running(), spec: { priority: 'high' as never } });
    expect(decided(snapshot({ task: bent, pods: [pod()] })).queue).toEqual({ state: 'Holds', key: 'team-a/coder' });
  });
});

describe('a Task that runs and is pointed at another Agent', () => {
  const status = running({ agentRef: { name: 'coder' }, times: { podCreated: CREATED } });
  test('holds the place at the one that it was started with, and says so', () => {
    const moved = task({ status, spec: { templateRef: undefined as never, agentRef: { name: 'other' } } });
    const decision = decided(snapshot({ task: moved, pods: [pod()] }));
    expect(decision.queue).toEqual({ state: 'Holds', key: 'team-a/coder' });
    expect(statusPatch(decision)?.agentRef).toBeUndefined();
  });
});

describe('the wait for what is missing', () => {
  const missing = 'agent template "base" of agent "coder" not found in namespace "team-a"';
  const waited = (message: string) => ({
    phase: 'Pending' as const,
    cause: 'Agent' as const,
    message,
    conditions: [condition('Ready', 'False', 'AgentError', '2026-01-01T10:03:00Z', message)],
  });
  const reads = {
    ...found({ agent: agent({ templateRef: { name: 'base' } }) }),
    ...read([{ kind: 'AgentTemplate', name: 'base' }, { absent: true }]),
  };
  test('counts for each object from when that one was first said to be missing', () => {
    const status = waited('agent "coder" not found in namespace "team-a"');
    const decision = decided(snapshot({ task: agentTask({ status }), read: reads }));
    expect(decision.wakeAt).toBe('2026-01-01T10:06:00.000Z');
    expect(statusPatch(decision)?.conditions).toEqual([
      expect.objectContaining({ reason: 'AgentError', message: missing, lastTransitionTime: '2026-01-01T10:05:00Z' }),
    ]);
  });
  test('is not counted from a time in which the API server could not be asked', () => {
    const contexts = [{ type: 'ConfigMap', configMap: { name: 'notes' } }] as never;
    const status = {
      ...waited(''),
      conditions: [condition('Ready', 'False', 'ContextError', '2026-01-01T10:00:00Z', 'it could not be read: forbidden (code 403)')],
    };
    const decision = decided(
      snapshot({
        task: task({ status, spec: { contexts } }),
        read: { ...found(), ...read([{ kind: 'ConfigMap', name: 'notes' }, { absent: true }]) },
      }),
    );
    expect(statusPatch(decision)?.phase).toBeUndefined();
    expect(decision.wakeAt).toBe('2026-01-01T10:05:05.000Z');
  });
  test('for what can not be asked for grows longer, up to a minute', () => {
    const foreign = { ...found(), ...read([POD, { found: pod({ metadata: { ownerReferences: [] } }) }]) };
    const message = 'pod "fix-bug-pod" exists and does not belong to this task (uid pod-uid); the task starts when that pod is gone';
    const wakeAt = (since: string): string | undefined =>
      decided(
        snapshot({
          task: task({ status: { phase: 'Pending', conditions: [condition('Ready', 'False', 'NameConflict', since, message)] } }),
          read: foreign,
          ...outcome('pod/1', 'refused', { code: 409, reason: 'AlreadyExists' }),
        }),
      ).wakeAt;
    expect(wakeAt('2026-01-01T10:05:00Z')).toBe('2026-01-01T10:05:05.000Z');
    expect(wakeAt('2026-01-01T10:04:20Z')).toBe('2026-01-01T10:05:20.000Z');
    expect(wakeAt('2026-01-01T09:00:00Z')).toBe('2026-01-01T10:06:00.000Z');
  });
});

describe('the queue says only what is so', () => {
  const missing = condition('Ready', 'False', 'AgentError', '2026-01-01T10:04:00Z', 'agent "coder" not found in namespace "team-a"');
  test.each([
    { name: 'a suspended Task', spec: { suspend: true }, made: agent(), reason: 'TaskSuspended' },
    { name: 'a Task of a suspended Agent', spec: {}, made: agent({ suspend: true }), reason: 'AgentSuspended' },
  ])('$name does not say that all it refers to is there', ({ spec, made, reason }) => {
    const decision = decided(
      snapshot({ task: agentTask({ spec, status: { phase: 'Pending', conditions: [missing] } }), read: found({ agent: made }) }),
    );
    expect(statusPatch(decision)?.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'False', reason }));
  });
  test('a Task of a template that was suspended does not speak of the capacity of an Agent', () => {
    const status = { phase: 'Queued' as const, conditions: [condition('Queued', 'True', 'TaskSuspended')] };
    const patch = statusPatch(decided(snapshot({ task: task({ status }), pods: [pod()] })));
    expect(patch?.conditions).toEqual([expect.objectContaining({ type: 'Queued', status: 'False', reason: 'Resumed' })]);
    expect(JSON.stringify(patch)).not.toContain('apacity');
  });
  test('one that waits its turn of a quota does not say that the Agent is at capacity', () => {
    const free = agent({ quota: { maxTaskStarts: 2, windowSeconds: 600 } });
    const patch = statusPatch(decided(snapshot({ task: agentTask(), granted: false, read: found({ agent: free }) })));
    expect(patch).toMatchObject({ phase: 'Queued', message: 'Waiting for agent "coder" quota (max: 2 per 600s)' });
  });
  test('after a hand-over a queued Task asks for its place without reading its contexts again', () => {
    const contexts = [{ type: 'ConfigMap', configMap: { name: 'notes' } }] as never;
    const queued = agentTask({
      spec: { contexts },
      status: { phase: 'Queued', conditions: [condition('Queued', 'True', 'AgentAtCapacity')] },
    });
    expect(decided(snapshot({ task: queued, read: found({ agent: agent({ maxConcurrentTasks: 1 }) }) }))).toMatchObject({
      actions: [],
      queue: { state: 'Wants' },
    });
  });
});

describe('how a Pod ended', () => {
  const DELETED = { deletionTimestamp: '2026-01-01T10:04:30Z', deletionGracePeriodSeconds: 30 };
  const beside = (agentState: ReturnType<typeof exited>, code: number, finishedAt: string) => ({
    containerStatuses: [
      { name: 'agent', state: agentState },
      { name: 'istio-proxy', state: exited(code, { finishedAt }) },
    ],
  });
  test.each([
    { name: 'a good agent, deleted while only a sidecar ran', code: 0, phase: 'Completed', cause: undefined },
    { name: 'a failed agent, deleted while only a sidecar ran', code: 4, phase: 'Failed', cause: 'Application' },
  ])('$name: by the agent', ({ code, phase, cause }) => {
    const ended = pod({
      phase: 'Failed',
      metadata: DELETED,
      status: beside(exited(code, { finishedAt: '2026-01-01T10:03:00Z' }), 143, '2026-01-01T10:04:10Z'),
    });
    for (const settings of [SETTINGS, BEST_EFFORT]) {
      const patch = statusPatch(decidedWithLog(snapshot({ task: task({ status: running() }), pods: [ended], settings })));
      expect(patch).toMatchObject({ phase });
      expect(patch?.cause).toBe(cause);
    }
  });
  test('a stop of which the kubelet does not know when it ended is a stop, whatever the init containers did before', () => {
    const status = running({ conditions: [condition('Stopping', 'True', 'UserStopped', '2026-01-01T10:04:00Z')] });
    const ended = pod({
      phase: 'Failed',
      metadata: DELETED,
      agent: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } },
      status: {
        containerStatuses: [{ name: 'agent', state: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } } }],
        initContainerStatuses: [{ name: 'opencode-init', state: exited(0, { finishedAt: '2026-01-01T10:00:10Z' }) }],
      },
    });
    expect(statusPatch(decidedWithLog(snapshot({ task: task({ stop: true, status }), pods: [ended] })))).toMatchObject({
      phase: 'Completed',
      cause: 'Stopped',
    });
  });
  test('a lost node that had said how the agent ended: by the agent', () => {
    const lost = pod({
      metadata: { deletionTimestamp: '2026-01-01T09:59:00Z', deletionGracePeriodSeconds: 30 },
      status: {
        containerStatuses: [
          { name: 'agent', state: exited(0, { finishedAt: '2026-01-01T09:58:00Z' }) },
          { name: 'istio-proxy', state: { running: {} } },
        ],
      },
    });
    expect(statusPatch(decided(snapshot({ task: task({ status: running() }), pods: [lost] })))).toMatchObject({ phase: 'Completed' });
  });
  test('a kubelet that does not end the sidecars: the Pod is deleted in the end', () => {
    const outlived = (now: string) =>
      decided(
        snapshot({
          now,
          task: task({ status: running() }),
          pods: [
            pod({
              annotations: { 'kubeopencode.io/ended-for': 'AgentEnded' },
              status: {
                containerStatuses: [
                  { name: 'agent', state: exited(0, { finishedAt: '2026-01-01T10:04:00Z' }) },
                  { name: 'istio-proxy', state: { running: {} } },
                ],
              },
            }),
          ],
        }),
      );
    expect(outlived(NOW).wakeAt).toBe('2026-01-01T10:09:30.000Z');
    expect(summary(outlived(NOW).actions)).not.toContain('Delete Pod fix-bug-pod');
    expect(summary(outlived('2026-01-01T10:09:30.000Z').actions)).toContain('Delete Pod fix-bug-pod');
  });
  const outlivedBy = (state: object, phase: 'Running' | 'Pending' | 'Failed' = 'Running', more = {}) =>
    pod({
      phase,
      ...more,
      status: {
        containerStatuses: [
          { name: 'agent', state: exited(0) },
          { name: 'istio-proxy', state },
        ],
      },
    });
  test('a sidecar that can not even start holds the Pod at Pending when the agent has ended: it is ended too', () => {
    const decision = decided(
      snapshot({ task: task({ status: running() }), pods: [outlivedBy({ waiting: { reason: 'ImagePullBackOff' } }, 'Pending')] }),
    );
    expect(decision.actions.at(-1)).toMatchObject({ patch: { metadata: { annotations: { 'kubeopencode.io/ended-for': 'AgentEnded' } } } });
  });
  test.each([
    { name: 'a timeout', options: { spec: { timeout: '4m', stop: { mode: 'Retain' as const } } } },
    { name: 'a stop', options: { stop: true, spec: { stop: { mode: 'Retain' as const } } } },
  ])('$name comes too late when the agent has ended and only a sidecar runs', ({ options }) => {
    const decision = decided(snapshot({ task: task({ status: running(), ...options }), pods: [outlivedBy({ running: {} })] }));
    expect(decision.actions.at(-1)).toMatchObject({ patch: { metadata: { annotations: { 'kubeopencode.io/ended-for': 'AgentEnded' } } } });
    expect(statusPatch(decision)?.conditions).toBeUndefined();
  });
  test('a sidecar that failed by itself before anybody deleted the Pod counts, as it does in a Pod that nobody deletes', () => {
    const ended = pod({
      phase: 'Failed',
      metadata: { deletionTimestamp: '2026-01-01T10:04:30Z', deletionGracePeriodSeconds: 0, generation: 2 },
      status: { observedGeneration: 1, ...beside(exited(0), 7, '2026-01-01T10:04:10Z') },
    });
    expect(statusPatch(decidedWithLog(snapshot({ task: task({ status: running() }), pods: [ended] })))).toMatchObject({ phase: 'Failed' });
  });
  test('a timeout that became malformed while the Task runs counts as not given: the Agent’s stands', () => {
    const annotations = { 'kubeopencode.io/started-with': '{"timeout":"3m"}' };
    const before = snapshot({ task: task({ spec: { timeout: 'soon' }, status: running() }), ...lookedAt(pod({ annotations })) });
    expect(statusPatch(decided(before))?.conditions).toContainEqual(expect.objectContaining({ type: 'Stopping', reason: 'Timeout' }));
    expect(summary(decided({ ...before, settings: BEST_EFFORT }).actions)).toContain('Delete Pod fix-bug-pod');
  });
  test('an agent that had ended before the rest was ended, by whatever, has ended by itself', () => {
    const ended = outlivedBy({ terminated: { exitCode: 137, finishedAt: '2026-01-01T10:05:20Z' } }, 'Failed', {
      metadata: { deletionTimestamp: '2026-01-01T10:05:20Z', deletionGracePeriodSeconds: 0 },
      annotations: { 'kubeopencode.io/ended-for': 'AgentEnded' },
    });
    expect(statusPatch(decidedWithLog(snapshot({ task: task({ status: running() }), pods: [ended] })))).toMatchObject({
      phase: 'Completed',
    });
  });
  test('a deletion that we asked for ourselves is nobody else’s', () => {
    const deleting = outlivedBy({ running: {} }, 'Running', {
      metadata: { deletionTimestamp: '2026-01-01T10:05:20Z', deletionGracePeriodSeconds: 30 },
      annotations: { 'kubeopencode.io/ended-for': 'AgentEnded' },
    });
    const decision = decided(snapshot({ task: task({ status: running() }), pods: [deleting] }));
    expect(JSON.stringify(decision)).not.toContain('somebody else');
  });
  test('people’s hands on what a Pod was started with count as nothing', () => {
    const annotations = { 'kubeopencode.io/started-with': '{"stop":{"mode":"Delete","gracePeriodSeconds":"soon"}}' };
    const before = snapshot({ task: task({ stop: true, status: running() }), ...lookedAt(pod({ annotations })), settings: BEST_EFFORT });
    const deletion = decided(before).actions[1];
    expect(deletion).toMatchObject({ type: 'Delete' });
    expect(deletion).not.toHaveProperty('gracePeriodSeconds');
  });
});

describe('a Task under deletion', () => {
  const deleting = (finalizers: readonly string[]) =>
    agentTask({ status: running(), metadata: { deletionTimestamp: '2026-01-01T10:04:59Z', finalizers } });
  test('holds its place while its containers run', () => {
    const terminating = pod({ metadata: { deletionTimestamp: '2026-01-01T10:05:20Z', deletionGracePeriodSeconds: 30, finalizers: [] } });
    expect(decided(snapshot({ task: deleting(['foregroundDeletion']), pods: [terminating] }))).toMatchObject({
      actions: [],
      queue: { state: 'Holds' },
    });
    const ended = pod({ phase: 'Failed', agent: exited(143), metadata: { finalizers: [] } });
    expect(decided(snapshot({ task: deleting(['foregroundDeletion']), pods: [ended] })).queue).toBeUndefined();
  });
  test('whose Pods are to be orphaned lets them go and deletes none', () => {
    expect(summary(decided(snapshot({ task: deleting(['orphan']), pods: [pod()] })).actions)).toEqual(['Patch Pod fix-bug-pod']);
  });
});

describe('clean-up', () => {
  const done = { phase: 'Completed' as const, completionTime: '2026-01-01T10:04:00Z' };
  test.each([
    { name: 'text', ttl: 'soon' as never },
    { name: 'more than time can hold', ttl: 9_007_199_254_740_991 },
  ])('by a time to live that is $name deletes nothing and breaks nothing', ({ ttl }) => {
    const cleanup = { ttlSecondsAfterFinished: ttl };
    const byConfig = snapshot({ task: task({ status: done }), settings: { ...SETTINGS, config: { cleanup } } });
    expect(decided(byConfig)).toMatchObject({ actions: [] });
    const byAgent = snapshot({ task: agentTask({ status: done }), read: found({ agent: agent({ taskDefaults: { cleanup } }) }) });
    expect(decided(byAgent)).toMatchObject({ actions: [] });
  });
  test('the summary of an Attach Task’s session does not wait for the release of its Pod', () => {
    const annotations = { 'kubeopencode.io/started-with': '{"serverUrl":"http://coder.team-a.svc:4096"}' };
    const ended = pod({ phase: 'Succeeded', agent: exited(0), annotations });
    expect(summary(decided(snapshot({ task: agentTask({ status: running() }), pods: [ended] })).actions)).toEqual([
      'Patch Task/status fix-bug',
      'Event Completed',
      'Effect SessionSummary',
      'Patch Pod fix-bug-pod',
    ]);
  });
});

test('a condition of the host that is over is no reason to write', () => {
  const status = running({
    templateRef: { name: 'coder' },
    times: { podCreated: CREATED },
    conditions: [condition('EngineError', 'False', 'Recovered')],
  });
  expect(decided(snapshot({ task: task({ status }), pods: [pod()] })).actions).toEqual([]);
});

test('at most 8 passes, whatever is missing, lagging and taken', () => {
  const contexts = [{ type: 'ConfigMap', configMap: { name: 'notes' } }] as never;
  const status = {
    phase: 'Pending' as const,
    conditions: [condition('Ready', 'False', 'AgentError', '2026-01-01T10:00:00Z', 'agent "coder" not found in namespace "team-a"')],
  };
  const taken = (name: string): Outcome => ({
    actionId: `configmap/1/${name}`,
    result: 'refused',
    code: 409,
    reason: 'AlreadyExists',
    count: 1,
    firstAt: NOW,
    lastAt: NOW,
  });
  let reads: Snapshot['read'] = {};
  let passes = 0;
  for (; passes < 20; passes++) {
    const decision = decide(
      snapshot({
        task: agentTask({ status, spec: { contexts } }),
        read: reads,
        granted: true,
        outcomes: [taken('fix-bug-context'), { ...taken('x'), actionId: 'pod/1' }],
      }),
    );
    if (decision.type !== 'Reads') break;
    for (const ref of decision.refs) {
      const answers: Record<string, object> = {
        Agent: agent({ templateRef: { name: 'base' } }),
        AgentTemplate: template(),
        ConfigMap: { metadata: { name: ref.name, uid: 'cm' }, data: { a: 'b' } },
      };
      const object = answers[ref.kind];
      const isLagging = ref.live !== true && ref.kind !== 'ConfigMap';
      reads = { ...reads, ...read([ref, object === undefined || isLagging ? { absent: true } : { found: object as never }]) };
    }
  }
  expect(passes).toBeLessThanOrEqual(8);
});
