import { expect, test } from 'vitest';
import { LABELS } from '#core/contract/names.ts';
import type { TaskRecord } from '#host/simulation/records.ts';
import { type FaultName, NO_FAULTS, NODES, type Scenario, SHARE_LABEL, type Timed } from '#host/simulation/scenario.ts';
import { type History, simulate } from '#host/simulation/simulate.ts';
import { quickEngine } from '#test/support/source-engine.ts';
import { run } from './crash-runs.ts';
import { agent, at, create, scenario } from './hand-written.ts';

const engine = quickEngine();

/** The same with faults, as each of some seeds draws them. */
async function withFaults(from: Scenario, rates: Partial<Record<FaultName, number>>, quietAfterMs: number): Promise<readonly History[]> {
  const histories: History[] = [];
  for (let seed = 1; seed <= 12; seed++) {
    const history = await simulate({ ...from, seed, rates: { ...NO_FAULTS, ...rates }, quietAfterMs }, { engine });
    expect(history.violations, `seed ${seed}:\n${history.lines.join('\n')}`).toEqual([]);
    histories.push(history);
  }
  return histories;
}

function taskIn({ ledger }: History, name = 't0'): TaskRecord | undefined {
  return [...ledger.tasks.values()].find((task) => task.name === name);
}

function allNodes(type: 'NodeLost' | 'NodeTainted' | 'NodeBack', atMs: number): readonly Timed[] {
  return NODES.map(({ name: node }) => ({ atMs, happening: { type, node } }));
}

function happening(from: Scenario, ...more: readonly (readonly Timed[])[]): Scenario {
  return { ...from, happenings: [...from.happenings, ...more.flat()].sort((a, b) => a.atMs - b.atMs) };
}

test('a deletion for a stop that a host had decided before it stood still took a pod that had failed by itself, and its log', async () => {
  const from = scenario(
    [0, agent()],
    [100, create('t0', { outcome: 'fail', exitCode: 3, runForMs: 1_000 })],
    [1_500, { type: 'StopTask', at: at('t0') }],
  );
  const { writes } = await run(from);
  const ends = new Set<string>();
  for (let write = 1; write <= writes; write++) {
    const history = await run(from, new Map([[write, 'Pauses']]));
    expect(history.violations, `stands still at write ${write}:\n${history.lines.join('\n')}`).toEqual([]);
    const task = taskIn(history);
    ends.add(`${task?.latest.status?.cause}`);
    if (task?.latest.status?.cause === 'Application') expect(task.pods[0]?.deletion, history.lines.join('\n')).toBeUndefined();
  }
  expect([...ends].sort(), 'both come about').toEqual(['Application', 'Stopped']);
});

test('a deadline for a stop, long on its way, made a stop of what the agent had come to meanwhile', async () => {
  const from = scenario(
    [0, { type: 'Webhook', adds: { sidecar: true } }],
    [0, agent()],
    [0, create('t0', { outcome: 'out-of-memory', runForMs: 40_000 })],
    [38_000, { type: 'StopTask', at: at('t0') }],
  );
  const histories = await withFaults(from, { late: 0.6 }, 120_000);
  expect(new Set(histories.map((history) => taskIn(history)?.latest.status?.cause)), 'some end by themselves').toContain('OutOfMemory');
});

test('an agent that started right after its pod was deleted, before its kubelet had heard, left no log', async () => {
  let both = 0;
  for (let stopsMs = 2_200; stopsMs <= 2_340; stopsMs += 20) {
    const history = await run(
      scenario([0, agent()], [100, create('t0', { outcome: 'never', stopExitCode: 143 })], [stopsMs, { type: 'StopTask', at: at('t0') }]),
    );
    expect(history.violations, `stopped at ${stopsMs} ms:\n${history.lines.join('\n')}`).toEqual([]);
    const name = taskIn(history)?.latest.status?.attempts?.[0]?.log?.configMapName;
    const kept = name === undefined ? undefined : history.ledger.configMapNamed('team-a', name);
    if (Object.keys(kept?.data ?? {}).length > 1) both += 1;
  }
  expect(both, 'its log is kept beside that of the init container').toBeGreaterThan(0);
});

