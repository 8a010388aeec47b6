import { describe, expect, test } from 'vitest';
import type { Cleanup, TaskCleanup } from '#core/api/cleanup.ts';
import type { Attempt, TaskStatus } from '#core/api/task.ts';
import type { Decided } from '#core/contract/decision.ts';
import type { Outcome, Snapshot } from '#core/contract/snapshot.ts';
import { applied } from '#test/support/applied.ts';
import { FIRST_ATTEMPT, laterPod } from '#test/support/attempts.ts';
import {
  agent,
  agentTask,
  BEST_EFFORT,
  configured,
  exited,
  found,
  lookedAt,
  NOW,
  pod,
  read,
  running,
  snapshot,
  task,
} from '#test/support/builders.ts';
import { decided, decidedWithLog, statusPatch, summary } from '#test/support/decide.ts';

const ENDED = '2026-01-01T10:04:00Z';
type Outcomes = 'Completed' | 'Failed' | 'Stopped' | 'Timeout';

function finished(outcome: Outcomes, more: Partial<TaskStatus> = {}): TaskStatus {
  const cause = { Completed: undefined, Failed: 'Application', Stopped: 'Stopped', Timeout: 'Timeout' } as const;
  const attempt: Attempt = {
    number: 1,
    podName: 'fix-bug-pod',
    podUID: 'pod-uid',
    ...(cause[outcome] === undefined ? {} : { cause: cause[outcome] }),
  };
  return {
    phase: outcome === 'Failed' ? 'Failed' : 'Completed',
    podName: 'fix-bug-pod',
    completionTime: ENDED,
    attemptCount: 1,
    attempts: [attempt],
    ...(cause[outcome] === undefined ? {} : { cause: cause[outcome] }),
    ...more,
  };
}

const released = pod({ phase: 'Failed', agent: exited(1), metadata: { finalizers: [] } });
const KEPT: Outcome = {
  actionId: 'log/pod-uid',
  result: 'ok',
  answer: '{"bytes":120,"truncated":false}',
  count: 1,
  firstAt: NOW,
  lastAt: NOW,
};
const seconds = (decision: Decided): number | null =>
  decision.wakeAt === undefined ? null : (Date.parse(decision.wakeAt) - Date.parse(ENDED)) / 1_000;

