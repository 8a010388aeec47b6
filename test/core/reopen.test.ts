import { describe, expect, test } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import type { TaskStatus } from '#core/api/task.ts';
import type { Snapshot } from '#core/contract/snapshot.ts';
import { applied } from '#test/support/applied.ts';
import { FIRST_ATTEMPT, laterPod } from '#test/support/attempts.ts';
import { agentTask, CREATED, condition, configured, exited, found, pod, read, snapshot, task } from '#test/support/builders.ts';
import { decided, decidedWithLog, statusPatch, summary } from '#test/support/decide.ts';

/** The annotation by which a person asks for another attempt, and perhaps for a stop. */
const asking = (retry: string, stop?: string) => ({
  annotations: { 'kubeopencode.io/retry': retry, ...(stop === undefined ? {} : { 'kubeopencode.io/stop': stop }) },
});
const FIRST = { kind: 'Pod', name: 'fix-bug-pod', live: true } as const;
const ENDED = '2026-01-01T10:04:00Z';

const FAILED: TaskStatus = {
  phase: 'Failed',
  podName: 'fix-bug-pod',
  startTime: CREATED,
  completionTime: ENDED,
  cause: 'Application',
  message: 'container agent: exit code 1 (Error)',
  attemptCount: 1,
  attempts: [FIRST_ATTEMPT],
  times: { podCreated: CREATED, finished: ENDED },
  result: { done: 'half' },
  conditions: [condition('Finished', 'True', 'Failed', ENDED)],
};
const STOPPED: TaskStatus = {
  ...FAILED,
  phase: 'Completed',
  cause: 'Stopped',
  attempts: [{ ...FIRST_ATTEMPT, cause: 'Stopped' }],
  conditions: [condition('Stopped', 'True', 'UserStopped', ENDED), condition('Finished', 'True', 'Stopped', ENDED)],
};
const TIMED_OUT: TaskStatus = { ...STOPPED, cause: 'Timeout', attempts: [{ ...FIRST_ATTEMPT, cause: 'Timeout' }] };
const SUCCEEDED: TaskStatus = {
  phase: 'Completed',
  podName: 'fix-bug-pod',
  completionTime: ENDED,
  attemptCount: 1,
  attempts: [{ number: 1, podName: 'fix-bug-pod' }],
};
const BEFORE_START: TaskStatus = {
  phase: 'Failed',
  completionTime: ENDED,
  cause: 'Agent',
  message: 'agent "coder" not found',
  conditions: [condition('Ready', 'False', 'AgentError', CREATED, 'agent "coder" not found in namespace "team-a"')],
};
/** As another controller leaves them: without cause and attempts. */
const OTHERS_FAILED: TaskStatus = { phase: 'Failed', podName: 'fix-bug-pod', startTime: CREATED, completionTime: ENDED };
const OTHERS_STOPPED: TaskStatus = {
  ...OTHERS_FAILED,
  phase: 'Completed',
  conditions: [condition('Stopped', 'True', 'UserStopped', ENDED)],
};
const OTHERS_SUCCEEDED: TaskStatus = { ...OTHERS_FAILED, phase: 'Completed' };

