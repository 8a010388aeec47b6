import { describe, expect, test } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import type { Task, TaskStatus } from '#core/api/task.ts';
import type { ReadResult, Snapshot } from '#core/contract/snapshot.ts';
import { applied } from '#test/support/applied.ts';
import {
  agent,
  agentTask,
  BEST_EFFORT,
  CREATED,
  condition,
  exited,
  found,
  lookedAt,
  NAMESPACE,
  NOW,
  pod,
  read,
  running,
  SETTINGS,
  snapshot,
  task,
} from '#test/support/builders.ts';
import { decide, decided, decidedWithLog, statusPatch, summary } from '#test/support/decide.ts';

const GONE = { kind: 'Pod', name: 'fix-bug-pod', live: true } as const;

describe('stop', () => {
  const stopping = running({
    conditions: [condition('Stopping', 'True', 'UserStopped', '2026-01-01T10:04:00Z', 'a stop was asked for: the pod is asked to end')],
  });

  test.each([
    { name: 'ended by its deadline, so that its log outlives it', settings: SETTINGS, end: 'Patch Pod fix-bug-pod' },
    { name: 'deleted where nothing is kept', settings: BEST_EFFORT, end: 'Delete Pod fix-bug-pod' },
  ])('writes the intent first, then the Pod is $name; the Task still runs', ({ settings, end }) => {
    const decision = decided(snapshot({ task: task({ stop: true, status: running() }), ...lookedAt(pod()), settings }));
    expect(summary(decision.actions)).toEqual(['Patch Task/status fix-bug', end]);
    expect(statusPatch(decision)?.phase).toBeUndefined();
    expect(statusPatch(decision)?.conditions).toContainEqual(
      expect.objectContaining({ type: 'Stopping', status: 'True', reason: 'UserStopped' }),
    );
    expect(decision.actions[1]).toMatchObject({ uid: 'pod-uid' });
  });
  test.each([
    { settings: SETTINGS, end: 'Patch Pod fix-bug-pod' },
    { settings: BEST_EFFORT, end: 'Delete Pod fix-bug-pod' },
  ])('after a crash between the two the Pod is ended all the same: $end', ({ settings, end }) => {
    const decision = decided(
      snapshot({
        task: task({ stop: true, status: { ...stopping, times: { podCreated: CREATED }, templateRef: { name: 'coder' } } }),
        pods: [pod()],
        settings,
      }),
    );
    expect(summary(decision.actions)).toEqual([end]);
  });
  test.each([SETTINGS, BEST_EFFORT])('is finished when the containers are gone: Completed, Stopped=True/UserStopped', (settings) => {
    const ended = pod({
      phase: 'Failed',
      agent: exited(143, { finishedAt: '2026-01-01T10:04:30Z' }),
      metadata: { deletionTimestamp: '2026-01-01T10:04:30Z', deletionGracePeriodSeconds: 0 },
    });
    const decision = decidedWithLog(snapshot({ task: task({ stop: true, status: stopping }), pods: [ended], settings }));
    expect(statusPatch(decision)).toMatchObject({ phase: 'Completed', cause: 'Stopped' });
    expect(statusPatch(decision)?.conditions).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: 'Stopped', status: 'True', reason: 'UserStopped' }),
        expect.objectContaining({ type: 'Finished', status: 'True', reason: 'Stopped' }),
        expect.objectContaining({ type: 'Stopping', status: 'False' }),
      ]),
    );
    expect(summary(decision.actions)).toEqual(['Patch Task/status fix-bug', 'Event Stopped', 'Patch Pod fix-bug-pod']);
  });
  test('a Pod that its kubelet has ended for a stop goes with the record of its end', () => {
    const ended = pod({
      phase: 'Failed',
      agent: exited(143, { finishedAt: '2026-01-01T10:04:30Z' }),
      annotations: { 'kubeopencode.io/ended-for': 'Stopped' },
      status: { reason: 'DeadlineExceeded' },
    });
    const decision = decidedWithLog(snapshot({ task: task({ stop: true, status: stopping }), pods: [ended] }));
    expect(statusPatch(decision)).toMatchObject({
      phase: 'Completed',
      cause: 'Stopped',
      attempts: [{ log: { configMapName: expect.stringMatching(/^fix-bug-log-[0-9a-f]{8}$/), bytes: 120, truncated: false } }],
    });
    expect(summary(decision.actions)).toEqual([
      'Patch Task/status fix-bug',
      'Event Stopped',
      'Delete Pod fix-bug-pod',
      'Patch Pod fix-bug-pod',
    ]);
  });
  test('comes too late for a Pod that has ended by itself', () => {
    const decision = decided(
      snapshot({ task: task({ stop: true, status: running() }), pods: [pod({ phase: 'Failed', agent: exited(1) })] }),
    );
    expect(statusPatch(decision)).toMatchObject({ phase: 'Failed', cause: 'Application' });
  });
  test('a Pod that ended between the intent and the deletion ended by itself', () => {
    const decision = decided(
      snapshot({
        task: task({ stop: true, status: stopping }),
        pods: [pod({ phase: 'Succeeded', agent: exited(0, { finishedAt: '2026-01-01T10:04:01Z' }) })],
      }),
    );
    expect(statusPatch(decision)).toMatchObject({ phase: 'Completed' });
    expect(statusPatch(decision)?.cause).toBeUndefined();
  });
  test('a Pod whose kubelet had not heard of the deletion ended by itself, also after the intent', () => {
    const ended = pod({
      phase: 'Succeeded',
      agent: exited(0, { finishedAt: '2026-01-01T10:04:05Z' }),
      metadata: { deletionTimestamp: '2026-01-01T10:04:15Z', deletionGracePeriodSeconds: 0, generation: 2 },
      status: { observedGeneration: 1 },
    });
    const decision = decidedWithLog(snapshot({ task: task({ stop: true, status: stopping }), pods: [ended] }));
    expect(statusPatch(decision)).toMatchObject({ phase: 'Completed' });
    expect(statusPatch(decision)?.cause).toBeUndefined();
  });
  test('looks at the Pod itself first, for the watch may be behind', () => {
    expect(decide(snapshot({ task: task({ stop: true, status: running() }), pods: [pod()] }))).toEqual({
      type: 'Reads',
      refs: [{ ...GONE, namespace: NAMESPACE }],
    });
  });
  test.each([
    { name: 'ended by itself', pod: pod({ phase: 'Succeeded', agent: exited(0) }), end: { phase: 'Completed' } },
    {
      name: 'was drained',
      pod: pod({
        phase: 'Succeeded',
        agent: exited(0, { finishedAt: '2026-01-01T10:03:18Z' }),
        metadata: { deletionTimestamp: '2026-01-01T10:03:18Z', deletionGracePeriodSeconds: 0, generation: 2 },
        status: {
          observedGeneration: 2,
          conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' }],
        },
      }),
      end: { phase: 'Failed', cause: 'Evicted' },
    },
  ])('a Pod that $name, as the look at it shows, was not stopped', ({ pod: ended, end }) => {
    const decision = decidedWithLog(snapshot({ task: task({ stop: true, status: running() }), ...lookedAt(pod(), ended) }));
    expect(statusPatch(decision)).toMatchObject(end);
    expect(summary(decision.actions)).not.toContain('Delete Pod fix-bug-pod');
  });
  test('a Pod that is gone, as the look at it shows, was not stopped', () => {
    const snapshotGone = snapshot({ task: task({ stop: true, status: running() }), pods: [pod()], read: read([GONE, { absent: true }]) });
    expect(statusPatch(decided(snapshotGone))).toMatchObject({ phase: 'Failed', cause: 'PodDeleted' });
  });
  test('nothing is meant while the API server can’t say how the Pod is', () => {
    const unavailable = read([GONE, { unavailable: { code: 503, message: 'away' } }]);
    const decision = decided(snapshot({ task: task({ stop: true, status: running() }), pods: [pod()], read: unavailable }));
    expect(decision).toMatchObject({ actions: [], wakeAt: expect.any(String) });
  });
  test.each(['2026-01-01T09:00:00Z', '2026-01-01T11:00:00Z'])('that a host meant at %s, by a clock that is wrong, is a stop', (at) => {
    const status = running({ conditions: [condition('Stopping', 'True', 'UserStopped', at)] });
    const ended = pod({
      phase: 'Failed',
      agent: exited(143, { finishedAt: '2026-01-01T10:04:30Z' }),
      metadata: { deletionTimestamp: '2026-01-01T10:04:58Z', deletionGracePeriodSeconds: 30 },
    });
    expect(statusPatch(decidedWithLog(snapshot({ task: task({ stop: true, status }), pods: [ended] })))).toMatchObject({
      cause: 'Stopped',
    });
  });
  test('no Task ends before it started, by a host whose clock is behind', () => {
    const status = running({ startTime: '2026-01-01T12:00:00Z' });
    const patch = statusPatch(decided(snapshot({ task: task({ status }), pods: [pod({ phase: 'Succeeded', agent: exited(0) })] })));
    expect(patch?.completionTime).toBe('2026-01-01T12:00:00Z');
  });
  test('a Pod that its kubelet had evicted before the deletion was evicted', () => {
    const evicted = { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message: 'low on memory' } as const;
    const ended = pod({
      phase: 'Failed',
      agent: exited(137, { finishedAt: '2026-01-01T10:04:10Z' }),
      metadata: { deletionTimestamp: '2026-01-01T10:04:20Z', deletionGracePeriodSeconds: 0, generation: 2 },
      status: { observedGeneration: 1, reason: 'Evicted', conditions: [evicted] },
    });
    const decision = decidedWithLog(snapshot({ task: task({ stop: true, status: stopping }), pods: [ended] }));
    expect(statusPatch(decision)).toMatchObject({ phase: 'Failed', cause: 'Evicted' });
  });
  test.each([
    { exitCode: 0, observedGeneration: 1, end: { phase: 'Completed', cause: null } },
    { exitCode: 1, observedGeneration: 1, end: { phase: 'Failed', cause: 'Application' } },
    { exitCode: 0, observedGeneration: 2, end: { phase: 'Failed', cause: 'Evicted' } },
  ])(
    'a Pod that was drained: exit code $exitCode, its kubelet saw generation $observedGeneration of 2',
    ({ exitCode, observedGeneration, end }) => {
      const evicted = {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'EvictionByEvictionAPI',
        message: 'Eviction API: evicting',
      } as const;
      const ended = pod({
        phase: exitCode === 0 ? 'Succeeded' : 'Failed',
        agent: exited(exitCode, { finishedAt: '2026-01-01T10:03:18Z' }),
        metadata: { deletionTimestamp: '2026-01-01T10:04:30Z', deletionGracePeriodSeconds: 0, generation: 2 },
        status: { observedGeneration, conditions: [evicted] },
      });
      for (const settings of [SETTINGS, BEST_EFFORT]) {
        const patch = statusPatch(decidedWithLog(snapshot({ task: task({ status: running() }), pods: [ended], settings })));
        expect({ phase: patch?.phase, cause: patch?.cause ?? null }).toEqual(end);
      }
    },
  );
  test('of a Pod that is gone altogether is a stop', () => {
    const decision = decided(snapshot({ task: task({ stop: true, status: stopping }), read: read([GONE, { absent: true }]) }));
    expect(statusPatch(decision)).toMatchObject({ phase: 'Completed', cause: 'Stopped' });
  });
  test.each([
    { value: 'True', lines: [] },
    { value: 'false', lines: [] },
    { value: 'true', lines: ['Patch Task/status fix-bug', 'Patch Pod fix-bug-pod'] },
  ])('by the annotation $value', ({ value, lines }) => {
    const status = running({ times: { podCreated: CREATED }, templateRef: { name: 'coder' } });
    const annotated = task({ status, metadata: { annotations: { 'kubeopencode.io/stop': value } } });
    expect(summary(decided(snapshot({ task: annotated, ...lookedAt(pod()) })).actions)).toEqual(lines);
  });
  test.each([
    { name: 'never looked at', status: undefined, message: /before it started/ },
    { name: 'queued', status: { phase: 'Queued' as const }, message: /while queued/ },
  ])('before a Pod was made ($name): none is made', ({ status, message }) => {
    const unstarted = task({ stop: true, ...(status === undefined ? {} : { status }) });
    const decision = decided(snapshot({ task: unstarted, read: read([GONE, { absent: true }]) }));
    expect(summary(decision.actions)).toEqual(['Patch Task/status fix-bug', 'Event Stopped']);
    expect(statusPatch(decision)).toMatchObject({ phase: 'Completed', message: expect.stringMatching(message) });
  });
  test('before a Pod is seen that is there all the same: that one is stopped', () => {
    const owned = pod({ phase: 'Pending', agent: { waiting: { reason: 'ContainerCreating' } } });
    const decision = decided(snapshot({ task: task({ stop: true }), read: read([GONE, { found: owned }]) }));
    expect(summary(decision.actions)).toEqual(['Patch Task/status fix-bug', 'Delete Pod fix-bug-pod']);
  });
  test('with a grace period of its own: only a deletion can say that, so the log is followed through it', () => {
    const decision = decided(
      snapshot({ task: task({ stop: true, status: running(), spec: { stop: { gracePeriodSeconds: 500 } } }), ...lookedAt(pod()) }),
    );
    expect(decision.actions.slice(1)).toMatchObject([
      { type: 'Effect', kind: 'LogTail', followSeconds: 530 },
      { type: 'Delete', gracePeriodSeconds: 500 },
    ]);
  });
  test('with the grace period that the Pod has anyway: by its deadline', () => {
    const decision = decided(
      snapshot({ task: task({ stop: true, status: running(), spec: { stop: { gracePeriodSeconds: 30 } } }), ...lookedAt(pod()) }),
    );
    expect(summary(decision.actions)).toEqual(['Patch Task/status fix-bug', 'Patch Pod fix-bug-pod']);
  });
  test('that retains: the kubelet ends the containers, Pod and logs stay', () => {
    const decision = decided(
      snapshot({ task: task({ stop: true, status: running(), spec: { stop: { mode: 'Retain' } } }), ...lookedAt(pod()) }),
    );
    expect(decision.actions[1]).toMatchObject({
      type: 'Patch',
      patchType: 'strategic',
      patch: { metadata: { annotations: { 'kubeopencode.io/ended-for': 'Stopped' } }, spec: { activeDeadlineSeconds: 1 } },
    });
    expect(decision.wakeAt, 'escalates after grace and unreachableAfter').toBe('2026-01-01T10:10:30.000Z');
  });
  test('that retains deletes a Pod that is only pending', () => {
    const decision = decided(
      snapshot({
        task: task({ stop: true, status: running(), spec: { stop: { mode: 'Retain' } } }),
        ...lookedAt(pod({ phase: 'Pending' })),
      }),
    );
    expect(summary(decision.actions)).toContain('Delete Pod fix-bug-pod');
  });
  test('that retains deletes when the kubelet does not answer', () => {
    const old = running({ conditions: [condition('Stopping', 'True', 'UserStopped', '2026-01-01T09:50:00Z')] });
    const decision = decided(
      snapshot({
        task: task({ stop: true, status: old, spec: { stop: { mode: 'Retain' } } }),
        pods: [pod({ annotations: { 'kubeopencode.io/ended-for': 'Stopped' } })],
      }),
    );
    expect(summary(decision.actions)).toContain('Delete Pod fix-bug-pod');
  });
});

