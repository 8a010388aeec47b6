import { describe, expect, test } from 'vitest';
import type { PodRecord } from '#host/simulation/records.ts';
import { type Happening, type Scenario, SHARE_LABEL } from '#host/simulation/scenario.ts';
import { type History, simulate } from '#host/simulation/simulate.ts';
import { quickEngine } from '#test/support/source-engine.ts';
import { agent, at, create, scenario } from './hand-written.ts';

const engine = quickEngine();
/** From the moment at which a Pod comes too late until a host has asked for its end: one write. */
const REMOVED_WITHIN_MS = 1_000;

/** A history in which the writes with these numbers, from 1, are so long on their way, in milliseconds. */
async function delayed(from: Scenario, delays: Readonly<Record<number, number>>): Promise<History> {
  const history = await simulate({ ...from, quietAfterMs: 120_000 }, { engine, delay: (write) => delays[write] ?? 0 });
  expect(history.violations, history.lines.join('\n')).toEqual([]);
  return history;
}

function podsOf({ ledger }: History, name = 't0'): readonly PodRecord[] {
  return [...ledger.tasks.values()].findLast((task) => task.name === name)?.pods ?? [];
}

function statusOf({ ledger }: History, name = 't0'): object | undefined {
  return [...ledger.tasks.values()].findLast((task) => task.name === name)?.latest.status;
}

describe('a leader that stands still, whose last word of a task is long on its way', () => {
  const PENDING = 1;
  const FAILED = 2;
  const CONFIG_MAP = 3;
  const POD = 4;
  const from = scenario(
    [0, create('t0', { outcome: 'never' })],
    [67_000, agent()],
    [84_000, { type: 'PauseHost', forMs: 60_000, overlapMs: 0 }],
  );

  test('the next leader had begun to start it, and makes no pod once it is told that the task has ended', async () => {
    const history = await delayed(from, { [FAILED]: 28_109, [CONFIG_MAP]: 4_376 });
    expect(history.lines.join('\n')).toContain('host-2 sends create ConfigMap team-a/t0-context');
    expect(podsOf(history), history.lines.join('\n')).toEqual([]);
    expect(statusOf(history)).toMatchObject({ phase: 'Failed', cause: 'Agent' });
  });

  test('a pod that was on its way by then is deleted as soon as it comes', async () => {
    const history = await delayed(from, { [FAILED]: 28_109, [POD]: 4_376 });
    const [pod, ...others] = podsOf(history);
    expect(others).toEqual([]);
    expect((pod?.deletion?.atMs ?? Infinity) - (pod?.createdMs ?? 0), history.lines.join('\n')).toBeLessThan(REMOVED_WITHIN_MS);
    expect(statusOf(history)).toMatchObject({ phase: 'Failed', cause: 'Agent' });
  });

  test('the numbers of its writes are what they are taken for', async () => {
    const { lines } = await delayed(from, { [FAILED]: 28_109 });
    const writes = lines.filter((line) => line.includes(' sends ')).map((line) => line.replace(/^.* sends /, ''));
    expect([writes[PENDING - 1], writes[FAILED - 1], writes[CONFIG_MAP - 1], writes[POD - 1]]).toEqual([
      'patch Task/status team-a/t0',
      'patch Task/status team-a/t0',
      'create ConfigMap team-a/t0-context',
      'create Pod team-a/t0-pod',
    ]);
  });
});

test('a pod that comes after the next leader has sent word that its task has ended is deleted as soon as that is so', async () => {
  const from = scenario(
    [0, agent()],
    [43_520, create('t0', { outcome: 'never' })],
    [46_000, { type: 'ApplyConfig', spec: { execution: 'Elsewhere' } }],
    [50_000, { type: 'PauseHost', forMs: 60_000, overlapMs: 0 }],
  );
  // The first leader's Pod, and the word of the second that the Agent can't be used.
  const history = await delayed(from, { 2: 23_363, 3: 15_196 });
  const [pod, ...others] = podsOf(history);
  expect(others).toEqual([]);
  const endedMs = [...history.ledger.tasks.values()][0]?.ended?.atMs ?? 0;
  expect(pod?.createdMs, history.lines.join('\n')).toBeLessThan(endedMs);
  expect((pod?.deletion?.atMs ?? Infinity) - endedMs, history.lines.join('\n')).toBeLessThan(REMOVED_WITHIN_MS);
  expect(statusOf(history)).toMatchObject({ phase: 'Failed', cause: 'Agent' });
});