describe('how long a finished Task is kept, in seconds after its end', () => {
  interface Row {
    readonly outcome: Outcomes;
    readonly own?: TaskCleanup;
    readonly byAgent?: TaskCleanup;
    readonly byDefault?: TaskCleanup;
    readonly cluster?: Cleanup;
    readonly kept: number | null;
  }
  const each = { ttlSecondsAfterFinished: 900, ttlSecondsAfterCompleted: 100, ttlSecondsAfterFailed: 200, ttlSecondsAfterStopped: 300 };
  test.each<Row>([
    { outcome: 'Completed', kept: null },
    { outcome: 'Completed', cluster: each, kept: 100 },
    { outcome: 'Failed', cluster: each, kept: 200 },
    { outcome: 'Stopped', cluster: each, kept: 300 },
    { outcome: 'Timeout', cluster: each, kept: 300 },
    { outcome: 'Failed', cluster: { ttlSecondsAfterFinished: 900, ttlSecondsAfterCompleted: 100 }, kept: 900 },
    { outcome: 'Failed', cluster: { ttlSecondsAfterCompleted: 100 }, kept: null },
    { outcome: 'Failed', cluster: each, byDefault: { ttlSecondsAfterFinished: 700 }, kept: 700 },
    { outcome: 'Failed', cluster: each, byDefault: each, byAgent: { ttlSecondsAfterFailed: 600 }, kept: 600 },
    { outcome: 'Failed', cluster: each, byAgent: { ttlSecondsAfterCompleted: 600 }, kept: 200 },
    { outcome: 'Failed', cluster: each, byAgent: each, own: { ttlSecondsAfterFinished: 500 }, kept: 500 },
    { outcome: 'Failed', cluster: each, own: { ttlSecondsAfterCompleted: 500 }, kept: 200 },
    { outcome: 'Failed', cluster: { ttlSecondsAfterFailed: -1, ttlSecondsAfterFinished: 900 }, kept: 900 },
    { outcome: 'Failed', cluster: { ttlSecondsAfterFailed: 'soon' as never }, kept: null },
  ])(
    '$outcome: Task $own, Agent $byAgent, taskDefaults $byDefault, cluster $cluster: $kept',
    ({ outcome, own, byAgent, byDefault, cluster, kept }) => {
      const decision = decided(
        snapshot({
          task: agentTask({ status: finished(outcome), spec: own === undefined ? {} : { cleanup: own } }),
          settings: configured({
            ...(cluster === undefined ? {} : { cleanup: cluster }),
            ...(byDefault === undefined ? {} : { taskDefaults: { cleanup: byDefault } }),
          }),
          read: found({ agent: agent(byAgent === undefined ? {} : { taskDefaults: { cleanup: byAgent } }) }),
        }),
      );
      expect(seconds(decision)).toBe(kept);
      expect(decision.actions).toEqual([]);
    },
  );
  test.each([
    { name: 'of all', cleanup: { maxRetainedTasks: 2 }, ranks: { finishedRank: 2 }, deleted: true },
    { name: 'of its outcome', cleanup: { maxRetainedFailedTasks: 1 }, ranks: { finishedRank: 9, finishedRankOfOutcome: 1 }, deleted: true },
    {
      name: 'of another outcome',
      cleanup: { maxRetainedCompletedTasks: 0 },
      ranks: { finishedRank: 9, finishedRankOfOutcome: 9 },
      deleted: false,
    },
    {
      name: 'of its outcome, still among the youngest',
      cleanup: { maxRetainedFailedTasks: 2 },
      ranks: { finishedRankOfOutcome: 1 },
      deleted: false,
    },
    { name: 'not known', cleanup: { maxRetainedFailedTasks: 0 }, ranks: {}, deleted: false },
  ])('a count $name: deleted $deleted', ({ cleanup, ranks, deleted }) => {
    const decision = decided(snapshot({ task: task({ status: finished('Failed') }), settings: configured({ cleanup }), ...ranks }));
    expect(summary(decision.actions)).toEqual(deleted ? ['Delete Task fix-bug'] : []);
  });
});