describe('timeout', () => {
  test.each([
    { timeout: '10m', wakeAt: '2026-01-01T10:10:00.000Z' },
    { timeout: '1h30m', wakeAt: '2026-01-01T11:30:00.000Z' },
    { timeout: '1.5h', wakeAt: '2026-01-01T11:30:00.000Z' },
  ])('of $timeout is ahead', ({ timeout, wakeAt }) => {
    const decision = decided(snapshot({ task: task({ spec: { timeout }, status: running() }), pods: [pod()] }));
    expect(decision.wakeAt).toBe(wakeAt);
    expect(summary(decision.actions)).not.toContain('Delete Pod fix-bug-pod');
  });
  test.each(['5m', '0', '-1s'])('of %s has passed: the Pod is asked to end', (timeout) => {
    const before = snapshot({ task: task({ spec: { timeout }, status: running() }), ...lookedAt(pod()) });
    const decision = decided(before);
    expect(decision.actions[1]).toMatchObject({ patch: { metadata: { annotations: { 'kubeopencode.io/ended-for': 'Timeout' } } } });
    expect(statusPatch(decision)?.conditions).toContainEqual(expect.objectContaining({ type: 'Stopping', reason: 'Timeout' }));
    expect(summary(decided({ ...before, settings: BEST_EFFORT }).actions)).toContain('Delete Pod fix-bug-pod');
  });
  test('ends Completed with Stopped=True/Timeout', () => {
    const status = running({ conditions: [condition('Stopping', 'True', 'Timeout', '2026-01-01T10:04:00Z')] });
    const ended = pod({
      phase: 'Failed',
      agent: exited(137, { finishedAt: '2026-01-01T10:04:30Z' }),
      metadata: { deletionTimestamp: '2026-01-01T10:04:30Z', deletionGracePeriodSeconds: 0 },
    });
    const patch = statusPatch(decidedWithLog(snapshot({ task: task({ spec: { timeout: '4m' }, status }), pods: [ended] })));
    expect(patch).toMatchObject({ phase: 'Completed', cause: 'Timeout', message: 'Task timed out after 4m0s' });
    expect(patch?.conditions).toContainEqual(expect.objectContaining({ type: 'Stopped', status: 'True', reason: 'Timeout' }));
  });
  test('is judged before a stop, and after the end of the Pod', () => {
    const both = decided(snapshot({ task: task({ stop: true, spec: { timeout: '1m' }, status: running() }), ...lookedAt(pod()) }));
    expect(statusPatch(both)?.conditions).toContainEqual(expect.objectContaining({ type: 'Stopping', reason: 'Timeout' }));
    const ended = decided(
      snapshot({ task: task({ spec: { timeout: '1m' }, status: running() }), pods: [pod({ phase: 'Succeeded', agent: exited(0) })] }),
    );
    expect(statusPatch(ended)).toMatchObject({ phase: 'Completed' });
    expect(statusPatch(ended)?.cause).toBeUndefined();
  });
  test('of an Agent’s defaults reaches the Pod and counts from there', () => {
    const create = decided(
      snapshot({ task: agentTask(), read: found({ agent: agent({ taskDefaults: { timeout: '3m' } }) }) }),
    ).actions.find((action) => action.type === 'Create' && action.object.kind === 'Pod');
    const annotations = create?.type === 'Create' ? (create.object.metadata.annotations ?? {}) : {};
    expect(annotations['kubeopencode.io/started-with']).toBe('{"agent":"coder","timeout":"3m"}');
    const ran = snapshot({ task: agentTask({ status: running() }), ...lookedAt(pod({ annotations })), settings: BEST_EFFORT });
    expect(summary(decided(ran).actions)).toContain('Delete Pod fix-bug-pod');
  });
  test('that became malformed while the Task runs is a condition; the Task runs on', () => {
    const decision = decided(snapshot({ task: task({ spec: { timeout: 'soon' }, status: running() }), pods: [pod()] }));
    expect(summary(decision.actions)).toEqual(['Patch Task/status fix-bug']);
    expect(statusPatch(decision)?.conditions).toContainEqual(
      expect.objectContaining({ reason: 'InvalidSpec', message: expect.stringContaining('runs on') }),
    );
  });
});