describe('a pod that the host before had sent, which comes when its attempt is over', () => {
  const OF_THE_FIRST = 2;
  const SECOND_CONFIG_MAP = 14;
  const SECOND_POD = 15;
  const pendingTimeouts = { unschedulable: '1s' };
  const retry = { limit: 1, backoff: { initial: '2s', factor: 1, max: '2s' } };
  const task: Happening = {
    type: 'CreateTask',
    at: at('t0'),
    spec: { description: 't0', agentRef: { name: 'coder' }, pendingTimeouts, retry },
    script: { outcome: 'unschedulable' },
    later: [{ outcome: 'succeed', runForMs: 20_000 }],
    labels: { [SHARE_LABEL]: 'b' },
  };
  const from: Scenario = {
    ...scenario([0, agent()], [5_000, task], [6_000, { type: 'MoveTask', at: at('t0'), label: 'a' }]),
    shares: [{ label: 'a' }, { label: 'b' }],
  };

  test.each([
    ['the next attempt’s pod is on its way: it runs, and the other is deleted as soon as that is so', SECOND_POD, false],
    ['the next attempt is being prepared: its pod is made when the other has gone', SECOND_CONFIG_MAP, true],
  ])('%s', async (_, delayedWrite, isAwaited) => {
    const history = await delayed(from, { [OF_THE_FIRST]: 5_980, [delayedWrite]: 3_000 });
    const lines = history.lines.join('\n');
    const [, stray, second, ...others] = podsOf(history);
    expect(others).toEqual([]);
    expect([stray?.attempt, second?.attempt], lines).toEqual([1, 2]);
    expect((second?.createdMs ?? 0) >= (stray?.goneMs ?? Infinity), lines).toBe(isAwaited);
    expect((stray?.deletion?.atMs ?? Infinity) - (stray?.createdMs ?? 0), lines).toBeLessThan(3_000);
    expect(statusOf(history), lines).toMatchObject({ phase: 'Completed', attemptCount: 2 });
  });
});

test('a pod that the leader before had sent, which comes in the place of one whose end is on its way, is no fault of that end', async () => {
  const from = scenario(
    [0, { type: 'ApplyConfig', spec: { evidence: 'BestEffort' } }],
    [0, agent()],
    [100, create('t0', { outcome: 'never', stopExitCode: 143 }, { timeout: '10s' })],
    [150, { type: 'CrashHost' }],
  );
  // The first leader's Pod, and the word of the second that its own has ended.
  const history = await delayed(from, { 2: 16_000, 9: 4_000 });
  const lines = history.lines.join('\n');
  const [pod, stray, ...others] = podsOf(history);
  expect(others).toEqual([]);
  const endedMs = [...history.ledger.tasks.values()][0]?.ended?.atMs ?? 0;
  expect([pod?.createdBy, stray?.createdBy], lines).toEqual(['host-2', 'host-1']);
  expect(stray?.createdMs, lines).toBeLessThan(endedMs);
  expect((stray?.deletion?.atMs ?? Infinity) - endedMs, lines).toBeLessThan(REMOVED_WITHIN_MS);
  expect(statusOf(history), lines).toMatchObject({ phase: 'Completed', cause: 'Timeout', attempts: [{ podUID: pod?.uid }] });
});

test('a pod that the leader before had sent, which comes in the place of one that was ended for its timeout, is ended for that too before anybody has told of the end', async () => {
  const from = scenario(
    [0, { type: 'ApplyConfig', spec: { evidence: 'BestEffort' } }],
    [0, agent()],
    [100, create('t0', { outcome: 'never', stopExitCode: 143 }, { timeout: '10s' })],
    [150, { type: 'CrashHost' }],
  );
  // The first leader's Pod; and the second dies before it sends word that its own has ended.
  const { violations, lines, ledger } = await simulate(
    { ...from, quietAfterMs: 120_000 },
    { engine, delay: (write) => (write === 2 ? 16_000 : 0), strike: (write) => (write === 9 ? 'DiesBefore' : 'Nothing') },
  );
  const text = lines.join('\n');
  expect(violations, text).toEqual([]);
  const [task] = ledger.tasks.values();
  const [pod, stray, ...others] = task?.pods ?? [];
  expect(others, text).toEqual([]);
  expect([pod?.createdBy, stray?.createdBy, stray?.deletion?.by], text).toEqual(['host-2', 'host-1', 'host-3']);
  expect(stray?.deletion?.atMs, text).toBeLessThan((stray?.createdMs ?? 0) + 9_000);
  expect(task?.latest.status, text).toMatchObject({ phase: 'Completed', cause: 'Timeout' });
});