describe('a person asks for another attempt of a finished Task', () => {
  interface Row {
    readonly name: string;
    readonly status: TaskStatus;
    readonly asks: string;
    readonly stop?: string;
    readonly reopens: boolean;
    /** What the trail says when it does not; null: nothing. */
    readonly says?: RegExp | null;
  }
  test.each<Row>([
    { name: 'that failed', status: FAILED, asks: '2', reopens: true },
    { name: 'that was stopped, once the stop is taken back', status: STOPPED, asks: '2', reopens: true },
    {
      name: 'that was stopped, and still is to be',
      status: STOPPED,
      asks: '2',
      stop: 'true',
      reopens: false,
      says: /kubeopencode\.io\/stop asks for a stop; remove it first/,
    },
    { name: 'that timed out', status: TIMED_OUT, asks: '2', reopens: true },
    { name: 'that failed before it had a Pod', status: BEFORE_START, asks: '1', reopens: true },
    { name: 'that succeeded', status: SUCCEEDED, asks: '2', reopens: false, says: /"2".* is not started: the task has succeeded/ },
    { name: 'that another controller saw fail', status: OTHERS_FAILED, asks: '2', reopens: true },
    { name: 'that another controller stopped', status: OTHERS_STOPPED, asks: '2', reopens: true },
    { name: 'that another controller saw succeed', status: OTHERS_SUCCEEDED, asks: '2', reopens: false, says: /has succeeded/ },
    {
      name: 'a second time by the same number',
      status: { ...FAILED, attemptCount: 2, attempts: [FIRST_ATTEMPT, { number: 2, podName: 'fix-bug-pod-2', cause: 'Application' }] },
      asks: '2',
      reopens: false,
      says: null,
    },
    { name: 'by the number of one that was', status: FAILED, asks: '1', reopens: false, says: null },
    { name: 'by a number too high', status: FAILED, asks: '3', reopens: false, says: /the next one is 2/ },
    { name: 'by no number', status: FAILED, asks: 'now', reopens: false, says: /"now".*the next one is 2/ },
    { name: 'by a number written otherwise', status: FAILED, asks: '02', reopens: false, says: /the next one is 2/ },
    { name: 'whose retries are all spent', status: { ...FAILED, retries: { limit: 3 } }, asks: '2', reopens: true },
  ])('$name: reopened $reopens', ({ status, asks, stop, reopens, says }) => {
    const decision = decided(snapshot({ task: task({ status, metadata: asking(asks, stop) }) }));
    expect(statusPatch(decision)?.phase).toBe(reopens ? 'Pending' : undefined);
    expect(decision.actions).toHaveLength(reopens ? 1 : 0);
    const said = decision.reasons.find(({ rule }) => rule === 'task/retry-refused')?.says;
    if (says instanceof RegExp) expect(said).toMatch(says);
    else expect(said).toBeUndefined();
  });

  test('wins over a time to live that is over', () => {
    const settings = configured({ cleanup: { ttlSecondsAfterFinished: 0 } });
    expect(summary(decided(snapshot({ task: task({ status: FAILED, metadata: asking('2') }), settings })).actions)).toEqual([
      'Patch Task/status fix-bug',
    ]);
  });
  test('that is being deleted: nothing starts', () => {
    const metadata = { ...asking('2'), deletionTimestamp: '2026-01-01T10:04:59Z', finalizers: ['foregroundDeletion'] };
    expect(decided(snapshot({ task: task({ status: FAILED, metadata }) })).actions).toEqual([]);
  });
});