describe('absence is a fact only by a live read', () => {
  test('a Running Task without a Pod in the watch asks first', () => {
    expect(decide(snapshot({ task: task({ status: running() }) }))).toEqual({ type: 'Reads', refs: [{ ...GONE, namespace: NAMESPACE }] });
  });
  test('a Pod that is really gone fails its Task; it is never made again', () => {
    const decision = decided(snapshot({ task: task({ status: running() }), read: read([GONE, { absent: true }]) }));
    expect(statusPatch(decision)).toMatchObject({ phase: 'Failed', cause: 'PodDeleted' });
    expect(summary(decision.actions)).toEqual(['Patch Task/status fix-bug', 'Event Failed']);
  });
  test('a Pod of another owner is not ours', () => {
    const foreign = pod({ metadata: { uid: 'x', ownerReferences: [] } });
    expect(statusPatch(decided(snapshot({ task: task({ status: running() }), read: read([GONE, { found: foreign }]) })))).toMatchObject({
      phase: 'Failed',
      cause: 'PodDeleted',
    });
  });
  describe('that its watch shows running long past its grace', () => {
    const mute = pod({ metadata: { deletionTimestamp: '2026-01-01T09:59:00Z', deletionGracePeriodSeconds: 30 } });
    const status = running();
    test('is looked for before its node counts as lost', () => {
      expect(decide(snapshot({ task: task({ status }), pods: [mute] }))).toEqual({
        type: 'Reads',
        refs: [{ ...GONE, namespace: NAMESPACE }],
      });
    });
    test('has ended as a live read says', () => {
      const ended = pod({
        phase: 'Failed',
        agent: exited(143, { finishedAt: '2026-01-01T09:58:50Z' }),
        metadata: { deletionTimestamp: '2026-01-01T09:58:50Z', deletionGracePeriodSeconds: 0, generation: 2 },
        status: { observedGeneration: 2 },
      });
      const decision = decidedWithLog(snapshot({ task: task({ status }), pods: [mute], read: read([GONE, { found: ended }]) }));
      expect(statusPatch(decision)).toMatchObject({ phase: 'Failed', cause: 'PodDeleted' });
    });
    test('is gone', () => {
      const decision = decidedWithLog(snapshot({ task: task({ status }), pods: [mute], read: read([GONE, { absent: true }]) }));
      expect(statusPatch(decision)).toMatchObject({ phase: 'Failed', cause: 'PodDeleted' });
    });
    test('stays unknown while nobody can be asked', () => {
      const unavailable = read([GONE, { unavailable: { code: 503, message: 'no' } }]);
      expect(decidedWithLog(snapshot({ task: task({ status }), pods: [mute], read: unavailable })).actions).toEqual([]);
    });
  });
  test('a watch that lags fails nobody', () => {
    const status = running({ times: { podCreated: CREATED }, templateRef: { name: 'coder' } });
    const decision = decided(snapshot({ task: task({ status }), read: read([GONE, { found: pod() }]) }));
    expect(decision.actions).toEqual([]);
    expect(decision.wakeAt, 'and is looked past again, should it never show the pod').toBe('2026-01-01T10:05:05.000Z');
  });
  test('an API server that can’t be asked proves nothing', () => {
    const decision = decided(
      snapshot({ task: task({ status: running() }), read: read([GONE, { unavailable: { code: 0, message: 'reset' } }]) }),
    );
    expect(decision).toMatchObject({ actions: [], wakeAt: '2026-01-01T10:05:05.000Z' });
  });
  test('a running Pod of upstream’s controller is adopted: label and finalizer, then as ever', () => {
    const upstreams: Pod = pod({ metadata: { labels: { 'kubeopencode.io/task': 'fix-bug' }, finalizers: [] } });
    const decision = decided(snapshot({ task: task({ status: running() }), read: read([GONE, { found: upstreams }]) }));
    expect(decision.actions).toEqual([
      expect.objectContaining({
        type: 'Patch',
        uid: 'pod-uid',
        patchType: 'strategic',
        patch: { metadata: { labels: { 'kubeopencode.io/task-uid': expect.any(String) }, finalizers: ['kubeopencode.io/pod-end'] } },
      }),
    ]);
  });
  test('a Pod known from a live read from which somebody has taken our label gets it back, because no watch would tell how it ends', () => {
    const hidden: Pod = pod({ metadata: { labels: { 'kubeopencode.io/task': 'fix-bug' } } });
    const decision = decided(snapshot({ task: task({ status: running() }), pods: [hidden] }));
    expect(summary(decision.actions)).toEqual(['Patch Pod fix-bug-pod']);
    expect(decision.wakeAt).toBe('2026-01-01T10:05:05.000Z');
  });
  test.each([
    ['is stopped all the same', { stop: true, status: running() }, 'Stopping'],
    ['ends in its time all the same', { status: running(), spec: { timeout: '1m' } }, 'Timeout'],
  ])('a Pod to which a policy of the cluster gives no label: its Task %s, and it is looked at again', (_, options, why) => {
    const hidden: Pod = pod({ metadata: { labels: { 'kubeopencode.io/task': 'fix-bug' } } });
    const refused = { actionId: 'claim/pod-uid', result: 'refused' as const, code: 403, count: 1, firstAt: CREATED, lastAt: CREATED };
    const decision = decided(snapshot({ task: task(options), ...lookedAt(hidden), outcomes: [refused] }));
    expect(JSON.stringify(decision.actions)).toContain(why);
    expect(Date.parse(decision.wakeAt ?? '')).toBeLessThanOrEqual(Date.parse('2026-01-01T10:05:05.000Z'));
  });
  test('upstream’s Running without a Pod has not started: it starts, and holds its place', () => {
    const status = { phase: 'Running' as const, startTime: CREATED };
    const decision = decided(
      snapshot({
        task: agentTask({ status }),
        read: { ...found({ agent: agent({ maxConcurrentTasks: 1 }) }), ...read([GONE, { absent: true }]) },
      }),
    );
    expect(summary(decision.actions)).toContain('Create Pod fix-bug-pod');
    expect(decision.queue).toMatchObject({ state: 'Holds' });
  });
});