test('an attempt that a person asked for again is made again, whatever a leader that was none any more had made of it meanwhile', async () => {
  const from = scenario(
    [0, agent()],
    [100, create('t0', {})],
    [150, { type: 'StopTask', at: at('t0') }],
    [60_000, { type: 'RetryTask', at: at('t0'), attempt: 'Next', isFreed: true }],
  );
  // Right before its Pod is created: the next leader finds none, and stops the Task.
  const history = await run(from, new Map([[2, 'Pauses']]));
  expect(history.violations, history.lines.join('\n')).toEqual([]);
  const task = taskIn(history);
  expect(task?.latest.status, history.lines.join('\n')).toMatchObject({ phase: 'Completed', attempts: [{ number: 1 }] });
  expect(task?.pods.map(({ attempt }) => attempt)).toEqual([1, 1]);
});

test('a task that waits for the name of a pod on a lost node is not done: it starts when that is gone', async () => {
  const retry = { backoff: { initial: '60s', factor: 1, max: '60s' } };
  const from = scenario(
    [0, agent()],
    [0, { type: 'ForeignPod', at: at('t0-pod') }],
    [4_000, create('t0', { outcome: 'rejected' }, { retry })],
  );
  const lost = happening(from, allNodes('NodeLost', 5_000), allNodes('NodeTainted', 10_000), allNodes('NodeBack', 400_000));
  const { violations, lines } = await simulate(lost, { engine });
  expect(violations, lines.join('\n')).toEqual([]);
});

test('a pod that no node ever took is deleted and holds no place, while the end of its task is on its way', async () => {
  const from = scenario(
    [0, agent({ maxConcurrentTasks: 1 })],
    [10_000, create('t0', {}, { timeout: '20s' })],
    [15_000, create('t1', {})],
    // Right behind the deletion: the next leader finds that it has ended, and records that while the other starts.
    [30_005, { type: 'CrashHost' }],
  );
  const lost = happening(from, allNodes('NodeLost', 5_000), allNodes('NodeBack', 150_000));
  await withFaults(lost, { slow: 0.3 }, 140_000);
});

test('a pod that is given up with its node holds no place, also of a task that is being deleted', async () => {
  const from = scenario(
    [0, agent({ maxConcurrentTasks: 1 })],
    [100, create('t0', { outcome: 'never' })],
    [5_000, create('t1', {})],
    [35_000, { type: 'Delete', kind: 'Task', at: at('t0'), options: { propagationPolicy: 'Foreground' } }],
  );
  const history = await simulate(happening(from, allNodes('NodeLost', 30_000), allNodes('NodeBack', 400_000)), { engine });
  expect(history.violations, history.lines.join('\n')).toEqual([]);
  const t1 = taskIn(history, 't1');
  expect((t1?.pods[0]?.createdMs ?? 0) - (t1?.createdMs ?? 0), 'it does not wait for the node').toBeLessThan(200_000);
});

test('two hosts that believe that they lead, one of which sees no more what blocks a pod, say so by turns until one learns that it is none', async () => {
  const from = scenario(
    [0, agent()],
    [3_000, { type: 'PauseHost', forMs: 20_000, overlapMs: 2_000 }],
    [8_000, create('t0', { pullForMs: 5_000, pullFailures: 3 })],
  );
  await withFaults(from, { watchFail: 0.15 }, 22_000);
});

test('a pod that nobody had written as running yet held no place for the next leader while it could not be read', async () => {
  const from = scenario(
    [0, agent({ maxConcurrentTasks: 1 })],
    [10_000, create('t0', { outcome: 'never', stopExitCode: 143 })],
    // Right behind the creation of its Pod.
    [10_004, { type: 'CrashHost' }],
    [11_000, { type: 'StopTask', at: at('t0') }],
    [11_000, create('t1', {})],
  );
  await withFaults(from, { refuse: 0.3 }, 40_000);
});

