import { describe, expect, test } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import type { Action, Decided, Effect } from '#core/contract/decision.ts';
import type { Outcome, Snapshot } from '#core/contract/snapshot.ts';
import { applied } from '#test/support/applied.ts';
import {
  BEST_EFFORT,
  condition,
  configured,
  exited,
  lookedAt,
  type PodOptions,
  pod,
  read,
  running,
  SETTINGS,
  snapshot,
  TASK_UID,
  task,
} from '#test/support/builders.ts';
import { decided, decidedWithLog, statusPatch, summary } from '#test/support/decide.ts';

const GOING = { deletionTimestamp: '2026-01-01T10:05:20Z', deletionGracePeriodSeconds: 30 };
const GONE = { deletionTimestamp: '2026-01-01T10:04:58Z', deletionGracePeriodSeconds: 0, generation: 2 };
const killed = exited(143, { finishedAt: '2026-01-01T10:04:58Z' });
/** A Pod that was deleted while it ran, at its end. */
const deleted = pod({ phase: 'Failed', agent: killed, metadata: GONE, status: { observedGeneration: 2 } });

const KEPT_INIT: Omit<Outcome, 'actionId'> = {
  result: 'ok',
  answer: '{"bytes":40,"truncated":false}',
  count: 1,
  firstAt: '2026-01-01T10:04:59.000Z',
  lastAt: '2026-01-01T10:04:59.000Z',
};

function tailOf(actions: readonly Action[]): Extract<Effect, { kind: 'LogTail' }> | undefined {
  return actions.find((action) => action.type === 'Effect' && action.kind === 'LogTail') as
    | Extract<Effect, { kind: 'LogTail' }>
    | undefined;
}

function of(made: Pod, more: Partial<Snapshot> = {}): Decided {
  return decided(
    snapshot({
      task: task({ status: running() }),
      pods: [made],
      read: read([{ kind: 'Pod', name: 'fix-bug-pod', live: true }, { found: made }]),
      ...more,
    }),
  );
}

describe('whose log is kept', () => {
  const init = (states: PodOptions['status']): PodOptions => ({
    agent: { waiting: { reason: 'PodInitializing' } },
    ...(states === undefined
      ? {}
      : { status: { containerStatuses: [{ name: 'agent', state: { waiting: { reason: 'PodInitializing' } } }], ...states } }),
  });
  const gitInit = [{ name: 'git-init-0', state: { running: { startedAt: '2026-01-01T10:00:10Z' } } }];
  test.each<{ name: string; pod: Pod; settings?: Snapshot['settings']; container: string | null }>([
    { name: 'an agent that runs in a Pod under deletion: followed to its end', pod: pod({ metadata: GOING }), container: 'agent' },
    { name: 'an agent that has ended in a Pod under deletion', pod: deleted, container: 'agent' },
    { name: 'an agent in a Pod that nobody deletes: its log stays', pod: pod({ phase: 'Failed', agent: exited(1) }), container: null },
    { name: 'an agent that runs', pod: pod(), container: null },
    { name: 'where evidence is BestEffort', pod: deleted, settings: BEST_EFFORT, container: null },
    { name: 'where nothing is to be kept', pod: deleted, settings: configured({ logTailBytes: 0 }), container: null },
    {
      name: 'of an init container that runs',
      pod: pod({ phase: 'Pending', metadata: GOING, ...init({ initContainerStatuses: gitInit }) }),
      container: 'git-init-0',
    },
    {
      name: 'of an init container that failed',
      pod: pod({ phase: 'Failed', metadata: GONE, ...init({ initContainerStatuses: [{ name: 'git-init-0', state: exited(128) }] }) }),
      container: 'git-init-0',
    },
    {
      name: 'not of a native sidecar',
      pod: pod({
        phase: 'Pending',
        metadata: GOING,
        spec: { containers: [{ name: 'agent' }], initContainers: [{ name: 'proxy', restartPolicy: 'Always' }] },
        ...init({ initContainerStatuses: [{ name: 'proxy', state: { running: {} } }] }),
      }),
      container: null,
    },
    {
      name: 'of a Pod in which nothing ran',
      pod: pod({ phase: 'Pending', metadata: GOING, ...init({ initContainerStatuses: [] }) }),
      container: null,
    },
    { name: 'of a Pod without a node', pod: pod({ phase: 'Pending', metadata: GOING, spec: { nodeName: '' } }), container: null },
    {
      name: 'of an agent that never started',
      pod: pod({ phase: 'Failed', metadata: GONE, agent: exited(128, { reason: 'StartError', startedAt: '1970-01-01T00:00:00Z' }) }),
      container: null,
    },
  ])('$name: $container', ({ pod: made, settings, container }) => {
    expect(tailOf(of(made, { settings: settings ?? SETTINGS }).actions)?.container ?? null).toBe(container);
  });
});

