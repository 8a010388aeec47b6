import { describe, expect, test } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import type { Outcome, Snapshot } from '#core/contract/snapshot.ts';
import { applied } from '#test/support/applied.ts';
import { agent, agentTask, condition, exited, found, NOW, pod, running, SETTINGS, snapshot } from '#test/support/builders.ts';
import { decide, decided, statusPatch, summary } from '#test/support/decide.ts';

const URL_OF_AGENT = 'http://coder.team-a.svc:4096';
const ATTACHED = { 'kubeopencode.io/started-with': JSON.stringify({ agent: 'coder', serverUrl: URL_OF_AGENT }) };
const TITLE = 'kubeopencode/team-a/fix-bug/7c9e6679';
const ENDED_AT = '2026-01-01T10:05:00Z';
const AWAY: Partial<Outcome> = { result: 'unknown', message: 'connection refused' };
const TOLD: Partial<Outcome> = { result: 'ok', answer: '{"id":"ses_1","title":"t","summary":{"messageCount":3}}' };

const outcome = (actionId: string, more: Partial<Outcome>): Outcome => ({
  actionId,
  result: 'ok',
  count: 1,
  firstAt: NOW,
  lastAt: NOW,
  ...more,
});

/** An Attach Task so many seconds after its end, with what its Agent's server said. */
function secondsAfter(seconds: number, outcomes: readonly Outcome[] = [], pods: readonly Pod[] = [released()]): Snapshot {
  return snapshot({
    now: new Date(Date.parse(ENDED_AT) + seconds * 1_000).toISOString(),
    task: agentTask({
      status: running({ phase: 'Completed', completionTime: ENDED_AT, agentRef: { name: 'coder' }, session: { title: TITLE } }),
    }),
    pods,
    outcomes,
    read: found({ agent: agent({ execution: 'Attach' }) }),
  });
}

function released(): Pod {
  return pod({ phase: 'Succeeded', agent: exited(0), annotations: ATTACHED, metadata: { finalizers: [] } });
}

const asked = (given: Snapshot): readonly string[] => decided(given).actions.map(({ id }) => id);

