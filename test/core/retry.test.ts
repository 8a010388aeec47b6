import { describe, expect, test } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import type { Retry } from '#core/api/retry.ts';
import type { Cause, TaskStatus } from '#core/api/task.ts';
import type { Decided } from '#core/contract/decision.ts';
import type { Settings } from '#core/contract/snapshot.ts';
import { applied } from '#test/support/applied.ts';
import { between, FIRST_ATTEMPT, laterPod } from '#test/support/attempts.ts';
import {
  BEST_EFFORT,
  CREATED,
  condition,
  configured,
  exited,
  pod,
  read,
  running,
  SETTINGS,
  snapshot,
  task,
} from '#test/support/builders.ts';
import { decided, decidedWithLog, statusPatch, summary } from '#test/support/decide.ts';

const FIRST = { kind: 'Pod', name: 'fix-bug-pod', live: true } as const;
const DELETED = { deletionTimestamp: '2026-01-01T10:04:58Z', deletionGracePeriodSeconds: 0, generation: 2 };
const failed = pod({ phase: 'Failed', agent: exited(1) });

interface Told {
  readonly again: boolean;
  readonly spent: unknown;
  readonly waitSeconds: number | null;
}

function told(decision: Decided): Told {
  const patch = statusPatch(decision);
  const due = patch?.nextAttemptTime;
  return {
    again: patch?.phase === 'Pending',
    spent: patch?.retries,
    waitSeconds: typeof due === 'string' ? (Date.parse(due) - Date.parse('2026-01-01T10:05:00Z')) / 1_000 : null,
  };
}

function afterEnd(
  retry: Retry | undefined,
  ended: Pod,
  more: { status?: Partial<TaskStatus>; stop?: boolean; settings?: Settings; lost?: boolean } = {},
): Decided {
  const made = task({
    status: running(more.status),
    ...(more.stop === true ? { stop: true } : {}),
    spec: retry === undefined ? {} : { retry },
  });
  return decidedWithLog(
    snapshot({ task: made, pods: [ended], settings: more.settings ?? SETTINGS, read: read([FIRST, { found: ended }]) }),
  );
}