test.each([
  ['is being deleted still', true],
  ['has gone', false],
])(
  'a pod that the leader before had sent, which comes when its attempt is over, and then %s, is not what a stop between two attempts ends',
  async (_, isHeld) => {
    const POD = 2;
    const DELETION = 10;
    const retry = { limit: 1, backoff: { initial: '120s', factor: 1, max: '120s' } };
    const from = scenario(
      [0, agent()],
      [100, create('t0', { outcome: 'fail', exitCode: 1, runForMs: 1_000 }, { retry })],
      [150, { type: 'CrashHost' }],
      [25_000, { type: 'Delete', kind: 'Pod', at: at('t0-pod'), options: {} }],
      [42_000, { type: 'StopTask', at: at('t0') }],
    );
    // Who has asked for its deletion dies before it lets it go.
    const { violations, lines, ledger } = await simulate(
      { ...from, quietAfterMs: 120_000 },
      {
        engine,
        delay: (write) => (write === POD ? 40_000 : 0),
        strike: (write) => (isHeld && write === DELETION ? 'DiesAfter' : 'Nothing'),
      },
    );
    const text = lines.join('\n');
    expect(violations, text).toEqual([]);
    const [task] = ledger.tasks.values();
    const [pod, stray, ...others] = task?.pods ?? [];
    expect(others, text).toEqual([]);
    expect([pod?.attempt, stray?.attempt, stray?.createdBy], text).toEqual([1, 1, 'host-1']);
    expect(stray?.deletion?.atMs, text).toBeLessThan(task?.ended?.atMs ?? 0);
    expect((stray?.goneMs ?? Infinity) > (task?.ended?.atMs ?? 0), text).toBe(isHeld);
    expect(task?.latest.status, text).toMatchObject({ phase: 'Completed', cause: 'Stopped', attempts: [{ podUID: pod?.uid }] });
  },
);

test('a stop between two attempts waits until a pod that the leader before had sent, which comes when its attempt is over, has ended', async () => {
  const POD = 2;
  const DELETION = 12;
  const retry = { limit: 1, backoff: { initial: '120s', factor: 1, max: '120s' } };
  const { violations, lines, ledger } = await simulate(
    {
      ...scenario(
        [0, agent()],
        [100, create('t0', { outcome: 'fail', exitCode: 1, runForMs: 20_000, stopAfterMs: 4_000 }, { retry })],
        [150, { type: 'CrashHost' }],
        [26_000, { type: 'Delete', kind: 'Pod', at: at('t0-pod'), options: {} }],
        [43_000, { type: 'StopTask', at: at('t0') }],
      ),
      quietAfterMs: 120_000,
    },
    { engine, delay: (write) => ({ [POD]: 40_000, [DELETION]: 4_000 })[write] ?? 0 },
  );
  const text = lines.join('\n');
  expect(violations, text).toEqual([]);
  const [task] = ledger.tasks.values();
  const [, stray] = task?.pods ?? [];
  expect(stray?.end?.atMs, text).toBeGreaterThan(task?.stopAskedMs ?? Number.POSITIVE_INFINITY);
  expect(task?.ended?.atMs, text).toBeGreaterThanOrEqual(stray?.end?.atMs ?? Number.POSITIVE_INFINITY);
  expect(task?.latest.status, text).toMatchObject({ phase: 'Completed', cause: 'Stopped' });
});

