import { describe, expect, test } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import type { Snapshot } from '#core/contract/snapshot.ts';
import { applied } from '#test/support/applied.ts';
import { between, FIRST_ATTEMPT, laterPod } from '#test/support/attempts.ts';
import {
  agent,
  agentTask,
  CREATED,
  condition,
  exited,
  found,
  type PodOptions,
  pod,
  read,
  running,
  snapshot,
  task,
} from '#test/support/builders.ts';
import { decide, decided, statusPatch, summary } from '#test/support/decide.ts';

const FIRST = { kind: 'Pod', name: 'fix-bug-pod', live: true } as const;
const failed = pod({ phase: 'Failed', agent: exited(1) });

/** By a live read there is no Pod of the next attempt. */
const NO_SECOND = read([{ kind: 'Pod', name: 'fix-bug-pod-2', live: true }, { absent: true }]);

describe('between two attempts', () => {
  const ended = pod({ phase: 'Failed', agent: exited(1), metadata: { finalizers: [] } });
  const EARLY = '2026-01-01T10:04:45.000Z';
  test('nothing is done until the next is due', () => {
    expect(decided(snapshot({ task: task({ status: between() }), now: EARLY, pods: [ended] }))).toMatchObject({
      actions: [],
      wakeAt: '2026-01-01T10:04:50.000Z',
    });
  });
  test.each([
    { name: 'retry is taken out of the spec: what was announced is done', spec: {} },
    { name: 'retry is changed', spec: { retry: { limit: 0 } } },
  ])('$name', ({ spec }) => {
    expect(summary(decided(snapshot({ task: task({ status: between(), spec }), pods: [ended], read: found() })).actions)).toContain(
      'Create Pod fix-bug-pod-2',
    );
  });
  test('a stop is final, says when it came, and deletes no Pod that had failed before', () => {
    const stop = snapshot({ task: task({ status: between(), stop: true }), now: EARLY, pods: [ended], read: NO_SECOND });
    const decision = decided(stop);
    expect(summary(decision.actions)).toEqual(['Patch Task/status fix-bug', 'Event Stopped']);
    expect(statusPatch(decision)).toMatchObject({
      phase: 'Completed',
      cause: 'Stopped',
      message: expect.stringContaining('after attempt 1'),
      nextAttemptTime: null,
    });
    expect(decided(applied(stop, decision)).actions).toEqual([]);
  });
  describe('a stop, when a Pod that nobody has recorded came after its attempt was over', () => {
    const stray = (more: object = {}, options: PodOptions = {}): Pod => pod({ ...options, metadata: { uid: 'stray', ...more } });
    const going = { deletionTimestamp: '2026-01-01T10:04:50Z', deletionGracePeriodSeconds: 10, finalizers: [] };
    const stopped = (made: Pod, now = EARLY): ReturnType<typeof decided> =>
      decided(snapshot({ task: task({ status: between(), stop: true }), now, pods: [made], read: NO_SECOND }));

    test('ends that Pod first', () => {
      const decision = stopped(stray());
      expect(summary(decision.actions)).toEqual(['Patch Task/status fix-bug', 'Delete Pod fix-bug-pod', 'Patch Pod fix-bug-pod']);
      expect(statusPatch(decision)).toMatchObject({ message: expect.stringContaining('fix-bug-pod of an earlier attempt') });
    });
    test('ends it whatever number a hand has written on it: its name is that of an attempt that is over', () => {
      const decision = stopped(stray({}, { annotations: { 'kubeopencode.io/attempt': '7' } }));
      expect(summary(decision.actions)).toContain('Delete Pod fix-bug-pod');
    });
    test('taken back while it waits, leaves a Task that says again what it waits for', () => {
      const status = between({ message: 'attempt 1 failed' });
      const stop = snapshot({ task: task({ status, stop: true }), now: EARLY, pods: [stray(going)], read: NO_SECOND });
      const waits = applied(stop, decided(stop)).task?.status;
      expect(waits?.message).toContain('the task ends when it has ended');
      const resumed = { ...stop, task: task({ ...(waits === undefined ? {} : { status: waits }) }) };
      const again = decided(resumed);
      expect(again.wakeAt).toBe('2026-01-01T10:04:50.000Z');
      expect(applied(resumed, again).task?.status).toEqual({ ...status, observedGeneration: 1 });
      expect(decided(applied(resumed, again)).actions).toEqual([]);
    });
    test('waits while that goes on, and until its node should have done it long ago', () => {
      const decision = stopped(stray(going));
      expect(statusPatch(decision)).toEqual(expect.not.objectContaining({ phase: 'Completed' }));
      const lostAt = decision.wakeAt ?? '';
      expect(Date.parse(lostAt)).toBeGreaterThan(Date.parse(going.deletionTimestamp));
      expect(statusPatch(stopped(stray(going), lostAt))).toMatchObject({ phase: 'Completed', cause: 'Stopped' });
    });
    test.each([
      { name: 'has ended', made: pod({ phase: 'Failed', agent: exited(1), metadata: { uid: 'stray', ...going } }) },
      { name: 'never had a node', made: pod({ phase: 'Pending', spec: { nodeName: '' }, metadata: { uid: 'stray', ...going } }) },
      { name: 'is the one that was recorded, and its node is lost', made: pod({ metadata: going }) },
    ])('does not wait where it $name', ({ made }) => {
      expect(statusPatch(stopped(made))).toMatchObject({ phase: 'Completed', cause: 'Stopped' });
    });
  });
  test('a stop by a host whose clock is behind ends no Task before it started', () => {
    const startTime = '2026-01-01T12:00:00Z';
    const status = { ...between(), startTime };
    const decision = decided(snapshot({ task: task({ status, stop: true }), now: EARLY, pods: [ended], read: NO_SECOND }));
    expect(statusPatch(decision)?.completionTime).toBe(startTime);
  });
  test('a suspended Task queues, and waits on when it is resumed', () => {
    const suspended = snapshot({ task: task({ status: between(), spec: { suspend: true } }), now: EARLY, pods: [ended] });
    const held = applied(suspended, decided(suspended));
    expect(held.task?.status).toMatchObject({ phase: 'Queued', attempts: [FIRST_ATTEMPT] });
    const { task: waiting } = held;
    const resumed = { ...held, task: waiting === null ? null : { ...waiting, spec: { ...waiting.spec, suspend: false } } };
    const again = decided(resumed);
    expect(statusPatch(again)).toMatchObject({ phase: 'Pending', cause: 'Application', message: 'attempt 1 failed' });
    expect(again.wakeAt).toBe('2026-01-01T10:04:50.000Z');
    expect(decided(applied(resumed, again)).actions).toEqual([]);
  });
  test('a Task that is deleted starts nothing and lets its Pods go', () => {
    const made = task({ status: between(), metadata: { deletionTimestamp: '2026-01-01T10:04:59Z', finalizers: ['foregroundDeletion'] } });
    expect(summary(decided(snapshot({ task: made, pods: [failed], read: NO_SECOND })).actions)).toEqual([
      'Delete Pod fix-bug-pod',
      'Patch Pod fix-bug-pod',
    ]);
  });
  test('an Agent that has gone is waited for, then final; the attempts stay', () => {
    const CODER = { kind: 'Agent', name: 'coder' } as const;
    const gone = snapshot({
      task: agentTask({ status: between() }),
      pods: [ended],
      read: { ...NO_SECOND, ...read([CODER, { absent: true }], [{ ...CODER, live: true }, { absent: true }]) },
    });
    const waits = applied(gone, decided(gone));
    expect(waits.task?.status).toMatchObject({ phase: 'Pending', cause: 'Agent' });
    const over = applied(waits, decided({ ...waits, now: '2026-01-01T10:06:00.000Z' }));
    expect(over.task?.status).toMatchObject({ phase: 'Failed', cause: 'Agent', attempts: [FIRST_ATTEMPT] });
    expect(over.task?.status).not.toHaveProperty('nextAttemptTime');
  });
  test('an Agent that has gone is final once a Pod that came too late has ended: how long it was waited for is not forgotten meanwhile', () => {
    const CODER = { kind: 'Agent', name: 'coder' } as const;
    const going = { uid: 'stray', deletionTimestamp: '2026-01-01T10:06:30Z', deletionGracePeriodSeconds: 60 };
    const gone = snapshot({
      task: agentTask({ status: between() }),
      pods: [pod({ metadata: going })],
      read: { ...NO_SECOND, ...read([CODER, { absent: true }], [{ ...CODER, live: true }, { absent: true }]) },
    });
    const waits = applied(gone, decided(gone));
    const later = { ...waits, now: '2026-01-01T10:06:00.000Z' };
    const awaits = applied(later, decided(later));
    expect(awaits.task?.status).toMatchObject({
      phase: 'Pending',
      message: expect.stringContaining('pod fix-bug-pod of an earlier attempt'),
    });
    expect(summary(decided(awaits).actions)).toEqual(['Patch Pod fix-bug-pod']);
    const over = { ...awaits, now: '2026-01-01T10:06:31.000Z', pods: [] };
    expect(applied(over, decided(over)).task?.status).toMatchObject({ phase: 'Failed', cause: 'Agent', attempts: [FIRST_ATTEMPT] });
  });
  test('a spec that could not be used, and is mended, leaves a Task that says again what it waits for', () => {
    const status = between({ message: 'attempt 1 failed' });
    const broken = snapshot({ task: task({ status, spec: { timeout: 'soon' } }), now: EARLY, pods: [ended] });
    const waits = applied(broken, decided(broken)).task?.status;
    expect(waits).toMatchObject({ cause: 'Configuration' });
    const mended = { ...broken, task: task({ ...(waits === undefined ? {} : { status: waits }) }) };
    expect(applied(mended, decided(mended)).task?.status).toMatchObject({ cause: 'Application', message: 'attempt 1 failed' });
  });
  test('a Task that is pointed at another Agent, or at a template, starts there and leaves nothing of the first behind', () => {
    const moved = agentTask({ status: between({ agentRef: { name: 'first' } }) });
    const started = snapshot({ task: task({ status: between({ agentRef: { name: 'first' } }) }), pods: [ended, laterPod(2)] });
    expect(applied(started, decided(started)).task?.status).toMatchObject({ templateRef: { name: 'coder' } });
    expect(applied(started, decided(started)).task?.status).not.toHaveProperty('agentRef');
    const made = decided(snapshot({ task: moved, pods: [ended], read: found({ agent: agent() }) }));
    expect(made.queue).toEqual({ state: 'Holds', key: 'team-a/coder' });
  });
});