describe('whether an attempt that failed is followed by another', () => {
  const evicted = pod({ phase: 'Failed', agent: exited(137), status: { reason: 'Evicted', message: 'memory' } });
  const unstarted = pod({
    phase: 'Failed',
    status: {
      reason: 'Evicted',
      message: 'memory',
      containerStatuses: [{ name: 'agent', state: { waiting: { reason: 'PodInitializing' } } }],
    },
  });
  const unknown = pod({ phase: 'Failed', agent: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } } });
  const refused = pod({ phase: 'Failed', status: { reason: 'OutOfcpu', message: 'no room', containerStatuses: [] } });
  const timedOut = pod({
    phase: 'Failed',
    agent: exited(143),
    status: { reason: 'DeadlineExceeded' },
    annotations: { 'kubeopencode.io/ended-for': 'Timeout' },
  });
  const stopped = pod({
    phase: 'Failed',
    agent: exited(143),
    status: { reason: 'DeadlineExceeded' },
    annotations: { 'kubeopencode.io/ended-for': 'Stopped' },
  });
  interface Row {
    readonly name: string;
    readonly retry?: Retry;
    readonly pod: Pod;
    readonly spent?: TaskStatus['retries'];
    /** What is spent in the end; null: it is not tried again. */
    readonly paid: TaskStatus['retries'] | null;
    readonly says?: RegExp;
  }
  test.each<Row>([
    { name: 'no retry, as ADR 0009 has it', pod: failed, paid: null },
    { name: 'retry without a limit', retry: {}, pod: failed, paid: null },
    { name: 'the first of one', retry: { limit: 1 }, pod: failed, paid: { limit: 1 } },
    { name: 'the last of three', retry: { limit: 3 }, pod: failed, spent: { limit: 2 }, paid: { limit: 3 } },
    {
      name: 'spent at exactly the limit',
      retry: { limit: 3 },
      pod: failed,
      spent: { limit: 3 },
      paid: null,
      says: /^not tried again: 3 of 3 retries are spent$/,
    },
    { name: 'a limit that was lowered meanwhile', retry: { limit: 1 }, pod: failed, spent: { limit: 3 }, paid: null, says: /3 of 1/ },
    {
      name: 'a cause with a limit of its own does not spend the common one',
      retry: { limit: 1, causes: { Application: 2 } },
      pod: failed,
      spent: { limit: 1 },
      paid: { limit: 1, causes: { Application: 1 } },
    },
    {
      name: 'its own limit is spent, the common one is not touched',
      retry: { limit: 9, causes: { Application: 2 } },
      pod: failed,
      spent: { causes: { Application: 2 } },
      paid: null,
      says: /2 of 2 retries for Application/,
    },
    {
      name: 'a cause with a limit of 0 is final',
      retry: { limit: 9, causes: { Application: 0 } },
      pod: failed,
      paid: null,
      says: /retry\.causes\.Application is 0/,
    },
    {
      name: 'another cause’s own limit is nothing to it',
      retry: { limit: 1, causes: { OutOfMemory: 0 } },
      pod: failed,
      paid: { limit: 1 },
    },
    { name: 'an eviction of an agent that ran', retry: { limit: 1 }, pod: evicted, paid: { limit: 1 } },
    {
      name: 'an eviction before the agent had started is for nothing',
      retry: { limit: 1 },
      pod: unstarted,
      spent: { limit: 1 },
      paid: { limit: 1, unstarted: 1 },
    },
    { name: 'also where there is nothing but retry', retry: {}, pod: unstarted, paid: { unstarted: 1 } },
    { name: 'but not without', pod: unstarted, paid: null },
    { name: 'and not where it is to be final', retry: { causes: { Evicted: 0 } }, pod: unstarted, paid: null },
    { name: 'the tenth for nothing', retry: {}, pod: unstarted, spent: { unstarted: 9 }, paid: { unstarted: 10 } },
    { name: 'the eleventh is paid for', retry: { limit: 1 }, pod: unstarted, spent: { unstarted: 10 }, paid: { limit: 1, unstarted: 10 } },
    {
      name: 'or final',
      retry: {},
      pod: unstarted,
      spent: { unstarted: 10 },
      paid: null,
      says: /ended 10 times before the agent had started, and 0 of 0 retries/,
    },
    { name: 'a node without room is for nothing', retry: {}, pod: refused, paid: { unstarted: 1 } },
    { name: 'a node that lost sight of the agent can not tell whether it ran', retry: { limit: 1 }, pod: unknown, paid: { limit: 1 } },
    {
      name: 'a timeout is not covered by the common limit',
      retry: { limit: 9 },
      pod: timedOut,
      paid: null,
      says: /retry\.limit does not cover Timeout/,
    },
    { name: 'but by its own', retry: { causes: { Timeout: 1 } }, pod: timedOut, paid: { causes: { Timeout: 1 } } },
    { name: 'a stop never', retry: { limit: 9 }, pod: stopped, paid: null },
    { name: 'a success never', retry: { limit: 9 }, pod: pod({ phase: 'Succeeded', agent: exited(0) }), paid: null },
    {
      name: 'what people have stored by hand is at most a wrong count',
      retry: { limit: 1 },
      pod: failed,
      spent: { limit: -5 },
      paid: { limit: 1 },
    },
    { name: 'a bent retry counts as not given', retry: { limit: 'many' as never }, pod: failed, paid: null },
  ])('$name', ({ retry, pod: ended, spent, paid, says }) => {
    const decision = afterEnd(retry, ended, spent === undefined ? {} : { status: { retries: spent } });
    expect(told(decision)).toMatchObject({ again: paid !== null, spent: paid ?? undefined });
    const why = decision.reasons.find(({ rule }) => rule === 'task/no-retry')?.says;
    if (says !== undefined) expect(why).toMatch(says);
    if (paid !== null) expect(why).toBeUndefined();
  });

  test('a stop that was asked for meanwhile is final', () => {
    expect(told(afterEnd({ limit: 3 }, failed, { stop: true })).again).toBe(false);
  });
  test.each([
    {
      name: 'the Agent’s default, kept on the Pod',
      made: pod({ phase: 'Failed', agent: exited(1), annotations: { 'kubeopencode.io/started-with': '{"retry":{"limit":2}}' } }),
      settings: SETTINGS,
      again: true,
    },
    {
      name: 'not a default that changed since',
      made: failed,
      settings: configured({ taskDefaults: { retry: { limit: 2 } } }),
      again: false,
    },
    {
      name: 'a bent default counts as none',
      made: pod({ phase: 'Failed', agent: exited(1), annotations: { 'kubeopencode.io/started-with': '{"retry":{"limit":"2"}}' } }),
      settings: SETTINGS,
      again: false,
    },
  ])('by $name', ({ made, settings, again }) => {
    expect(told(afterEnd(undefined, made, { settings })).again).toBe(again);
  });

  describe('a Pod that is gone', () => {
    const gone = (settings: Settings, retry?: Retry): Decided =>
      decided(
        snapshot({
          task: task({ status: running(), spec: retry === undefined ? {} : { retry } }),
          settings,
          read: read([FIRST, { absent: true }]),
        }),
      );
    test('that nobody held: its containers had ended before it went', () => {
      expect(told(gone(BEST_EFFORT, { limit: 1 }))).toMatchObject({ again: true, spent: { limit: 1 } });
    });
    test('that our finalizer had held: nobody knows whether its containers have ended', () => {
      const decision = gone(SETTINGS, { limit: 1 });
      expect(statusPatch(decision)).toMatchObject({ phase: 'Failed', cause: 'PodDeleted' });
      expect(decision.reasons.at(-1)?.says).toMatch(/held by a finalizer and is gone all the same/);
    });
    test('took with it what it was started with: the cluster’s default counts, if it can be read', () => {
      const byDefault = (retry: unknown): Settings => configured({ evidence: 'BestEffort', taskDefaults: { retry: retry as Retry } });
      expect(told(gone(byDefault({ limit: 1 }))).again).toBe(true);
      expect(told(gone(byDefault({ limit: '1' }))).again).toBe(false);
    });
  });
});