test('a task whose attempt had ended kept its place for the next one where a write of that end had failed', async () => {
  const retry = { limit: 3, backoff: { initial: '0s' } };
  const from = scenario(
    [0, agent()],
    [100, create('t0', { outcome: 'fail', runForMs: 5_000 }, { retry })],
    [100, create('t1', { runForMs: 60_000 })],
    [5_000, agent({ maxConcurrentTasks: 1 })],
  );
  await withFaults(from, { lose: 0.3 }, 20_000);
});

test('nobody looked any more at a pod that was known from a live read alone when somebody had taken our label from it', async () => {
  const from = scenario(
    [0, agent()],
    [100, create('t0', { runForMs: 20_000 })],
    [1_500, { type: 'StripPod', at: at('t0-pod'), of: 'label' }],
  );
  // The answer to the creation of the Pod is lost; the watch is silent.
  for (const rates of [{ lose: 0.4 }, { watchStall: 0.5 }]) {
    const histories = await withFaults(from, rates, 30_000);
    for (const history of histories) expect(taskIn(history)?.latest.status, history.lines.join('\n')).toMatchObject({ phase: 'Completed' });
  }
});

test('a leader whose watch did not show what kept a pod from running took back that a leader before it had given that pod up', async () => {
  const from = scenario(
    [0, agent()],
    [3_000, { type: 'PauseHost', forMs: 20_000, overlapMs: 2_000 }],
    [12_000, create('t0', {}, { pendingTimeouts: { unschedulable: '10s' } })],
  );
  const histories = await withFaults(happening(from, allNodes('NodeLost', 2_000)), { watchStall: 0.3 }, 60_000);
  for (const history of histories)
    expect(taskIn(history)?.latest.status, history.lines.join('\n')).toMatchObject({ phase: 'Failed', cause: 'Unschedulable' });
});

test('who waits for a quota behind others was told at each start that it gave to one of them that something else held it back, and took that back', async () => {
  const retry = { limit: 9, backoff: { initial: '0s' } };
  const { violations, lines, ledger } = await simulate(
    scenario(
      [0, agent({ maxConcurrentTasks: 1, quota: { maxTaskStarts: 1, windowSeconds: 30 } })],
      [100, create('t1', { outcome: 'fail', runForMs: 1_000 }, { priority: 9, retry })],
      [5_000, create('t0', {})],
    ),
    { engine },
  );
  expect(violations, lines.join('\n')).toEqual([]);
  const t0 = [...ledger.tasks.values()].find(({ name }) => name === 't0');
  expect(t0?.latest.status).toMatchObject({ phase: 'Completed' });
  // One status and one Event more than of a Task that does not wait.
  expect(t0?.writes, lines.join('\n')).toBe(9);
});

test('a host that had stood still let go of a pod by a task that was finished as far as its watch showed, and the end of that attempt was lost', async () => {
  const first = { outcome: 'evicted', runForMs: 1_000 } as const;
  const from = scenario(
    [0, agent()],
    [
      100,
      {
        type: 'CreateTask',
        at: at('t0'),
        spec: { description: 't0', agentRef: { name: 'coder' } },
        script: first,
        later: [{ outcome: 'rejected' }],
      },
    ],
    [20_000, { type: 'PauseHost', forMs: 30_000, overlapMs: 2_000 }],
    [45_000, { type: 'RetryTask', at: at('t0'), attempt: 'Next' }],
  );
  const { violations, lines } = await simulate(
    { ...from, seed: 53, rates: { ...NO_FAULTS, watchStall: 0.2 }, quietAfterMs: 60_000 },
    { engine },
  );
  expect(violations, lines.join('\n')).toEqual([]);
});