describe('the next attempt starts only after the one before is proven ended', () => {
  const due = task({ status: between() });
  const next = (more: Partial<Snapshot>): ReturnType<typeof decide> =>
    decide(snapshot({ task: due, ...more, read: { ...found(), ...more.read } }));
  const lines = (more: Partial<Snapshot>): readonly string[] => {
    const decision = next(more);
    return decision.type === 'Decided' ? summary(decision.actions) : [decision.type];
  };
  const terminating = { deletionTimestamp: '2026-01-01T10:05:20Z', deletionGracePeriodSeconds: 30, finalizers: [] };
  test.each([
    {
      name: 'its Pod is in a final phase',
      more: { pods: [pod({ phase: 'Failed', agent: exited(1), metadata: { finalizers: [] } })] },
      starts: true,
    },
    { name: 'it is gone by a live read', more: { read: read([FIRST, { absent: true }]) }, starts: true },
    {
      name: 'another Pod has its name',
      more: { read: read([FIRST, { found: pod({ metadata: { uid: 'other', ownerReferences: [] } }) }]) },
      starts: true,
    },
    {
      name: 'it never had a node, and is being deleted',
      more: { pods: [pod({ phase: 'Pending', spec: { nodeName: '' }, metadata: { ...terminating, finalizers: ['example.com/other'] } })] },
      starts: true,
    },
    { name: 'its node is lost', more: { pods: [pod({ metadata: terminating })] }, starts: false },
    { name: 'it runs where no watch shows it', more: { read: read([FIRST, { found: pod({ metadata: { labels: {} } }) }]) }, starts: false },
  ])('$name: starts $starts', ({ more, starts }) => {
    expect(lines(more).includes('Create Pod fix-bug-pod-2')).toBe(starts);
  });
  test('nothing is known before it is asked for live', () => {
    expect(next({})).toEqual({ type: 'Reads', refs: [{ ...FIRST, namespace: 'team-a' }] });
  });
  test('an API server that can not be asked proves nothing', () => {
    expect(next({ read: read([FIRST, { unavailable: { code: 503, message: 'no' } }]) })).toMatchObject({
      actions: [],
      wakeAt: '2026-01-01T10:05:05.000Z',
    });
  });
  test('the wait is visible, and no clock polls for what the watch will tell', () => {
    const decision = next({ pods: [pod({ metadata: terminating })] });
    if (decision.type !== 'Decided') throw new Error(decision.type);
    expect(statusPatch(decision)).toMatchObject({
      cause: 'NodeLost',
      message: expect.stringContaining('pod fix-bug-pod of an earlier attempt'),
    });
    expect(statusPatch(decision)?.conditions).toContainEqual(
      expect.objectContaining({ type: 'Ready', status: 'False', reason: 'EarlierPodLives' }),
    );
    expect(decision.wakeAt).toBeUndefined();
    expect(decision.queue).toBeUndefined();
  });
  test('a finalizer that a crash left on a lost Pod is taken off while it is waited for: a forced deletion goes through', () => {
    expect(lines({ pods: [pod({ metadata: { ...terminating, finalizers: ['kubeopencode.io/pod-end'] } })] })).toContain(
      'Patch Pod fix-bug-pod',
    );
  });
  describe('a Pod of the first attempt that a paused leader made late', () => {
    const late = pod({ metadata: { uid: 'late' } });
    test('is deleted before the second starts', () => {
      expect(lines({ pods: [late] })).toEqual(['Patch Task/status fix-bug', 'Delete Pod fix-bug-pod', 'Patch Pod fix-bug-pod']);
    });
    test('is deleted beside the second', () => {
      const status = running({
        podName: 'fix-bug-pod-2',
        attempts: [FIRST_ATTEMPT],
        attemptCount: 2,
        templateRef: { name: 'coder' },
        times: { podCreated: '2026-01-01T10:04:20Z' },
      });
      const decision = decided(snapshot({ task: task({ status }), pods: [late, laterPod(2)] }));
      expect(summary(decision.actions)).toEqual(['Delete Pod fix-bug-pod', 'Patch Pod fix-bug-pod']);
    });
  });
  test('a Pod of a later attempt than the Task tells of is nobody’s mistake: the Task’s watch is behind', () => {
    const decision = decide(
      snapshot({ task: task({ status: between({ attempts: [FIRST_ATTEMPT] }) }), pods: [laterPod(3)], read: found() }),
    );
    expect(decision.type === 'Decided' ? summary(decision.actions) : []).toEqual(['Patch Task/status fix-bug']);
  });
});