describe('sidecars that know nothing of us', () => {
  const beside = {
    status: {
      containerStatuses: [
        { name: 'agent', state: exited(0) },
        { name: 'istio-proxy', state: { running: {} } },
      ],
    },
  };
  test('are ended when the agent has ended', () => {
    const decision = decided(snapshot({ task: task({ status: running() }), pods: [pod(beside)] }));
    expect(decision.actions.at(-1)).toMatchObject({
      type: 'Patch',
      patch: { metadata: { annotations: { 'kubeopencode.io/ended-for': 'AgentEnded' } }, spec: { activeDeadlineSeconds: 1 } },
    });
  });
  test('also where a stop was meant before the agent had ended: what it came to is its own', () => {
    const meant = running({ conditions: [condition('Stopping', 'True', 'UserStopped', '2026-01-01T10:04:00Z', 'a stop was asked for')] });
    const decision = decided(snapshot({ task: task({ stop: true, status: meant }), pods: [pod(beside)] }));
    expect(decision.actions).toContainEqual(
      expect.objectContaining({
        patch: { metadata: { annotations: { 'kubeopencode.io/ended-for': 'AgentEnded' } }, spec: { activeDeadlineSeconds: 1 } },
      }),
    );
  });
  test('by the deadline first, also where nobody had looked for an hour: deleted at once, the pod would not tell what its agent had come to', () => {
    const late = decided(snapshot({ task: task({ status: running() }), pods: [pod(beside)], now: '2026-01-01T11:05:00.000Z' }));
    expect(late.actions.at(-1)).toMatchObject({ patch: { spec: { activeDeadlineSeconds: 1 } } });
    expect(late.wakeAt).toBe('2026-01-01T11:05:05.000Z');
    const asked = pod({ ...beside, annotations: { 'kubeopencode.io/ended-for': 'AgentEnded' } });
    const later = decided(snapshot({ task: task({ status: running() }), pods: [asked], now: '2026-01-01T11:05:05.000Z' }));
    expect(summary(later.actions)).toContain('Delete Pod fix-bug-pod');
    const gone = pod({
      phase: 'Succeeded',
      annotations: { 'kubeopencode.io/ended-for': 'AgentEnded' },
      agent: exited(0),
      metadata: { deletionTimestamp: '2026-01-01T11:05:05Z', deletionGracePeriodSeconds: 0 },
    });
    expect(statusPatch(decidedWithLog(snapshot({ task: task({ status: running() }), pods: [gone] })))).toMatchObject({
      phase: 'Completed',
    });
  });
  test('once', () => {
    const asked = pod({ ...beside, annotations: { 'kubeopencode.io/ended-for': 'AgentEnded' } });
    const status = running({ times: { podCreated: CREATED }, templateRef: { name: 'coder' } });
    expect(decided(snapshot({ task: task({ status }), pods: [asked] })).actions).toEqual([]);
  });
});