test('a task that was given to another host and back, before the watch showed that it had gone, was decided by nobody', async () => {
  const from: Scenario = {
    ...scenario(
      [0, agent({ taskDefaults: { timeout: '10s' } })],
      [1_000, create('t0', { runForMs: 12_000 }, {}, { [SHARE_LABEL]: 'a' })],
      [5_000, { type: 'MoveTask', at: at('t0'), label: 'b' }],
      [25_000, { type: 'MoveTask', at: at('t0'), label: 'a' }],
    ),
    seed: 23,
    shares: [{ label: 'a' }, { label: 'b' }],
    rates: { ...NO_FAULTS, watchDrop: 0.1 },
    quietAfterMs: 20_000,
  };
  const { violations, lines } = await simulate(from, { engine });
  expect(violations, lines.join('\n')).toEqual([]);
});

test('a pod that was kept alive beside its agent, and seen so only long after, was deleted at once, and nobody could tell what its agent had come to', async () => {
  const podSpec = { terminationGracePeriodSeconds: 0 };
  const from = scenario(
    [0, { type: 'Webhook', adds: { sidecar: true } }],
    [0, agent({ podSpec })],
    [100, create('t0', { runForMs: 8_000 })],
    [2_300, { type: 'PauseHost', forMs: 1_000, overlapMs: 0 }],
  );
  for (let seed = 1; seed <= 12; seed++) {
    const { violations, lines } = await simulate(
      { ...from, seed, rates: { ...NO_FAULTS, watchDrop: 0.3 }, quietAfterMs: 192_000 },
      { engine },
    );
    expect(violations, `seed ${seed}:\n${lines.join('\n')}`).toEqual([]);
  }
});

test('what a leader that was none any more had written over the word of the next one before its answer came, as it had been, was left so: its watch told of no change', async () => {
  const from = scenario(
    [100, create('t0', {})],
    [40_000, { type: 'ApplyConfig', spec: { execution: 'Attach' } }],
    [41_000, { type: 'PauseHost', forMs: 20_000, overlapMs: 2_000 }],
    [50_000, agent()],
  );
  // The event of the next leader's own write is lost.
  const histories = await withFaults(from, { watchDrop: 0.1 }, 70_000);
  const said = histories.map((history) => taskIn(history)?.latest.status?.conditions?.find(({ type }) => type === 'Queued')?.reason);
  expect(said, 'the word of the next leader stands').toContain('AgentServerNotReady');
});

test('a pod whose label was taken right before its task was deleted was held by our finalizer for good, and the next task of the name waited for it', async () => {
  const STATUS = 4;
  const from = scenario(
    [0, agent()],
    [100, create('t0', { outcome: 'never' })],
    [1_000, { type: 'StripPod', at: at('t0-pod'), of: 'label' }],
    [2_000, { type: 'Delete', kind: 'Task', at: at('t0'), options: {} }],
    [3_000, create('t0', {})],
  );
  // What the host says of the first is long on its way.
  const { violations, lines, ledger } = await simulate(from, { engine, delay: (write) => (write === STATUS ? 8_000 : 0) });
  const text = lines.join('\n');
  expect(violations, text).toEqual([]);
  const [first, second] = ledger.tasks.values();
  expect(first?.pods[0]?.latest.metadata.labels?.[LABELS.taskUid], text).toBeUndefined();
  expect(first?.pods[0]?.goneMs, text).toBeDefined();
  expect(second?.latest.status, text).toMatchObject({ phase: 'Completed' });
});

test('foreground deletion of a task waited for good for a pod whose label was taken right before, and that our finalizer held', async () => {
  const STATUS = 4;
  const from = scenario(
    [0, agent()],
    [100, create('t0', { outcome: 'never' })],
    [1_000, { type: 'StripPod', at: at('t0-pod'), of: 'label' }],
    [2_000, { type: 'Delete', kind: 'Task', at: at('t0'), options: { propagationPolicy: 'Foreground' } }],
  );
  // What the host says of it is long on its way.
  const history = await simulate({ ...from, quietAfterMs: 30_000 }, { engine, delay: (write) => (write === STATUS ? 8_000 : 0) });
  const text = history.lines.join('\n');
  expect(history.violations, text).toEqual([]);
  expect(taskIn(history)?.pods[0]?.goneMs, text).toBeDefined();
  expect(taskIn(history)?.goneMs, text).toBeDefined();
});