describe('the second attempt', () => {
  const second = running({ podName: 'fix-bug-pod-2', attempts: [FIRST_ATTEMPT], attemptCount: 2, retries: { limit: 1 } });
  test('has names of its own', () => {
    const decision = decided(snapshot({ task: task({ status: between() }), read: { ...found(), ...read([FIRST, { absent: true }]) } }));
    expect(summary(decision.actions)).toEqual(['Create ConfigMap fix-bug-context-2', 'Create Pod fix-bug-pod-2', 'Event PodCreated']);
    expect(decision.actions.map(({ id }) => id)).toEqual(['configmap/2/fix-bug-context-2', 'pod/2', 'event/2/PodCreated']);
  });
  test('says Running in one write, and what it waited for is over', () => {
    const before = snapshot({ task: task({ status: between() }), pods: [laterPod(2)] });
    const after = applied(before, decided(before));
    expect(after.task?.status).toMatchObject({
      phase: 'Running',
      podName: 'fix-bug-pod-2',
      attemptCount: 2,
      startTime: CREATED,
      times: { podCreated: '2026-01-01T10:04:20Z' },
      conditions: [{ type: 'Retrying', status: 'False', reason: 'Started' }],
    });
    for (const field of ['nextAttemptTime', 'cause', 'message']) expect(after.task?.status).not.toHaveProperty(field);
  });
  test('that ended before it said Running is recorded all the same', () => {
    const ended = laterPod(2, { phase: 'Succeeded', agent: exited(0) });
    const before = snapshot({ task: task({ status: between() }), pods: [ended] });
    const after = applied(before, decided(before));
    expect(after.task?.status).toMatchObject({
      phase: 'Completed',
      podName: 'fix-bug-pod-2',
      attemptCount: 2,
      attempts: [FIRST_ATTEMPT, { number: 2, exitCode: 0 }],
    });
    expect(after.task?.status).not.toHaveProperty('nextAttemptTime');
    expect(after.task?.status).not.toHaveProperty('cause');
  });
  test('that a lost leader made is found by its name, and not made again', () => {
    const taken = {
      actionId: 'pod/2',
      result: 'refused' as const,
      code: 409,
      reason: 'AlreadyExists',
      count: 1,
      firstAt: CREATED,
      lastAt: CREATED,
    };
    const SECOND = { kind: 'Pod', name: 'fix-bug-pod-2', live: true } as const;
    const decision = decided(
      snapshot({ task: task({ status: between() }), outcomes: [taken], read: { ...found(), ...read([SECOND, { found: laterPod(2) }]) } }),
    );
    expect(statusPatch(decision)).toMatchObject({ phase: 'Running', podName: 'fix-bug-pod-2' });
  });
  test('times out from the creation of its own Pod', () => {
    const decision = decided(snapshot({ task: task({ status: second, spec: { timeout: '10m' } }), pods: [laterPod(2)] }));
    expect(decision.wakeAt).toBe('2026-01-01T10:14:20.000Z');
  });
  test('is final when the budget is spent, and tells of both', () => {
    const decision = decided(
      snapshot({
        task: task({ status: second, spec: { retry: { limit: 1 } } }),
        pods: [laterPod(2, { phase: 'Failed', agent: exited(7) })],
      }),
    );
    expect(statusPatch(decision)).toMatchObject({
      phase: 'Failed',
      cause: 'Application',
      attempts: [FIRST_ATTEMPT, { number: 2, exitCode: 7 }],
    });
  });
  test('of a Task whose stored attempts are bent in one entry: the others count', () => {
    const attempts = [{ number: 'one' }, { number: -3, podName: 7 }, FIRST_ATTEMPT] as never;
    const decision = decided(
      snapshot({ task: task({ status: between({ attempts }) }), read: { ...found(), ...read([FIRST, { absent: true }]) } }),
    );
    expect(summary(decision.actions)).toContain('Create Pod fix-bug-pod-2');
  });
});