describe('whether the Pod of a finished Task goes', () => {
  interface Row {
    readonly outcome: Outcomes;
    readonly own?: TaskCleanup['pod'];
    readonly started?: string;
    readonly cluster?: Cleanup['pod'];
    readonly mode?: 'Retain';
    /** Seconds after the end; null: it stays. */
    readonly goes: number | null;
  }
  test.each<Row>([
    { outcome: 'Completed', goes: null },
    { outcome: 'Failed', goes: null },
    { outcome: 'Stopped', goes: 0 },
    { outcome: 'Timeout', goes: 0 },
    { outcome: 'Stopped', mode: 'Retain', goes: null },
    { outcome: 'Stopped', mode: 'Retain', cluster: { stopped: 'Delete', delaySeconds: 600 }, goes: 600 },
    { outcome: 'Stopped', cluster: { stopped: 'Keep' }, goes: null },
    { outcome: 'Stopped', cluster: { delaySeconds: 600 }, goes: 0 },
    { outcome: 'Completed', cluster: { completed: 'Delete' }, goes: 0 },
    { outcome: 'Failed', cluster: { completed: 'Delete' }, goes: null },
    { outcome: 'Failed', cluster: { failed: 'Delete', delaySeconds: 600 }, goes: 600 },
    { outcome: 'Failed', cluster: { failed: 'Delete', delaySeconds: 600 }, started: '{"podCleanup":{"failed":"Keep"}}', goes: null },
    { outcome: 'Failed', cluster: { failed: 'Keep' }, started: '{"podCleanup":{"failed":"Delete"}}', goes: 0 },
    { outcome: 'Failed', started: '{"podCleanup":{"failed":"Delete","delaySeconds":90}}', own: { delaySeconds: 120 }, goes: 120 },
    { outcome: 'Failed', started: '{"podCleanup":{"failed":"Delete"}}', own: { failed: 'Keep' }, goes: null },
    { outcome: 'Failed', own: { failed: 'Delete', delaySeconds: 'soon' as never }, goes: null },
    { outcome: 'Failed', cluster: { failed: 'Burn' as never }, goes: null },
    { outcome: 'Failed', cluster: { failed: 'Delete', delaySeconds: -4 }, goes: 0 },
  ])('$outcome $mode: Task $own, Agent $started, cluster $cluster: after $goes s', ({ outcome, own, started, cluster, mode, goes }) => {
    const annotations = started === undefined ? {} : { 'kubeopencode.io/started-with': started };
    const spec = { ...(own === undefined ? {} : { cleanup: { pod: own } }), ...(mode === undefined ? {} : { stop: { mode } }) };
    const options = {
      task: task({ status: finished(outcome), spec }),
      pods: [pod({ phase: 'Failed', agent: exited(1), metadata: { finalizers: [] }, annotations })],
      settings: configured({ logTailBytes: 0, ...(cluster === undefined ? {} : { cleanup: { pod: cluster } }) }),
    };
    const at = (afterEnd: number): Decided =>
      decided(snapshot({ ...options, now: new Date(Date.parse(ENDED) + afterEnd * 1_000).toISOString() }));
    expect(summary(at(goes ?? 1e8).actions)).toEqual(goes === null ? [] : ['Delete Pod fix-bug-pod']);
    if (goes !== null && goes > 0) {
      expect(at(goes - 1).actions).toEqual([]);
      expect(seconds(at(0))).toBe(goes);
    }
  });

  test.each([
    { name: 'Keep', cleanup: { pod: { stopped: 'Keep' as const } }, settings: BEST_EFFORT, line: 'Patch Pod fix-bug-pod' },
    {
      name: 'after a while',
      cleanup: { pod: { stopped: 'Delete' as const, delaySeconds: 60 } },
      settings: BEST_EFFORT,
      line: 'Patch Pod fix-bug-pod',
    },
    { name: 'nothing', cleanup: {}, settings: BEST_EFFORT, line: 'Delete Pod fix-bug-pod' },
  ])('a stop does not delete what clean-up keeps ($name)', ({ cleanup, settings, line }) => {
    const made = task({ status: running(), stop: true, spec: { cleanup, stop: { gracePeriodSeconds: 5 } } });
    expect(summary(decided(snapshot({ task: made, ...lookedAt(pod()), settings })).actions)).toEqual(['Patch Task/status fix-bug', line]);
  });
});