describe('how it is asked for', () => {
  test('once a Pod, with all that the host needs', () => {
    const status = running({ podName: 'fix-bug-pod' });
    expect(tailOf(decided(snapshot({ task: task({ status }), pods: [pod({ metadata: GOING })] })).actions)).toEqual({
      type: 'Effect',
      id: 'log/pod-uid',
      kind: 'LogTail',
      pod: { kind: 'Pod', namespace: 'team-a', name: 'fix-bug-pod', uid: 'pod-uid' },
      container: 'agent',
      limitBytes: 65_536,
      followSeconds: 60,
      configMap: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: {
          name: expect.stringMatching(/^fix-bug-log-[0-9a-f]{8}$/),
          namespace: 'team-a',
          labels: { app: 'kubeopencode', 'kubeopencode.io/task': 'fix-bug', 'kubeopencode.io/task-uid': TASK_UID },
          ownerReferences: [expect.objectContaining({ kind: 'Task', uid: TASK_UID, controller: true })],
        },
      },
    });
  });
  test.each([
    {
      name: 'before anything else of a Pod that goes: every moment counts',
      made: pod({ metadata: GOING }),
      stop: false,
      lines: ['Effect LogTail', 'Patch Task/status fix-bug'],
    },
    {
      name: 'also of one that is to be stopped meanwhile',
      made: pod({ metadata: GOING }),
      stop: true,
      lines: ['Effect LogTail', 'Patch Task/status fix-bug'],
    },
  ])('$name', ({ made, stop, lines }) => {
    expect(summary(decided(snapshot({ task: task({ status: running(), stop }), ...lookedAt(made) })).actions)).toEqual(lines);
  });
  test('behind the intent and right before the deletion, where the Pod is deleted at once', () => {
    const made = task({ status: running(), stop: true, spec: { stop: { gracePeriodSeconds: 5 } } });
    expect(summary(decided(snapshot({ task: made, ...lookedAt(pod()) })).actions)).toEqual([
      'Patch Task/status fix-bug',
      'Effect LogTail',
      'Delete Pod fix-bug-pod',
    ]);
  });
  test.each([
    { logTailBytes: 1_000, limitBytes: 1_000 },
    { logTailBytes: 9_999_999, limitBytes: 524_288 },
    { logTailBytes: 'all' as never, limitBytes: 65_536 },
    { logTailBytes: 1.5, limitBytes: 65_536 },
  ])('of $logTailBytes bytes at most: $limitBytes', ({ logTailBytes, limitBytes }) => {
    expect(tailOf(of(deleted, { settings: configured({ logTailBytes }) }).actions)?.limitBytes).toBe(limitBytes);
  });
  test('a leader that follows another asks again: what came of it is known to nobody', () => {
    const before = snapshot({ task: task({ status: running() }), pods: [deleted] });
    const after = applied(before, decided(before));
    expect(summary(decided(after).actions)).toEqual(['Effect LogTail']);
  });
});