describe('after the end', () => {
  const done = { phase: 'Completed' as const, podName: 'fix-bug-pod', completionTime: '2026-01-01T10:04:00Z' };
  const config = (cleanup: NonNullable<Snapshot['settings']['config']['cleanup']>): Partial<Snapshot> => ({
    settings: { ...SETTINGS, config: { cleanup } },
  });

  test('nothing is left to do, for ever', () => {
    expect(decided(snapshot({ task: task({ status: done }) }))).toMatchObject({ actions: [] });
    expect(decided(snapshot({ task: task({ status: done }) })).wakeAt).toBeUndefined();
  });
  test('a crash before the release of the Pod is healed', () => {
    const attempts = [{ number: 1, podName: 'fix-bug-pod', podUID: 'pod-uid' }];
    const decision = decided(
      snapshot({ task: task({ status: { ...done, attempts } }), pods: [pod({ phase: 'Succeeded', agent: exited(0) })] }),
    );
    expect(decision.actions).toEqual([
      expect.objectContaining({
        type: 'Patch',
        patch: { metadata: { '$deleteFromPrimitiveList/finalizers': ['kubeopencode.io/pod-end'] } },
      }),
    ]);
  });
  describe('a Pod that a paused leader made late', () => {
    const late = { task: task({ status: done }), pods: [pod()] };
    const TASK = { kind: 'Task', name: 'fix-bug', live: true } as const;
    const POD = { kind: 'Pod', name: 'fix-bug-pod', live: true } as const;
    test('is deleted, when live reads say that the Task has still ended, and the Pod has not', () => {
      const refs = [TASK, POD].map((ref) => ({ ...ref, namespace: NAMESPACE }));
      expect(decide(snapshot(late))).toEqual({ type: 'Reads', refs });
      const decision = decided(snapshot({ ...late, read: read([TASK, { found: late.task }], [POD, { found: pod() }]) }));
      expect(summary(decision.actions)).toEqual(['Delete Pod fix-bug-pod', 'Patch Pod fix-bug-pod']);
    });
    test.each([
      { name: 'has ended', answer: { found: pod({ phase: 'Succeeded', agent: exited(0) }) } },
      { name: 'is gone', answer: { absent: true as const } },
      { name: 'is another by now', answer: { found: { ...pod(), metadata: { ...pod().metadata, uid: 'other' } } } },
    ])('is not deleted when the Pod $name, which one watch may show too late', ({ answer }) => {
      const decision = decided(snapshot({ ...late, read: read([TASK, { found: late.task }], [POD, answer]) }));
      expect(summary(decision.actions)).toEqual(['Patch Pod fix-bug-pod']);
    });
    test('is left alone when it can not be read', () => {
      const unavailable = { unavailable: { code: 503, message: 'no' } };
      const decision = decided(snapshot({ ...late, read: read([TASK, { found: late.task }], [POD, unavailable]) }));
      expect(decision).toMatchObject({ actions: [], wakeAt: '2026-01-01T10:05:05.000Z' });
    });
    test.each([
      { name: 'was reopened meanwhile', answer: { found: task({ status: { phase: 'Pending' } }) } },
      { name: 'is gone', answer: { absent: true as const } },
      { name: 'can not be read', answer: { unavailable: { code: 503, message: 'no' } } },
    ])('is left alone when the Task $name: it may be that of the next attempt', ({ answer }) => {
      const decision = decided(snapshot({ ...late, read: read([TASK, answer], [POD, { found: pod() }]) }));
      expect(decision).toMatchObject({ actions: [], wakeAt: '2026-01-01T10:05:05.000Z' });
    });
  });
  describe('a Pod that has ended and that the Task says nothing of', () => {
    const ended = pod({ phase: 'Failed', agent: exited(1), metadata: { name: 'fix-bug-pod-2', uid: 'second' } });
    const settings = { ...SETTINGS, config: { cleanup: { pod: { completed: 'Delete' as const } } } };
    const unsaid = { task: task({ status: done }), pods: [ended], settings };
    const TASK = { kind: 'Task', name: 'fix-bug', live: true } as const;
    test('may be that of an attempt which somebody has asked for since: it is not let go, nor cleaned up', () => {
      expect(decide(snapshot(unsaid))).toEqual({ type: 'Reads', refs: [{ ...TASK, namespace: NAMESPACE }] });
      const reopened = task({ status: { phase: 'Running', podName: 'fix-bug-pod-2' } });
      const decision = decided(snapshot({ ...unsaid, read: read([TASK, { found: reopened }]) }));
      expect(decision).toMatchObject({ actions: [], wakeAt: '2026-01-01T10:05:05.000Z' });
    });
    test('is not cleaned up either where nothing of ours holds it any more', () => {
      const pods = [{ ...ended, metadata: { ...ended.metadata, finalizers: [] } }];
      expect(decide(snapshot({ ...unsaid, pods }))).toMatchObject({ type: 'Reads', refs: [TASK] });
      expect(decided(snapshot({ task: unsaid.task, pods })).actions, 'and is of no interest where it stays').toEqual([]);
    });
    test('goes when the Task has still ended', () => {
      const decision = decidedWithLog(snapshot({ ...unsaid, read: read([TASK, { found: unsaid.task }]) }));
      expect(summary(decision.actions)).toEqual(['Delete Pod fix-bug-pod-2', 'Patch Pod fix-bug-pod-2']);
    });
  });
  test.each([
    { name: 'is ahead', options: config({ ttlSecondsAfterFinished: 120 }), lines: [], wakeAt: '2026-01-01T10:06:00.000Z' },
    { name: 'is over', options: config({ ttlSecondsAfterFinished: 60 }), lines: ['Delete Task fix-bug'], wakeAt: undefined },
    { name: 'of 0 deletes at once', options: config({ ttlSecondsAfterFinished: 0 }), lines: ['Delete Task fix-bug'], wakeAt: undefined },
  ])('a time to live that $name', ({ options, lines, wakeAt }) => {
    const decision = decided(snapshot({ task: task({ status: done }), ...options }));
    expect(summary(decision.actions)).toEqual(lines);
    expect(decision.wakeAt).toBe(wakeAt);
  });
  test('the Task’s own word wins over the cluster’s', () => {
    const decision = decided(
      snapshot({
        task: task({ status: done, spec: { cleanup: { ttlSecondsAfterFinished: 3600 } } }),
        ...config({ ttlSecondsAfterFinished: 0 }),
      }),
    );
    expect(decision).toMatchObject({ actions: [], wakeAt: '2026-01-01T11:04:00.000Z' });
  });
  test('the Agent’s default wins over the cluster’s', () => {
    const options = { task: agentTask({ status: done }), ...config({ ttlSecondsAfterFinished: 0 }) };
    expect(decide(snapshot(options))).toMatchObject({ type: 'Reads' });
    const read = found({ agent: agent({ taskDefaults: { cleanup: { ttlSecondsAfterFinished: 3600 } } }) });
    expect(decided(snapshot({ ...options, read }))).toMatchObject({ actions: [], wakeAt: '2026-01-01T11:04:00.000Z' });
  });
  test.each([
    { rank: 1, kept: 2, lines: [] },
    { rank: 2, kept: 2, lines: ['Delete Task fix-bug'] },
    { rank: 0, kept: 0, lines: ['Delete Task fix-bug'] },
  ])('with $rank younger ones and $kept kept', ({ rank, kept, lines }) => {
    const decision = decided(snapshot({ task: task({ status: done }), finishedRank: rank, ...config({ maxRetainedTasks: kept }) }));
    expect(summary(decision.actions)).toEqual(lines);
  });
  test('a spec that is changed later is seen, and changes no end', () => {
    const changed = task({
      status: { ...done, observedGeneration: 1 },
      metadata: { generation: 2 },
      spec: { description: 'Something else' },
    });
    const seen = decided(snapshot({ task: changed }));
    expect(statusPatch(seen)).toEqual({ observedGeneration: 2 });
    expect(decided(applied(snapshot({ task: changed }), seen)).actions).toEqual([]);
  });
  test('an end never changes, whatever the Pod says later', () => {
    const late = decided(
      snapshot({
        task: task({ status: done, stop: true }),
        pods: [pod({ phase: 'Failed', agent: exited(1), metadata: { finalizers: [] } })],
      }),
    );
    expect(late.actions).toEqual([]);
  });
});