describe('a quota counts each attempt', () => {
  const quota = { maxTaskStarts: 2, windowSeconds: 3_600 };
  const start = (time: string) => ({ taskName: 'fix-bug', taskNamespace: 'team-a', startTime: time });
  const lines = (starts: readonly string[]): readonly string[] => {
    const made = agent({ quota }, { taskStartHistory: starts.map(start) });
    const reads = { ...found({ agent: made }), ...read([FIRST, { absent: true }]) };
    return summary(decided(snapshot({ task: agentTask({ status: between() }), granted: true, read: reads })).actions);
  };
  test('the first attempt’s start is not this one’s', () => {
    expect(lines(['2026-01-01T10:00:00Z'])).toContain('RecordStart coder');
  });
  test('a start that a crash left recorded is not recorded twice', () => {
    expect(lines(['2026-01-01T10:00:00Z', '2026-01-01T10:04:50Z'])).not.toContain('RecordStart coder');
    expect(lines(['2026-01-01T10:00:00Z', '2026-01-01T10:04:50Z'])).toContain('Create Pod fix-bug-pod-2');
  });
  test('a full window holds the retry back', () => {
    expect(lines(['2026-01-01T10:00:00Z', '2026-01-01T10:01:00Z'])).toEqual(['Patch Task/status fix-bug', 'Event QuotaExceeded']);
  });
});