describe('a Pod that no attempt had stands in the way of the next', () => {
  const DELETED = { deletionTimestamp: '2026-01-01T10:05:20Z', deletionGracePeriodSeconds: 30 };
  const asked = (status: TaskStatus, asks: string, ...pods: readonly Pod[]): Snapshot => ({
    ...snapshot({ task: task({ status, metadata: asking(asks) }) }),
    pods,
    read: read(
      [{ kind: 'Task', name: 'fix-bug', live: true }, { found: task({ status, metadata: asking(asks) }) }],
      ...pods.map((found) => [{ kind: 'Pod', name: found.metadata.name, live: true }, { found }] as const),
    ),
  });

  test.each([
    ['of the name that the next will have', FAILED, '2', laterPod(2)],
    ['of the first attempt', BEFORE_START, '1', pod()],
    ['of an attempt that failed before it had a Pod', { ...BEFORE_START, attempts: [{ number: 1 }] }, '2', pod()],
  ] as const)('%s: where it lives it is deleted, and the next starts when it is gone', (_, status, asks, stray) => {
    const before = asked(status, asks, stray);
    const decision = decided(before);
    expect(summary(decision.actions)).toEqual([`Delete Pod ${stray.metadata.name}`, `Patch Pod ${stray.metadata.name}`]);
    expect(decision.reasons.map(({ rule }) => rule)).toEqual(['task/finished', 'task/retry-awaits-pod', 'task/left-over-pod']);
    expect(statusPatch(decided({ ...before, pods: [] }))?.phase).toBe('Pending');
  });
  test.each([
    ['lives', laterPod(2, { metadata: DELETED })],
    ['has ended', laterPod(2, { phase: 'Failed', agent: exited(143), metadata: DELETED })],
  ])('that is being deleted and %s is let go, and is not taken for the next', (_, stray) => {
    const decision = decided(asked(FAILED, '2', stray));
    expect(summary(decision.actions)).toEqual(['Patch Pod fix-bug-pod-2']);
    expect(decision.wakeAt).toBeUndefined();
  });
  test('though its time to live is over: it is not deleted', () => {
    const settings = configured({ cleanup: { ttlSecondsAfterFinished: 0 } });
    const decision = decided({ ...asked(FAILED, '2', laterPod(2)), settings });
    expect(summary(decision.actions)).toEqual(['Delete Pod fix-bug-pod-2', 'Patch Pod fix-bug-pod-2']);
  });
  test('not so a Pod of an attempt that is listed, whatever becomes of it', () => {
    for (const first of [pod(), pod({ metadata: DELETED })]) {
      expect(statusPatch(decided(asked(FAILED, '2', first)))?.phase).toBe('Pending');
    }
  });
  test('nor one that has ended and stays: the next is over with it', () => {
    expect(statusPatch(decided(asked(FAILED, '2', laterPod(2, { phase: 'Succeeded', agent: exited(0) }))))?.phase).toBe('Pending');
  });
});