describe('deletion', () => {
  test('a Task that is confirmed gone lets its Pods go', () => {
    expect(summary(decided(snapshot({ task: null, pods: [pod()] })).actions)).toEqual(['Patch Pod fix-bug-pod']);
    expect(decided(snapshot({ task: null, pods: [pod({ metadata: { finalizers: ['example.com/other'] } })] })).actions).toEqual([]);
  });
  test('the session of an Attach Task is aborted, unless its Pod was orphaned or has ended', () => {
    const annotations = { 'kubeopencode.io/started-with': '{"serverUrl":"http://coder.team-a.svc:4096"}' };
    const lines = (made: Pod): readonly string[] => summary(decided(snapshot({ task: null, pods: [made] })).actions);
    expect(lines(pod({ annotations }))).toEqual(['Effect SessionAbort', 'Patch Pod fix-bug-pod']);
    expect(lines(pod({ annotations, metadata: { ownerReferences: [] } }))).toEqual(['Patch Pod fix-bug-pod']);
    expect(lines(pod({ annotations, phase: 'Succeeded', agent: exited(0) }))).toEqual(['Patch Pod fix-bug-pod']);
    const deleting = task({ metadata: { deletionTimestamp: '2026-01-01T10:04:59Z' }, status: running() });
    expect(summary(decided(snapshot({ task: deleting, pods: [pod({ annotations })] })).actions)).toEqual([
      'Effect SessionAbort',
      'Delete Pod fix-bug-pod',
      'Patch Pod fix-bug-pod',
    ]);
  });
  test('a Task under deletion starts nothing and ends what runs', () => {
    const deleting = { metadata: { deletionTimestamp: '2026-01-01T10:04:59Z' } };
    expect(summary(decided(snapshot({ task: task({ ...deleting, status: running() }), pods: [pod()] })).actions)).toEqual([
      'Delete Pod fix-bug-pod',
      'Patch Pod fix-bug-pod',
    ]);
    const noPod = read([GONE, { absent: true }]);
    expect(decided(snapshot({ task: task(deleting), read: noPod })).actions).toEqual([]);
  });
  describe('a Pod that our finalizer holds and no watch shows, because our label was taken from it', () => {
    const deleting = (status: TaskStatus): Task =>
      task({ status, metadata: { deletionTimestamp: '2026-01-01T10:04:59Z', finalizers: ['foregroundDeletion'] } });
    const facing = (answer?: ReadResult): Snapshot =>
      snapshot({ task: deleting(running()), ...(answer === undefined ? {} : { read: read([GONE, answer]) }) });

    test('is looked for, ended and let go, and looked at again while it lives', () => {
      expect(decide(facing())).toEqual({ type: 'Reads', refs: [{ ...GONE, namespace: NAMESPACE }] });
      const decision = decided(facing({ found: pod({ metadata: { labels: {} } }) }));
      expect(summary(decision.actions)).toEqual(['Delete Pod fix-bug-pod', 'Patch Pod fix-bug-pod']);
      expect(decision.wakeAt).toBe('2026-01-01T10:05:05.000Z');
    });
    test('is let go where it has ended', () => {
      const ended = pod({ phase: 'Failed', agent: exited(143), metadata: { labels: {}, deletionTimestamp: '2026-01-01T10:05:29Z' } });
      const decision = decided(facing({ found: ended }));
      expect(summary(decision.actions)).toEqual(['Patch Pod fix-bug-pod']);
      expect(decision).not.toHaveProperty('wakeAt');
    });
    test.each([
      { name: 'there is none', answer: { absent: true } },
      { name: 'it is another’s', answer: { found: pod({ metadata: { ownerReferences: [] } }) } },
      { name: 'nobody can say', answer: { unavailable: { code: 503, message: 'try later' } } },
    ] as const)('is left alone: $name', ({ answer }) => {
      expect(decided(facing(answer)).actions).toEqual([]);
    });
    test.each([
      { name: 'waits its turn', status: { phase: 'Queued' } },
      { name: 'has ended', status: { phase: 'Completed' } },
    ] as const)('is not looked for where the Task $name', ({ status }) => {
      expect(decided(snapshot({ task: deleting(status) })).actions).toEqual([]);
    });
  });
});