describe('the wait before the next attempt', () => {
  test.each([
    { name: '10 s, and up to a fifth longer', retry: { limit: 9 }, spent: {}, seconds: 10 },
    { name: 'twice that', retry: { limit: 9 }, spent: { limit: 1 }, seconds: 20 },
    {
      name: 'whatever was spent before counts',
      retry: { limit: 9 },
      spent: { limit: 1, unstarted: 1, causes: { Evicted: 1 } },
      seconds: 80,
    },
    { name: 'never more than ten minutes', retry: { limit: 99 }, spent: { limit: 50 }, seconds: 600 },
    { name: 'as the Task says', retry: { limit: 9, backoff: { initial: '1m', factor: 3, max: '5m' } }, spent: { limit: 1 }, seconds: 180 },
    {
      name: 'up to the most that it says',
      retry: { limit: 9, backoff: { initial: '1m', factor: 3, max: '5m' } },
      spent: { limit: 3 },
      seconds: 300,
    },
    { name: 'not at all', retry: { limit: 9, backoff: { initial: '0' } }, spent: {}, seconds: 0 },
    {
      name: 'a malformed wait counts as not given',
      retry: { limit: 9, backoff: { initial: 'soon', max: 'late' } },
      spent: {},
      seconds: 10,
    },
    { name: 'a negative wait is none', retry: { limit: 9, backoff: { initial: '-5s' } }, spent: {}, seconds: 0 },
    {
      name: 'a factor that no CRD lets in',
      retry: { limit: 99, backoff: { initial: '0', factor: 9_000_000_000_000_000 } },
      spent: { limit: 30 },
      seconds: 0,
    },
    { name: 'a factor of 0', retry: { limit: 99, backoff: { factor: 0 } }, spent: { limit: 2 }, seconds: 10 },
  ])('$name', ({ retry, spent, seconds }) => {
    const { waitSeconds, again } = told(afterEnd(retry, failed, { status: { retries: spent } }));
    expect(again).toBe(true);
    expect(waitSeconds).toBeGreaterThanOrEqual(seconds);
    expect(waitSeconds).toBeLessThanOrEqual(seconds * 1.2);
  });
  test('that no time can hold ends with time', () => {
    const decision = afterEnd({ limit: 1, backoff: { initial: '2562047h', max: '2562047h' } }, failed);
    expect(statusPatch(decision)?.nextAttemptTime).toMatch(/^2[0-9]{3}-/);
  });
  test('is another for each Task and attempt, and the same whoever decides', () => {
    const wait = (attempt: number): unknown => {
      const attempts = attempt === 1 ? [] : [{ ...FIRST_ATTEMPT, number: attempt - 1 }];
      const ended = attempt === 1 ? failed : laterPod(attempt, { phase: 'Failed', agent: exited(1) });
      return told(afterEnd({ limit: 9 }, ended, { status: { attempts, podName: ended.metadata.name } })).waitSeconds;
    };
    expect(wait(1)).toBe(wait(1));
    expect(new Set([1, 2, 3, 4].map(wait)).size).toBe(4);
  });
});