test('a pod that its host had seen, and that was gone before its task told of it, was made again', async () => {
  const CLAIM = 4;
  const from = scenario(
    [0, agent()],
    [100, create('t0', { runForMs: 60_000 })],
    [105, { type: 'StripPod', at: at('t0-pod'), of: 'label' }],
    [5_000, { type: 'Delete', kind: 'Pod', at: at('t0-pod'), options: {} }],
    [10_500, { type: 'StripPod', at: at('t0-pod'), of: 'finalizer' }],
  );
  const ends = new Set<string>();
  for (let seed = 1; seed <= 12; seed++) {
    // What the host says first of the pod that it sees is long on its way; then it waits for the log, and has not said yet that the task runs.
    const history = await simulate(
      { ...from, seed, rates: { ...NO_FAULTS, log: 1 }, quietAfterMs: 60_000 },
      { engine, delay: (write) => (write === CLAIM ? 10_000 : 0) },
    );
    const task = taskIn(history);
    const text = `seed ${seed}:\n${history.lines.join('\n')}`;
    expect(history.violations, text).toEqual([]);
    expect(task?.pods, text).toHaveLength(1);
    ends.add(`${task?.latest.status?.phase}/${task?.latest.status?.cause}`);
  }
  expect(ends).toEqual(new Set(['Failed/PodDeleted']));
});

test('who waits for a quota says that all places are taken when its time has come, also where a start that counts already had lifted that time', async () => {
  const { violations, lines, ledger } = await simulate(
    scenario(
      [0, agent({ maxConcurrentTasks: 1, quota: { maxTaskStarts: 1, windowSeconds: 30 } })],
      [0, { type: 'PodQuota', hard: 0 }],
      // Its pod is refused: it gives its place back, and asks again for what it has used of the quota already.
      [100, create('t1', { outcome: 'never' })],
      [2_000, create('t0', {})],
      [5_000, { type: 'PodQuota', hard: null }],
    ),
    { engine },
  );
  expect(violations, lines.join('\n')).toEqual([]);
  const waits = [...ledger.tasks.values()].find(({ name }) => name === 't0');
  expect(waits?.latest.status?.conditions, lines.join('\n')).toContainEqual(
    expect.objectContaining({ type: 'Queued', status: 'True', reason: 'AgentAtCapacity' }),
  );
});

test.each([
  {
    name: 'its label was taken before',
    before: [105, { type: 'StripPod', at: at('t0-pod'), of: 'label' }],
  },
  {
    name: 'what was said of it crossed with a change of its task',
    before: [3_000, { type: 'PatchTask', at: at('t0'), spec: { priority: 1 } }],
  },
] as const)(
  'a pod whose end was recorded, and then struck out by a hand, counted as one that was gone before it was seen: $name',
  async ({ before }) => {
    const WRITE = 4;
    const from = scenario(
      [0, agent()],
      [100, create('t0', { outcome: 'fail', runForMs: 2_000 }, { retry: { limit: 3 }, cleanup: { pod: { failed: 'Delete' } } })],
      before,
      [15_000, { type: 'EditStatus', at: at('t0'), status: { attempts: null } }],
    );
    // The agent ends before its task has said that it runs.
    const history = await simulate(from, { engine, delay: (write) => (write === WRITE ? 10_000 : 0) });
    const text = history.lines.join('\n');
    expect(history.violations, text).toEqual([]);
    const task = taskIn(history);
    expect(task?.pods, text).toHaveLength(4);
    expect(task?.latest.status, text).toMatchObject({ phase: 'Failed', cause: 'Application' });
  },
);