describe('pace', () => {
  const refused = (count: number, lastAt: string, code = 500, reason = 'InternalError', retryAfterMs?: number): Snapshot['outcomes'] => [
    {
      actionId: 'status/running/1',
      result: 'refused',
      code,
      reason,
      count,
      firstAt: CREATED,
      lastAt,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  ];
  test.each([
    { name: 'waits a second after the first refusal', outcomes: refused(1, NOW), lines: [], wakeAt: '2026-01-01T10:05:01.000Z' },
    { name: 'doubles', outcomes: refused(4, NOW), lines: [], wakeAt: '2026-01-01T10:05:08.000Z' },
    { name: 'never waits longer than a minute', outcomes: refused(40, NOW), lines: [], wakeAt: '2026-01-01T10:06:00.000Z' },
    {
      name: 'waits as long as the server asks',
      outcomes: refused(1, NOW, 429, 'TooManyRequests', 30_000),
      lines: [],
      wakeAt: '2026-01-01T10:05:30.000Z',
    },
    {
      name: 'goes on when it is due',
      outcomes: refused(1, '2026-01-01T10:04:59.000Z'),
      lines: ['Patch Task/status fix-bug'],
      wakeAt: undefined,
    },
    {
      name: 'takes a conflict for what it is',
      outcomes: refused(1, NOW, 409, 'Conflict'),
      lines: ['Patch Task/status fix-bug'],
      wakeAt: undefined,
    },
    { name: 'but not for ever', outcomes: refused(4, NOW, 409, 'Conflict'), lines: [], wakeAt: '2026-01-01T10:05:08.000Z' },
  ])('$name', ({ outcomes, lines, wakeAt }) => {
    const decision = decided(snapshot({ pods: [pod()], outcomes }));
    expect(summary(decision.actions)).toEqual(lines);
    expect(decision.wakeAt).toBe(wakeAt);
  });
  test('what stands behind a refused action waits with it', () => {
    const outcomes: Snapshot['outcomes'] = [{ actionId: 'status/end/1', result: 'unknown', count: 1, firstAt: NOW, lastAt: NOW }];
    const decision = decided(
      snapshot({ task: task({ status: running() }), pods: [pod({ phase: 'Succeeded', agent: exited(0) })], outcomes }),
    );
    expect(decision.actions).toEqual([]);
  });
  test('a Task whose end is not written yet holds its place', () => {
    const outcomes: Snapshot['outcomes'] = [{ actionId: 'status/end/1', result: 'unknown', count: 1, firstAt: NOW, lastAt: NOW }];
    const held = agentTask({ status: running() });
    const decision = decided(snapshot({ task: held, pods: [pod({ phase: 'Succeeded', agent: exited(0) })], outcomes }));
    expect(decision.queue).toEqual({ state: 'Holds', key: 'team-a/coder' });
  });
});

test('a snapshot of another contract or kind is unusable, not a crash', () => {
  expect(decide({ ...snapshot(), contract: 2 as 1 })).toMatchObject({ type: 'Unusable', contract: 1 });
  expect(decide({ ...snapshot(), kind: 'CronTask' as 'Task' })).toMatchObject({ type: 'Unusable' });
});