describe('the end of an attempt that another follows', () => {
  const status = running({
    times: { queued: '2026-01-01T09:59:00Z', podCreated: CREATED },
    cause: 'Image',
    conditions: [
      condition('PodBlocked', 'True', 'ImagePull'),
      condition('PodDeleting', 'True', 'DeletionRequested', '2026-01-01T10:04:59Z'),
    ],
  });
  const before = snapshot({ task: task({ status, spec: { retry: { limit: 1 } } }), pods: [failed] });
  test('is one write, an Event, and the release of its Pod', () => {
    expect(summary(decided(before).actions)).toEqual(['Patch Task/status fix-bug', 'Event Retrying', 'Patch Pod fix-bug-pod']);
  });
  test('says it all', () => {
    const { task: made } = applied(before, decided(before));
    expect(made?.status).toMatchObject({
      phase: 'Pending',
      cause: 'Application',
      message: expect.stringMatching(
        /^attempt 1 failed: container agent: exit code 1 \(Error\); retry 1 of 1; the next starts at 2026-01-01T10:05:1/,
      ),
      attemptCount: 1,
      attempts: [{ number: 1, podUID: 'pod-uid', exitCode: 1 }],
      times: { queued: '2026-01-01T09:59:00Z' },
    });
    expect(made?.status?.times).not.toHaveProperty('podCreated');
    expect(made?.status).not.toHaveProperty('completionTime');
    expect(made?.status?.conditions?.map(({ type, status: value }) => `${type}=${value}`).sort()).toEqual([
      'PodBlocked=False',
      'PodDeleting=False',
      'Retrying=True',
    ]);
  });
  test('aborts what an Attach Task’s session still does at the Agent’s server', () => {
    const annotations = { 'kubeopencode.io/started-with': '{"serverUrl":"http://coder:4096"}' };
    const ended = pod({ phase: 'Failed', agent: exited(1), annotations });
    expect(summary(decided({ ...before, pods: [ended] }).actions)).toContain('Effect SessionAbort');
  });
  test.each([
    { name: 'before anything', done: [] },
    { name: 'after the status', done: ['status'] },
    { name: 'after the Event', done: ['status', 'event'] },
  ])('a crash $name is healed', ({ done }) => {
    const crashed = done.length === 0 ? before : applied(before, decided(before));
    const { actions } = decided(crashed);
    expect(summary(actions)).toContain('Patch Pod fix-bug-pod');
    expect(summary(actions).filter((line) => line.startsWith('Create'))).toEqual([]);
  });
  test('lists the last ten', () => {
    const attempts = Array.from({ length: 10 }, (_, index) => ({ ...FIRST_ATTEMPT, number: index + 5, podUID: `u${index}` }));
    const ended = laterPod(15, { phase: 'Failed', agent: exited(1) });
    const patch = statusPatch(afterEnd({ limit: 99 }, ended, { status: { attempts, podName: 'fix-bug-pod-15' } }));
    expect(patch?.attempts).toMatchObject([6, 7, 8, 9, 10, 11, 12, 13, 14, 15].map((number) => ({ number })));
  });
  test('of a node that is lost lets its Pod go, so that a forced deletion goes through', () => {
    const lost = pod({ metadata: { deletionTimestamp: '2026-01-01T09:59:00Z', deletionGracePeriodSeconds: 30 } });
    const decision = afterEnd({ limit: 1 }, lost);
    expect(statusPatch(decision)).toMatchObject({ phase: 'Pending', cause: 'NodeLost', retries: { limit: 1 } });
    expect(summary(decision.actions)).toEqual(['Patch Task/status fix-bug', 'Event Retrying', 'Patch Pod fix-bug-pod']);
  });
  test.each([
    {
      name: 'times out',
      ended: pod({
        phase: 'Failed',
        agent: exited(143),
        status: { reason: 'DeadlineExceeded' },
        annotations: { 'kubeopencode.io/ended-for': 'Timeout' },
      }),
      retry: { causes: { Timeout: 1 } },
      spec: {},
    },
    { name: 'fails where clean-up says so', ended: failed, retry: { limit: 1 }, spec: { cleanup: { pod: { failed: 'Delete' as const } } } },
  ])('that $name deletes its Pod, after its log is kept; also after a crash', ({ ended, retry, spec }) => {
    const start = snapshot({ task: task({ status: running(), spec: { retry, ...spec } }), pods: [ended] });
    const decision = decidedWithLog(start);
    expect(summary(decision.actions).slice(-2)).toEqual(['Delete Pod fix-bug-pod', 'Patch Pod fix-bug-pod']);
    expect(statusPatch(decision)?.attempts).toMatchObject([{ log: { bytes: 120 } }]);
    const crashed = applied(start, decision);
    expect(summary(decided(crashed).actions)).toEqual(['Delete Pod fix-bug-pod', 'Patch Pod fix-bug-pod']);
  });
  test('a clean-up that was asked for later takes no log away: it waits for the end of the Task', () => {
    const made = task({ status: between(), spec: { cleanup: { pod: { failed: 'Delete' } } } });
    const early = snapshot({
      task: made,
      now: '2026-01-01T10:04:45.000Z',
      pods: [pod({ phase: 'Failed', agent: exited(1), metadata: { finalizers: [] } })],
    });
    expect(decided(early).actions).toEqual([]);
  });
});