describe('the Task that was reopened', () => {
  const reopen = (status: TaskStatus, asks: string, more: Partial<Snapshot> = {}): Snapshot => {
    const before = snapshot({ task: task({ status, metadata: asking(asks) }), ...more });
    return applied(before, decided(before));
  };
  test('says nothing any more of the end that it had', () => {
    const { status } = reopen(STOPPED, '2').task ?? {};
    expect(status).toMatchObject({ phase: 'Pending', podName: 'fix-bug-pod', attemptCount: 1, attempts: [{ number: 1 }] });
    for (const field of ['completionTime', 'cause', 'message', 'result', 'nextAttemptTime']) expect(status).not.toHaveProperty(field);
    expect(status?.times).toEqual({});
    expect(status?.conditions).toEqual([
      expect.objectContaining({ type: 'Stopped', status: 'False', reason: 'Retried' }),
      expect.objectContaining({ type: 'Finished', status: 'False', reason: 'Retried' }),
      expect.objectContaining({
        type: 'Retrying',
        status: 'True',
        reason: 'Requested',
        message: 'attempt 2 was asked for by the annotation kubeopencode.io/retry',
      }),
    ]);
  });
  test('starts at once, under the next number', () => {
    const again = reopen(FAILED, '2', { read: { ...found(), ...read([FIRST, { absent: true }]) } });
    expect(summary(decided(again).actions)).toContain('Create Pod fix-bug-pod-2');
  });
  test('of another controller lists its first attempt, and its Pod is looked for before the next', () => {
    const running = pod({ metadata: { labels: {} } });
    const there = reopen(OTHERS_FAILED, '2', { read: { ...found(), ...read([FIRST, { found: running }]) } });
    expect(there.task?.status?.attempts).toEqual([{ number: 1, podName: 'fix-bug-pod' }]);
    expect(summary(decided(there).actions)).toEqual(['Patch Task/status fix-bug']);
    const gone = { ...there, read: { ...found(), ...read([FIRST, { absent: true }]) } };
    expect(summary(decided(gone).actions)).toContain('Create Pod fix-bug-pod-2');
  });
  test('waits for its Agent anew, as long as it did the first time', () => {
    const CODER = { kind: 'Agent', name: 'coder' } as const;
    const reads = read([CODER, { absent: true }], [{ ...CODER, live: true }, { absent: true }]);
    const before = snapshot({ task: agentTask({ status: BEFORE_START, metadata: asking('1') }), read: reads });
    const again = applied(before, decided(before));
    expect(decided(again).wakeAt).toBe('2026-01-01T10:06:00.000Z');
    expect(applied(again, decided(again)).task?.status?.phase).toBe('Pending');
  });
  test('whose attempt fails before it has a Pod is not reopened for ever: that was the attempt', () => {
    const CODER = { kind: 'Agent', name: 'coder' } as const;
    const noPods = ['fix-bug-pod', 'fix-bug-pod-2'].map((name) => [{ kind: 'Pod', name, live: true }, { absent: true }] as const);
    const reads = read([CODER, { absent: true }], [{ ...CODER, live: true }, { absent: true }], ...noPods);
    for (const [status, asks] of [
      [BEFORE_START, '1'],
      [FAILED, '2'],
    ] as const) {
      let state = snapshot({ task: agentTask({ status, metadata: asking(asks) }), read: reads });
      for (const now of ['10:05:00', '10:05:00', '10:06:00', '10:07:00', '10:08:00']) {
        state = { ...state, now: `2026-01-01T${now}.000Z` };
        state = applied(state, decided(state));
      }
      expect(state.task?.status).toMatchObject({ phase: 'Failed', cause: 'Agent' });
      expect(state.task?.status?.attempts?.at(-1)).toEqual({
        number: Number(asks),
        cause: 'Agent',
        message: expect.stringContaining('not found'),
        times: { finished: '2026-01-01T10:06:00Z' },
      });
      expect(decided(state).actions).toEqual([]);
    }
  });
  test('that is stopped before the attempt has a Pod stays stopped when the stop is taken back', () => {
    const again = reopen(FAILED, '2');
    const stopped = {
      ...again,
      task: task({ status: again.task?.status ?? {}, metadata: asking('2', 'true') }),
      read: read([{ kind: 'Pod', name: 'fix-bug-pod-2', live: true }, { absent: true }]),
    };
    const over = applied(stopped, decided(stopped));
    expect(over.task?.status).toMatchObject({ phase: 'Completed', cause: 'Stopped', attemptCount: 2 });
    expect(decided({ ...over, task: task({ status: over.task?.status ?? {}, metadata: asking('2') }) }).actions).toEqual([]);
    expect(summary(decided({ ...over, task: task({ status: over.task?.status ?? {}, metadata: asking('3') }) }).actions)).toEqual([
      'Patch Task/status fix-bug',
    ]);
  });
  test('that succeeds has succeeded, and nothing is left of the stop before', () => {
    const again = reopen(STOPPED, '2');
    const ended = { ...again, pods: [laterPod(2, { phase: 'Succeeded', agent: exited(0) })] };
    const over = applied(ended, decidedWithLog(ended));
    expect(over.task?.status).toMatchObject({ phase: 'Completed', attemptCount: 2 });
    expect(over.task?.status).not.toHaveProperty('cause');
    expect(over.task?.status?.conditions?.map(({ type, status, reason }) => `${type}=${status}/${reason}`)).toEqual([
      'Stopped=False/Retried',
      'Finished=True/Completed',
      'Retrying=False/Finished',
    ]);
  });
  test('that fails again spends no budget of the retries beyond what they had', () => {
    const again = reopen({ ...FAILED, retries: { limit: 1 } }, '2');
    const { task: made } = again;
    const ended = {
      ...again,
      task: made === null ? null : { ...made, spec: { ...made.spec, retry: { limit: 1 } } },
      pods: [laterPod(2, { phase: 'Failed', agent: exited(1) })],
    };
    expect(statusPatch(decided(ended))).toMatchObject({ phase: 'Failed', attempts: [{ number: 1 }, { number: 2 }] });
  });
});