describe('the summary of an Attach Task’s session', () => {
  test('is asked for right behind the record of the end, which does not wait for it', () => {
    const ended = pod({ phase: 'Succeeded', agent: exited(0), annotations: ATTACHED });
    const end = decided(snapshot({ task: agentTask({ status: running() }), pods: [ended] }));
    expect(summary(end.actions).slice(0, 3)).toEqual(['Patch Task/status fix-bug', 'Event Completed', 'Effect SessionSummary']);
    expect(statusPatch(end)).toMatchObject({ phase: 'Completed', session: { title: TITLE } });
  });

  test('is asked for also of a Task that is stopped between two attempts, the first of which had ended before it was seen to run, and whose Pod is gone', () => {
    const ended = pod({ phase: 'Failed', agent: exited(1), annotations: ATTACHED });
    const status = { phase: 'Queued', agentRef: { name: 'coder' } } as const;
    const read = found({ agent: agent({ execution: 'Attach' }) });
    const first = snapshot({ task: agentTask({ spec: { retry: { limit: 1 } }, status }), pods: [ended], read });
    expect(statusPatch(decided(first))).toMatchObject({ phase: 'Pending', session: { title: TITLE } });
    const waiting = applied(first, decided(first)).task;
    const stopped = { ...waiting?.status, phase: 'Completed' as const, completionTime: NOW };
    expect(asked(snapshot({ task: agentTask({ spec: { retry: { limit: 1 } }, status: stopped }), read }))).toEqual(['session/1']);
  });

  test('is written when it comes, and asked for no more', () => {
    const told = secondsAfter(2, [outcome('session/1', TOLD)]);
    expect(statusPatch(decided(told))?.session).toEqual({ id: 'ses_1', title: 't', summary: { messageCount: 3 } });
    const noted = { ...told, task: agentTask({ status: { ...told.task?.status, session: { id: 'ses_1' } } }), outcomes: [] };
    expect(decided(noted).actions).toEqual([]);
  });

  test('waits for the next write where the end of a log is noted as well: both would stand on one version of the status', () => {
    const settings = { ...SETTINGS, config: { cleanup: { pod: { completed: 'Delete' as const } } } };
    const ended = pod({ phase: 'Succeeded', agent: exited(0), annotations: ATTACHED });
    const attempts = [{ number: 1, podName: 'fix-bug-pod', podUID: ended.metadata.uid ?? '' }];
    const log = outcome('log/pod-uid', { answer: '{"bytes":120,"truncated":false}' });
    const given = secondsAfter(2, [outcome('session/1', TOLD), log], [ended]);
    const before = { ...given, task: agentTask({ status: { ...given.task?.status, attempts } }), settings };
    expect(asked(before)).toEqual(['status/log/pod-uid', 'delete/pod-uid', 'release/pod-uid']);
    const after = applied(before, decided(before));
    expect(asked({ ...after, pods: [] })).toEqual(['status/session']);
  });

  test('is asked for again after a crash: the end was written, the answer not', () => {
    expect(asked(secondsAfter(2))).toEqual(['session/1']);
  });

  test.each([
    { name: 'at first', seconds: 3, tried: ['session/1'], asks: [], wakeAt: '2026-01-01T10:05:10.000Z' },
    { name: 'after ten seconds', seconds: 10, tried: ['session/1'], asks: ['session/1/2'], wakeAt: undefined },
    { name: 'then after a minute', seconds: 12, tried: ['session/1/2'], asks: [], wakeAt: '2026-01-01T10:06:00.000Z' },
    { name: 'then after five', seconds: 61, tried: ['session/1/3'], asks: [], wakeAt: '2026-01-01T10:10:00.000Z' },
    { name: 'then after half an hour', seconds: 300, tried: ['session/1/4'], asks: [], wakeAt: '2026-01-01T10:35:00.000Z' },
    { name: 'a fifth time, the last', seconds: 1_800, tried: [], asks: ['session/1/5'], wakeAt: undefined },
    { name: 'and never again', seconds: 1_801, tried: ['session/1/5'], asks: [], wakeAt: undefined },
    { name: 'nor by a host that comes an hour later', seconds: 3_600, tried: [], asks: [], wakeAt: undefined },
  ])('of a server that is away: $name', ({ seconds, tried, asks, wakeAt }) => {
    const given = secondsAfter(
      seconds,
      tried.map((id) => outcome(id, AWAY)),
    );
    expect(asked(given)).toEqual(asks);
    expect(decided(given).wakeAt).toBe(wakeAt);
  });

  test('why it is not known stands in the trail', () => {
    const { reasons } = decided(secondsAfter(12, [outcome('session/1/2', AWAY)]));
    expect(reasons).toContainEqual({
      rule: 'task/session-unknown',
      module: 'core',
      says: "the agent's server did not tell what the session used; it is asked again later",
      facts: { code: 0, message: 'connection refused', until: '2026-01-01T10:06:00.000Z' },
    });
  });

  test('of a server that has no such session there is none', () => {
    const given = secondsAfter(2, [outcome('session/1', { answer: 'null' })]);
    expect(decided(given)).toMatchObject({ actions: [] });
    expect(decided(given).wakeAt).toBeUndefined();
  });

  test('of a Pod that is gone is asked for where the Agent says that its server is', () => {
    const given = secondsAfter(10, [], []);
    expect(decide({ ...given, read: {} })).toEqual({ type: 'Reads', refs: [{ kind: 'Agent', namespace: 'team-a', name: 'coder' }] });
    expect(decided(given).actions).toEqual([
      { type: 'Effect', id: 'session/1/2', kind: 'SessionSummary', url: 'http://coder.team-a.svc.cluster.local:4096', title: TITLE },
    ]);
    expect(asked({ ...given, read: { 'Agent/team-a/coder': { absent: true } } })).toEqual([]);
  });

  test('is none of a Task whose Pod did the work itself', () => {
    const own = pod({ phase: 'Succeeded', agent: exited(0), metadata: { finalizers: [] } });
    const done = agentTask({ status: running({ phase: 'Completed', completionTime: ENDED_AT }) });
    expect(asked(snapshot({ task: done, pods: [own], read: found({ agent: agent() }) }))).toEqual([]);
  });
});

describe('the session of an Attach Task that is stopped', () => {
  const stopping = running({ conditions: [condition('Stopping', 'True', 'UserStopped', '2026-01-01T10:04:58Z')] });
  const given = (outcomes: readonly Outcome[]): Snapshot =>
    snapshot({ task: agentTask({ stop: true, status: stopping }), pods: [pod({ annotations: ATTACHED })], outcomes, settings: SETTINGS });
  const aborts = (more: readonly Outcome[]): readonly string[] => asked(given(more)).filter((id) => id.startsWith('session-abort/'));
  const failed = (count: number, lastAt: string): Outcome => outcome('session-abort/pod-uid', { ...AWAY, count, lastAt });

  test('is ended, since it would go on and cost money', () => {
    expect(aborts([])).toEqual(['session-abort/pod-uid']);
    expect(aborts([outcome('session-abort/pod-uid', { answer: 'null' })])).toEqual([]);
  });

  test('is asked to end again when the server was away, after a second, two, four and eight', () => {
    expect(aborts([failed(1, NOW)])).toEqual([]);
    expect(decided(given([failed(1, NOW)])).wakeAt).toBe('2026-01-01T10:05:01.000Z');
    expect(aborts([failed(1, '2026-01-01T10:04:59.000Z')])).toEqual(['session-abort/pod-uid']);
    expect(decided(given([failed(4, NOW)])).wakeAt).toBe('2026-01-01T10:05:08.000Z');
  });

  test('five times in all, and nothing else waits for it', () => {
    expect(aborts([failed(5, '2026-01-01T10:00:00.000Z')])).toEqual([]);
    expect(summary(decided(given([failed(1, NOW)])).actions)).toContain('Patch Pod fix-bug-pod');
  });
});