test('a second attempt needs at most 8 passes, whatever is missing, lagging and taken', () => {
  const status = between({
    conditions: [
      condition('Retrying', 'True', 'Application'),
      condition('Ready', 'False', 'AgentError', CREATED, 'agent "coder" not found in namespace "team-a"'),
    ],
  });
  const taken = (actionId: string) => ({
    actionId,
    result: 'refused' as const,
    code: 409,
    reason: 'AlreadyExists',
    count: 1,
    firstAt: CREATED,
    lastAt: CREATED,
  });
  const contexts = [{ type: 'ConfigMap', configMap: { name: 'notes' } }] as never;
  const before = snapshot({
    task: agentTask({ status, spec: { contexts } }),
    granted: true,
    outcomes: [taken('configmap/2/fix-bug-context-2'), taken('pod/2')],
  });
  let reads: Snapshot['read'] = {};
  let passes = 0;
  for (let decision = decide(before); decision.type === 'Reads'; decision = decide({ ...before, read: reads })) {
    passes += 1;
    for (const ref of decision.refs) {
      const isLagging = ref.live !== true && ref.kind !== 'ConfigMap';
      const objects: Record<string, object> = { Agent: agent(), ConfigMap: { metadata: { name: ref.name, uid: 'cm' }, data: { a: 'b' } } };
      const object = objects[ref.kind];
      reads = { ...reads, ...read([ref, object === undefined || isLagging ? { absent: true } : { found: object as never }]) };
    }
  }
  expect(passes).toBeGreaterThan(3);
  expect(passes).toBeLessThanOrEqual(8);
});