describe('while the log of a Pod is read', () => {
  test('its end is not recorded, it is not let go, and the Task holds its place', () => {
    const decision = of(deleted);
    expect(summary(decision.actions)).toEqual(['Effect LogTail']);
    expect(decision.reasons.map(({ rule }) => rule)).toEqual(['task/pod-ended', 'task/log-awaited']);
    expect(decision.wakeAt, 'nobody waits for longer than a minute').toBe('2026-01-01T10:05:58.000Z');
  });
  test.each([
    {
      name: 'a stop keeps the end what it is, but nothing follows it',
      options: { stop: true, spec: { retry: { limit: 3 } } },
      end: { phase: 'Failed', cause: 'PodDeleted' },
    },
    {
      name: 'a timeout that passes meanwhile changes nothing',
      options: { spec: { timeout: '1m' } },
      end: { phase: 'Failed', cause: 'PodDeleted' },
    },
    {
      name: 'a retry is decided when it is there',
      options: { spec: { retry: { limit: 3 } } },
      end: { phase: 'Pending', cause: 'PodDeleted' },
    },
  ])('$name', ({ options, end }) => {
    const last = decidedWithLog(snapshot({ task: task({ status: running(), ...options }), pods: [deleted] }));
    expect(statusPatch(last)).toMatchObject(end);
  });
  test('a Task that is deleted lets its Pod go at once', () => {
    const made = task({ status: running(), metadata: { deletionTimestamp: '2026-01-01T10:04:59Z' } });
    expect(summary(decided(snapshot({ task: made, pods: [deleted] })).actions)).toEqual(['Patch Pod fix-bug-pod']);
    expect(summary(decided(snapshot({ task: null, pods: [deleted] })).actions)).toEqual(['Patch Pod fix-bug-pod']);
  });
});

describe('what came of it stands beside the attempt, and the Pod goes whatever that is', () => {
  const NAME = expect.stringMatching(/^fix-bug-log-[0-9a-f]{8}$/);
  test.each<{ name: string; answer: Partial<Outcome>; log: object }>([
    { name: 'kept', answer: { answer: '{"bytes":2048,"truncated":true}' }, log: { configMapName: NAME, bytes: 2_048, truncated: true } },
    { name: 'empty', answer: { answer: '{"bytes":0,"truncated":false}' }, log: { bytes: 0, truncated: false } },
    {
      name: 'a namespace that terminates takes no ConfigMap',
      answer: {
        result: 'refused',
        code: 403,
        reason: 'Forbidden',
        message: 'unable to create new content in namespace team-a because it is being terminated',
      },
      log: { missing: 'unable to create new content in namespace team-a because it is being terminated' },
    },
    {
      name: 'a ConfigMap that is refused',
      answer: { result: 'refused', code: 422, reason: 'Invalid', message: 'data: Too long' },
      log: { missing: 'data: Too long' },
    },
    {
      name: 'a ConfigMap of somebody else',
      answer: { result: 'refused', code: 409, reason: 'AlreadyExists', message: 'it belongs to somebody else' },
      log: { missing: 'it belongs to somebody else' },
    },
    { name: 'a log that is gone', answer: { result: 'refused', code: 404, reason: 'NotFound' }, log: { missing: 'NotFound' } },
    { name: 'no answer', answer: { result: 'unknown' }, log: { missing: 'the end of the log could not be read' } },
    { name: 'an answer that says nothing', answer: { answer: 'null' }, log: { missing: 'the end of the log could not be read' } },
    { name: 'an answer that is nonsense', answer: { answer: '{"bytes":-1}' }, log: { missing: 'the end of the log could not be read' } },
    {
      name: 'a refusal of any length',
      answer: { result: 'refused', code: 500, message: 'x'.repeat(9_000) },
      log: { missing: expect.stringMatching(/^x{1023}…$/) },
    },
  ])('$name', ({ answer, log }) => {
    const last = decidedWithLog(snapshot({ task: task({ status: running() }), pods: [deleted] }), answer);
    expect(statusPatch(last)).toMatchObject({ phase: 'Failed', cause: 'PodDeleted' });
    expect(statusPatch(last)?.attempts).toEqual([expect.objectContaining({ number: 1, log })]);
    expect(summary(last.actions)).toEqual(['Patch Task/status fix-bug', 'Event Failed', 'Patch Pod fix-bug-pod']);
  });
  test('what was followed while it ran is there when it has ended', () => {
    const followed: Outcome = {
      actionId: 'log/pod-uid',
      result: 'ok',
      answer: '{"bytes":7,"truncated":false}',
      count: 1,
      firstAt: '2026-01-01T10:04:59.000Z',
      lastAt: '2026-01-01T10:04:59.000Z',
    };
    const last = of(deleted, { outcomes: [followed] });
    expect(statusPatch(last)).toMatchObject({ phase: 'Failed', attempts: [{ log: { configMapName: NAME, bytes: 7 } }] });
  });
  test('an agent that started after its Pod was deleted has a log of its own beside that of the init container', () => {
    const waits = [{ name: 'agent', state: { waiting: { reason: 'PodInitializing' } } }];
    const init = [{ name: 'git-init-0', state: { running: { startedAt: '2026-01-01T10:00:10Z' } } }];
    const before = pod({ phase: 'Pending', metadata: GOING, status: { initContainerStatuses: init, containerStatuses: waits } });
    const first = tailOf(of(before).actions);
    expect(first).toMatchObject({ container: 'git-init-0' });
    const followed: Outcome = { ...KEPT_INIT, actionId: first?.id ?? '' };
    const second = tailOf(of(deleted, { outcomes: [followed] }).actions);
    expect(second).toMatchObject({ container: 'agent', configMap: first?.configMap });
    expect(tailOf(of(before, { outcomes: [followed] }).actions), 'what was followed is not followed again').toBeUndefined();
    const last = of(deleted, {
      outcomes: [followed, { ...KEPT_INIT, actionId: second?.id ?? '', answer: '{"bytes":7,"truncated":false}' }],
    });
    expect(statusPatch(last)).toMatchObject({ attempts: [{ log: { configMapName: NAME, bytes: 7 } }] });
  });
  test.each([
    {
      name: 'a Pod that was deleted long before anybody looked',
      now: '2026-01-01T10:05:58.000Z',
      made: deleted,
      missing: /its log was gone before it could be read/,
    },
    {
      name: 'a Pod whose node is lost',
      now: '2026-01-01T10:10:20.000Z',
      made: pod({ metadata: GOING }),
      missing: /its node gave no log in time/,
    },
  ])('$name has none, and is not waited for', ({ now, made, missing }) => {
    const decision = of(made, { now });
    expect(statusPatch(decision)).toMatchObject({ attempts: [{ log: { missing: expect.stringMatching(missing) } }] });
    expect(summary(decision.actions)).toContain('Patch Pod fix-bug-pod');
  });
  test('a later attempt keeps its log under a name of its own', () => {
    const status = running({ podName: 'fix-bug-pod-2', attempts: [{ number: 1 }], attemptCount: 2 });
    const second = pod({ metadata: { ...GOING, name: 'fix-bug-pod-2', uid: 'u2' } });
    expect(tailOf(decided(snapshot({ task: task({ status }), pods: [second] })).actions)?.configMap.metadata.name).toMatch(
      /^fix-bug-log-2-[0-9a-f]{8}$/,
    );
  });
});