describe('before a Pod goes, the end of its log is kept', () => {
  const settings = configured({ cleanup: { pod: { failed: 'Delete', delaySeconds: 30 } } });
  const first = snapshot({ task: task({ status: finished('Failed') }), pods: [released], settings });
  test('read, then noted beside its attempt, then deleted', () => {
    const reading = decided(first);
    expect(summary(reading.actions)).toEqual(['Effect LogTail']);
    expect(reading.reasons.map(({ rule }) => rule)).toContain('task/log-awaited');
    const last = decidedWithLog(first);
    expect(summary(last.actions)).toEqual(['Patch Task/status fix-bug', 'Delete Pod fix-bug-pod']);
    expect(statusPatch(last)).toEqual({
      observedGeneration: 1,
      attempts: [{ ...FIRST_ATTEMPT, log: { configMapName: expect.any(String), bytes: 120, truncated: false } }],
    });
  });
  test('after a crash between the two it is deleted, and not read again', () => {
    expect(summary(decided(applied(first, decidedWithLog(first))).actions)).toEqual(['Delete Pod fix-bug-pod']);
  });
  test('a log that can not be read is noted so, and the Pod goes all the same', () => {
    const last = decidedWithLog(first, { result: 'refused', code: 403, message: 'no' });
    expect(summary(last.actions)).toEqual(['Patch Task/status fix-bug', 'Delete Pod fix-bug-pod']);
    expect(statusPatch(last)).toMatchObject({ attempts: [{ log: { missing: 'no' } }] });
  });
  test('a Pod of an attempt that nobody has recorded goes without', () => {
    const others = task({ status: { phase: 'Failed', podName: 'fix-bug-pod', completionTime: ENDED } });
    const isSo = read([{ kind: 'Task', name: 'fix-bug', live: true }, { found: others }]);
    expect(summary(decided({ ...first, task: others, read: isSo }).actions)).toEqual(['Delete Pod fix-bug-pod']);
  });
  test('the end of the Task is not touched by any of it', () => {
    const { status } = applied(first, decidedWithLog(first)).task ?? {};
    const { attempts: _, observedGeneration: __, ...end } = status ?? {};
    const { attempts: ___, ...before } = finished('Failed');
    expect(end).toEqual(before);
  });
});

describe('the Pods of several attempts', () => {
  const attempts: readonly Attempt[] = [FIRST_ATTEMPT, { number: 2, podName: 'fix-bug-pod-2', podUID: 'pod-uid-2', cause: 'Stopped' }];
  const second = laterPod(2, { phase: 'Failed', agent: exited(143), metadata: { finalizers: [] } });
  const both = { pods: [released, second] };
  const status = (outcome: Outcomes): TaskStatus => finished(outcome, { podName: 'fix-bug-pod-2', attemptCount: 2, attempts });

  test('a stop deletes the one that it ended, not the one that had failed before', () => {
    const before = snapshot({ task: task({ status: status('Stopped') }), ...both, settings: BEST_EFFORT });
    expect(summary(decided(before).actions)).toEqual(['Delete Pod fix-bug-pod-2']);
  });
  test('go one after the other, each with its own log', () => {
    const settings = configured({ cleanup: { pod: { failed: 'Delete' } } });
    const before = snapshot({ task: task({ status: status('Failed') }), ...both, settings, outcomes: [KEPT] });
    const one = decided(before);
    expect(summary(one.actions)).toEqual(['Patch Task/status fix-bug', 'Delete Pod fix-bug-pod']);
    const rest: Snapshot = { ...applied(before, one), pods: [second] };
    const two = decidedWithLog(rest);
    expect(summary(two.actions)).toEqual(['Patch Task/status fix-bug', 'Delete Pod fix-bug-pod-2']);
    const { attempts: noted } = applied(rest, two).task?.status ?? {};
    expect(noted).toMatchObject([
      { number: 1, log: { configMapName: expect.stringMatching(/-log-[0-9a-f]{8}$/) } },
      { number: 2, log: { configMapName: expect.stringMatching(/-log-2-[0-9a-f]{8}$/) } },
    ]);
  });
  test('that are gone already are nobody’s work', () => {
    const settings = configured({ cleanup: { pod: { failed: 'Delete' } } });
    expect(decided(snapshot({ task: task({ status: status('Failed') }), settings })).actions).toEqual([]);
  });
});

test('a time to live and a delay: the Task goes when its time has come, whatever its Pod waits for', () => {
  const settings = configured({ cleanup: { ttlSecondsAfterFinished: 60, pod: { failed: 'Delete', delaySeconds: 600 } } });
  expect(summary(decided(snapshot({ task: task({ status: finished('Failed') }), pods: [released], settings })).actions)).toEqual([
    'Delete Task fix-bug',
  ]);
});