const ALL: readonly Cause[] = [
  'Application',
  'OutOfMemory',
  'Evicted',
  'Preempted',
  'NodeLost',
  'PodDeleted',
  'Image',
  'Configuration',
  'Unschedulable',
  'InitContainer',
];
test.each(ALL)('the common limit covers %s', (cause) => {
  const causes: Partial<Record<Cause, Pod>> = {
    Application: failed,
    OutOfMemory: pod({ phase: 'Failed', agent: exited(137, { reason: 'OOMKilled' }) }),
    Evicted: pod({ phase: 'Failed', agent: exited(137), status: { reason: 'Evicted' } }),
    Preempted: pod({ phase: 'Failed', agent: exited(137), status: { reason: 'Preempting' } }),
    NodeLost: pod({ phase: 'Failed', agent: exited(137), status: { reason: 'NodeLost' } }),
    PodDeleted: pod({
      phase: 'Failed',
      agent: exited(143, { finishedAt: '2026-01-01T10:04:58Z' }),
      metadata: DELETED,
      status: { observedGeneration: 2 },
    }),
    Configuration: pod({ phase: 'Failed', agent: exited(128, { reason: 'StartError' }) }),
    InitContainer: pod({
      phase: 'Failed',
      agent: { waiting: {} },
      status: { initContainerStatuses: [{ name: 'git-init-0', state: exited(1) }] },
    }),
  };
  const endings: Partial<Record<Cause, string>> = { Image: 'ImagePull', Unschedulable: 'Unschedulable' };
  const ending = endings[cause];
  const pending = pod({ phase: 'Failed', agent: { waiting: { reason: 'ContainerCreating' } }, metadata: DELETED });
  const status = ending === undefined ? {} : { conditions: [condition('Stopping', 'True', ending, '2026-01-01T10:04:30Z')] };
  const decision = afterEnd({ limit: 1 }, causes[cause] ?? pending, { status });
  expect(statusPatch(decision)).toMatchObject({ phase: 'Pending', cause, retries: { limit: 1 } });
});