test('the timeout of a first attempt counts from its first pod, also for one that the leader before had sent and that has come into its place', async () => {
  const [POD, STATUS] = [2, 6];
  const { violations, lines, ledger } = await simulate(
    {
      ...scenario(
        [0, { type: 'ApplyConfig', spec: { evidence: 'BestEffort' } }],
        [0, agent()],
        [100, create('t0', { outcome: 'never' }, { timeout: '40s' })],
        [150, { type: 'CrashHost' }],
        [10_000, { type: 'Delete', kind: 'Pod', at: at('t0-pod'), options: { gracePeriodSeconds: 0 } }],
      ),
      quietAfterMs: 60_000,
    },
    { engine, delay: (write) => ({ [POD]: 15_000, [STATUS]: 20_000 })[write] ?? 0 },
  );
  const text = lines.join('\n');
  expect(violations, text).toEqual([]);
  const [task] = ledger.tasks.values();
  const [first, second] = task?.pods ?? [];
  expect(second?.createdBy, text).toBe('host-1');
  expect(second?.endedByUsMs, text).toBeLessThan((second?.createdMs ?? 0) + 40_000);
  expect(second?.endedByUsMs, text).toBeGreaterThanOrEqual((first?.createdMs ?? Number.POSITIVE_INFINITY) + 39_000);
  expect(task?.latest.status, text).toMatchObject({ phase: 'Completed', cause: 'Timeout' });
});

test('two leaders’ pods for one task that is deleted meanwhile come one after the other, each sent before the other was there', async () => {
  const from: Scenario = {
    ...scenario(
      [0, agent()],
      [100, create('t0', { outcome: 'never' }, {}, { [SHARE_LABEL]: 'b' })],
      [1_000, { type: 'PauseHost', forMs: 60_000, overlapMs: 0, share: 1 }],
      [20_000, { type: 'Delete', kind: 'Task', at: at('t0'), options: { propagationPolicy: 'Background' } }],
    ),
    shares: [{ label: 'a' }, { label: 'b' }],
  };
  const history = await delayed(from, { 2: 27_000, 4: 30_000 });
  const lines = history.lines.join('\n');
  const pods = podsOf(history);
  expect(
    pods.map(({ createdBy }) => createdBy),
    lines,
  ).toEqual(['host-b-1', 'host-b-2']);
  for (const { createdMs, goneMs } of pods) expect((goneMs ?? Infinity) - createdMs, lines).toBeLessThan(REMOVED_WITHIN_MS);
});

test('a place in the queue of one agent is none in that of another, which a task came to name while it was being started', async () => {
  const CONFIG_MAP = 5;
  const base = { workspaceDir: '/workspace', serviceAccountName: 'agent', podSpec: {} };
  const from = scenario(
    [0, agent({ maxConcurrentTasks: 1 })],
    [0, { type: 'ApplyAgent', at: at('writer'), spec: { ...base, maxConcurrentTasks: 1 } }],
    [100, create('t0', { outcome: 'never' }, { agentRef: { name: 'writer' } })],
    [10_000, create('t1', {})],
    [12_000, { type: 'PatchTask', at: at('t1'), spec: { agentRef: { name: 'writer' } } }],
    [14_000, create('t2', {})],
  );
  const history = await delayed(from, { [CONFIG_MAP]: 3_000 });
  const lines = history.lines.join('\n');
  expect(lines).toContain('ConfigMap team-a/t1-context');
  expect(podsOf(history, 't1').length, lines).toBe(0);
  expect(statusOf(history, 't1'), lines).toMatchObject({ phase: 'Queued', agentRef: { name: 'writer' } });
  expect(statusOf(history, 't2'), `the place that it has left is another’s:\n${lines}`).toMatchObject({ phase: 'Completed' });
});

test('a pod that came when its task was over, and that we were deleting when a person asked for the attempt again, is not the pod of that attempt', async () => {
  const POD = 2;
  const DELETION = 5;
  const from = scenario(
    [0, agent()],
    [100, create('t0', { runForMs: 60_000 })],
    [1_000, { type: 'StopTask', at: at('t0') }],
    [1_500, { type: 'CrashHost' }],
    // The next leader sees a Pod that runs.
    [19_000, { type: 'CrashHost' }],
    [25_000, { type: 'RetryTask', at: at('t0'), attempt: 'Next', isFreed: true }],
  );
  const history = await delayed(from, { [POD]: 20_000, [DELETION]: 8_000 });
  const lines = history.lines.join('\n');
  const [task] = history.ledger.tasks.values();
  const [stray, pod, ...others] = podsOf(history);
  expect(others).toEqual([]);
  expect((stray?.deletion?.atMs ?? 0) - (task?.createdMs ?? 0), `it is asked for before its deletion comes:\n${lines}`).toBeGreaterThan(
    25_000,
  );
  expect(pod?.createdMs, lines).toBeGreaterThanOrEqual(stray?.goneMs ?? Infinity);
  expect(statusOf(history), lines).toMatchObject({ phase: 'Completed', attempts: [{ number: 1, podUID: pod?.uid }] });
});