describe('a stop that is announced', () => {
  const annotations = { 'kubeopencode.io/started-with': '{"stop":{},"stopFile":true}' };
  const stop = (now: string, made: Pod, since?: string): readonly Action[] => {
    const status =
      since === undefined
        ? running()
        : running({
            conditions: [condition('Stopping', 'True', 'UserStopped', since, 'a stop was asked for: the pod is asked to end')],
            templateRef: { name: 'coder' },
            times: { podCreated: '2026-01-01T10:00:00Z' },
          });
    return decided(snapshot({ now, task: task({ status, stop: true }), ...lookedAt(made) })).actions;
  };
  test('says why first, ends the containers two seconds later, and once each', () => {
    const first = stop('2026-01-01T10:05:00.000Z', pod({ annotations }));
    expect(first[1]).toMatchObject({ patch: { metadata: { annotations: { 'kubeopencode.io/stop-reason': 'Stopped' } } } });
    const told = pod({ annotations: { ...annotations, 'kubeopencode.io/stop-reason': 'Stopped' } });
    expect(stop('2026-01-01T10:05:01.000Z', told, '2026-01-01T10:05:00Z')).toEqual([]);
    const ended = stop('2026-01-01T10:05:02.000Z', told, '2026-01-01T10:05:00Z');
    expect(ended).toMatchObject([
      { patch: { metadata: { annotations: { 'kubeopencode.io/ended-for': 'Stopped' } }, spec: { activeDeadlineSeconds: 1 } } },
    ]);
  });
});
