import { expect, test } from 'vitest';
import { LABELS } from '#core/contract/names.ts';
import { type Happening, NO_FAULTS, NODES, type Scenario, SHARE_LABEL } from '#host/simulation/scenario.ts';
import { type History, type SimulateOptions, simulate } from '#host/simulation/simulate.ts';
import { quickEngine } from '#test/support/source-engine.ts';
import { agent, at, create, scenario, template } from './hand-written.ts';

/** What the invariants once took for a fault of the host, and is none. */

const engine = quickEngine();

async function expectFine(from: Scenario, befalls: Partial<SimulateOptions> = {}): Promise<History> {
  const history = await simulate(from, { ...befalls, engine });
  expect(history.violations, history.lines.join('\n')).toEqual([]);
  return history;
}

test('a pod that is left behind, as the deletion of its task asks, takes no place, also while somebody holds that task', async () => {
  const from = scenario(
    [0, agent({ maxConcurrentTasks: 1 })],
    [100, create('t0', { outcome: 'never' })],
    [4_000, create('t1', {})],
    [5_000, { type: 'Hold', kind: 'Task', at: at('t0'), isHeld: true }],
    [6_000, { type: 'Delete', kind: 'Task', at: at('t0'), options: { propagationPolicy: 'Orphan' } }],
    [60_000, { type: 'Hold', kind: 'Task', at: at('t0'), isHeld: false }],
  );
  const { ledger } = await expectFine(from);
  const [t0, t1] = ledger.pods.values();
  expect(t0?.goneMs, 'it runs on').toBeUndefined();
  expect(t1?.createdMs ?? Number.POSITIVE_INFINITY, 'the other starts').toBeLessThan(t0?.task?.goneMs ?? 0);
});

test.each([
  { name: 'runs until somebody ends it', script: { outcome: 'never' }, says: undefined },
  { name: 'waits for an image that never comes', script: { outcome: 'image-pull' }, says: 'Image' },
] as const)('a pod that found no node for a while, and then $name, is given up for neither', async ({ script, says }) => {
  const { ledger } = await expectFine(
    scenario(
      [0, agent()],
      ...NODES.map(({ name: node }) => [50, { type: 'NodeLost', node }] as const),
      [100, create('t0', script, { pendingTimeouts: { unschedulable: '60s' } })],
      ...NODES.map(({ name: node }) => [20_000, { type: 'NodeBack', node }] as const),
    ),
  );
  const [pod] = ledger.pods.values();
  expect(pod?.blockedBy).toContain('Unschedulable');
  expect(pod?.task?.latest.status).toMatchObject({ phase: 'Running', ...(says === undefined ? {} : { cause: says }) });
});

test('a task waits for the name of a pod whose node is lost for good', async () => {
  const { ledger } = await expectFine(
    scenario(
      [0, agent()],
      [0, { type: 'ForeignPod', at: at('t0-pod') }],
      [4_000, create('t0', {})],
      ...NODES.map(({ name: node }) => [5_000, { type: 'NodeLost', node }] as const),
      ...NODES.map(({ name: node }) => [10_000, { type: 'NodeTainted', node }] as const),
    ),
  );
  const [task] = ledger.tasks.values();
  expect(task?.latest.status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'Ready', status: 'False', reason: 'NameConflict' }),
  );
});

test('a task that is finished and is to be tried again, as a person has asked a moment ago, is not settled', async () => {
  const rates = { ...NO_FAULTS, slow: 1 };
  const spec = { description: 't0', agentRef: { name: 'coder' } };
  const from = scenario(
    [0, agent()],
    [100, { type: 'CreateTask', at: at('t0'), spec, script: { outcome: 'fail' }, later: [{ runForMs: 200_000 }] }],
    [60_000, { type: 'RetryTask', at: at('t0'), attempt: 'Next' }],
  );
  const { ledger } = await expectFine({ ...from, rates, quietAfterMs: 60_000 });
  const [task] = ledger.tasks.values();
  expect(task?.latest.status).toMatchObject({ phase: 'Completed', attempts: [{ cause: 'Application' }, { number: 2 }] });
});

test('who changes the spec of a task whose schema is kept, or asks for another attempt, has written no status', async () => {
  const from = scenario(
    [100, create('t0', { outcome: 'rejected' })],
    [44_000, { type: 'PatchTask', at: at('t0'), spec: { retry: { limit: 3 } } }],
    [75_000, agent()],
    // Right before the end is looked for.
    [130_000, { type: 'RetryTask', at: at('t0'), attempt: 'Next' }],
  );
  const { ledger } = await expectFine({ ...from, hasSchemas: true });
  const [task] = ledger.tasks.values();
  expect(task?.isEdited).toBe(false);
  expect(task?.latest.status).toMatchObject({ phase: 'Failed', cause: 'Unschedulable' });
});

test('a host whose clock is far ahead does not give up the log of a pod that it ends', async () => {
  await expectFine(
    scenario(
      [0, { type: 'Webhook', adds: { sidecar: true } }],
      [0, agent()],
      [50, { type: 'JumpClock', byMs: 900_000 }],
      [100, create('t0', { outcome: 'out-of-memory', runForMs: 600 })],
    ),
  );
});

test('a pod whose image comes only at the fourth try, long after all else is quiet, has still to say that it can’t be started', async () => {
  const { ledger } = await expectFine(
    scenario([0, agent()], [100, create('t0', { outcome: 'config-error', pullForMs: 30_000, pullFailures: 3 })]),
  );
  expect([...ledger.tasks.values()][0]?.latest.status).toMatchObject({ phase: 'Running', cause: 'Configuration' });
});

test('a leader that wakes before another has taken over learns that it leads no more as soon as that is so', async () => {
  const { lines } = await expectFine(
    scenario([0, agent()], [1_000, { type: 'PauseHost', forMs: 1_000, overlapMs: 0 }], [60_000, create('t0', { runForMs: 1_000 })]),
  );
  const said = lines.filter((line) => /leads|does not lead|sends create Pod/.test(line)).map((line) => line.replace(/^\S+\s+/, ''));
  expect(said).toEqual(['host-1 leads', 'host-2 leads', 'host-1 learns that it does not lead', 'host-2 sends create Pod team-a/t0-pod']);
});

test('a pod that no node took while all were lost has not come to rest once one is back', async () => {
  const { ledger } = await expectFine(
    scenario(
      [0, agent()],
      ...NODES.map(({ name: node }) => [50, { type: 'NodeLost', node }] as const),
      [100, create('t0', { outcome: 'never', pullForMs: 30_000, pullFailures: 3 })],
      ...NODES.map(({ name: node }) => [20_000, { type: 'NodeBack', node }] as const),
    ),
  );
  expect([...ledger.tasks.values()][0]?.latest.status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'PodBlocked', status: 'False' }),
  );
});

test('a pod that is ended for its timeout has ended for it, also where somebody wishes for another meanwhile', async () => {
  const { ledger } = await expectFine(
    scenario(
      [0, agent()],
      [100, create('t0', { outcome: 'never', stopAfterMs: 4_000 }, { timeout: '10s', stop: { gracePeriodSeconds: 5 } })],
      [12_000, { type: 'PatchTask', at: at('t0'), spec: { timeout: '5 minutes' } }],
    ),
  );
  expect([...ledger.tasks.values()][0]?.latest.status).toMatchObject({ phase: 'Completed', cause: 'Timeout' });
});

test('a quota whose window never ends is used up for ever', async () => {
  const { ledger } = await expectFine(
    scenario([0, agent({ quota: { maxTaskStarts: 1, windowSeconds: 1e12 } })], [100, create('t0', {})], [5_000, create('t1', {})]),
  );
  expect([...ledger.tasks.values()].map(({ latest }) => latest.status?.phase)).toEqual(['Completed', 'Queued']);
});

test('who waits for the name of a pod that its task has left behind has not come to rest while that one may go by itself', async () => {
  const script = { outcome: 'preempted', runForMs: 5_000, pullForMs: 30_000, pullFailures: 3 } as const;
  const { ledger } = await expectFine(
    scenario(
      [0, agent()],
      [100, create('t0', script)],
      [10_000, { type: 'Delete', kind: 'Task', at: at('t0'), options: { propagationPolicy: 'Orphan' } }],
      [11_000, create('t0', {})],
    ),
  );
  expect([...ledger.tasks.values()].at(-1)?.latest.status).toMatchObject({ phase: 'Completed' });
});

test('who waits for the name of a pod that its task has left behind waits for good where something runs on beside its agent', async () => {
  const { ledger } = await expectFine(
    scenario(
      [0, { type: 'Webhook', adds: { sidecar: true } }],
      [0, agent()],
      [100, create('t0', { runForMs: 20_000 })],
      [10_000, { type: 'Delete', kind: 'Task', at: at('t0'), options: { propagationPolicy: 'Orphan' } }],
      [11_000, create('t0', {})],
    ),
  );
  const [pod] = ledger.pods.values();
  expect(pod?.agentEnd, 'its agent has ended').toBeDefined();
  expect(pod?.end, 'it has not').toBeUndefined();
  expect([...ledger.tasks.values()].at(-1)?.latest.status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'Ready', status: 'False', reason: 'NameConflict' }),
  );
});

test('a pod that its task has left behind is let go also when somebody has taken our label from it meanwhile', async () => {
  const RELEASE = 5;
  const from = scenario(
    [0, agent()],
    [100, create('t0', { outcome: 'never' })],
    [10_000, { type: 'Delete', kind: 'Task', at: at('t0'), options: { propagationPolicy: 'Orphan' } }],
    [11_000, { type: 'StripPod', at: at('t0-pod'), of: 'label' }],
  );
  const { violations, lines, ledger } = await simulate(from, { engine, delay: (write) => (write === RELEASE ? 2_000 : 0) });
  const text = lines.join('\n');
  expect(violations, text).toEqual([]);
  const [pod] = ledger.pods.values();
  expect(pod?.latest.metadata.labels?.[LABELS.taskUid], text).toBeUndefined();
  expect(pod?.latest.metadata.finalizers ?? [], text).toEqual([]);
});

test('a task whose attempts a hand has struck out starts at once, though its status says still when the next was to come', async () => {
  const { ledger } = await expectFine(
    scenario(
      [0, agent()],
      [100, create('t0', { outcome: 'fail', exitCode: 1, runForMs: 1_000 }, { retry: { limit: 1, backoff: { initial: '60s' } } })],
      [10_000, { type: 'Delete', kind: 'Pod', at: at('t0-pod'), options: {} }],
      [12_000, { type: 'EditStatus', at: at('t0'), status: { attempts: null } }],
    ),
  );
  const [first, second] = ledger.pods.values();
  expect((second?.createdMs ?? Infinity) - (first?.createdMs ?? 0)).toBeLessThan(13_000);
});

test('a host whose clock is behind cleans up so much later', async () => {
  const cleanup = { pod: { completed: 'Delete', delaySeconds: 30 } } as const;
  const { ledger } = await expectFine({
    ...scenario([0, agent()], [50, { type: 'JumpClock', byMs: -600_000 }], [100, create('t0', {}, { cleanup })]),
    isUndated: true,
  });
  expect([...ledger.pods.values()][0]?.goneMs, 'it has cleaned up').toBeDefined();
});

test('the host that had a task before may make its pod long after another host has brought it to its end, where its watch is silent', async () => {
  const { ledger } = await expectFine({
    ...scenario(
      [0, agent()],
      [0, create('t0', { runForMs: 100 }, {}, { [SHARE_LABEL]: 'b' })],
      [1_617, { type: 'MoveTask', at: at('t0'), label: 'a' }],
      [30_000, { type: 'Delete', kind: 'Pod', at: at('t0-pod'), options: {} }],
    ),
    seed: 75,
    shares: [{ label: 'a' }, { label: 'b' }],
    rates: { ...NO_FAULTS, watchDelay: 0.31, watchStall: 0.03 },
    quietAfterMs: 186_000,
  });
  const [task] = ledger.tasks.values();
  const [first, second] = task?.pods ?? [];
  expect([first?.createdBy, second?.createdBy]).toEqual(['host-1', 'host-b-1']);
  expect((second?.createdMs ?? 0) - (task?.movedMs ?? 0), 'longer than any write is on its way').toBeGreaterThan(45_000);
});

test('a task waits also where a pod of its that no watch shows, as somebody has taken our label, was made late', async () => {
  const from = scenario(
    [0, agent()],
    [1_000, create('t0', { outcome: 'never' })],
    [2_000, agent({ suspend: true })],
    [11_000, { type: 'CrashHost' }],
    [14_500, { type: 'StripPod', at: at('t0-pod'), of: 'label' }],
  );
  // Right before its Pod is created; and after that, before it has said so.
  const strike = (write: number) => (write === 2 ? 'Pauses' : write === 5 ? 'DiesBefore' : 'Nothing');
  const { violations, lines, ledger } = await simulate(from, { engine, strike });
  expect(violations, lines.join('\n')).toEqual([]);
  const [task] = ledger.tasks.values();
  expect(task?.latest.status, lines.join('\n')).toMatchObject({ phase: 'Queued' });
  expect(task?.pods[0]?.goneMs).toBeUndefined();
});

test('what a session used is told long after the end also of a task that was stopped between two attempts', async () => {
  const retry = { backoff: { initial: '6s', factor: 2, max: '10s' } };
  const from = scenario(
    [0, agent({ execution: 'Attach' })],
    [0, create('t0', { outcome: 'rejected' }, { retry })],
    [25_000, { type: 'AgentReady', at: at('coder'), ready: true }],
    [39_527, { type: 'StopTask', at: at('t0') }],
    [70_574, { type: 'CrashHost' }],
  );
  const rates = { ...NO_FAULTS, lose: 0.2, session: 0.9 };
  for (let seed = 1; seed <= 24; seed++) await expectFine({ ...from, seed, rates, quietAfterMs: 135_000 });
});

test('a pod that no watch shows, and of which its task says nothing yet, takes no place for the next leader', async () => {
  const from = scenario(
    [0, agent({ maxConcurrentTasks: 1 })],
    [1_000, create('t0', { outcome: 'never' })],
    [2_000, { type: 'StripPod', at: at('t0-pod'), of: 'label' }],
    [3_000, create('t1', {}, { priority: 4 })],
  );
  // Right behind the creation of the Pod.
  const { violations, lines, ledger } = await simulate(from, { engine, strike: (write) => (write === 3 ? 'DiesBefore' : 'Nothing') });
  expect(violations, lines.join('\n')).toEqual([]);
  expect([...ledger.tasks.values()].map(({ latest }) => latest.status?.phase)).toContain('Completed');
});

test('an agent of which its node can’t tell whether it ever ran is paid for', async () => {
  const script = { outcome: 'image-pull' } as const;
  const rejected = Array.from({ length: 14 }, () => ({ outcome: 'rejected' as const }));
  const retry = { limit: 1, backoff: { initial: '0s' }, causes: { Evicted: 1 } };
  const { ledger } = await expectFine(
    scenario(
      [0, agent()],
      [100, { type: 'CreateTask', at: at('t0'), spec: { description: 't0', agentRef: { name: 'coder' }, retry }, script, later: rejected }],
      [5_000, { type: 'EvictPod', at: at('t0-pod') }],
    ),
  );
  const [task] = ledger.tasks.values();
  expect(task?.pods.length, 'the first, ten for nothing, one that is paid for, and the last').toBe(13);
});

test('a task that waits for a configuration to be mended has not come to rest once it is', async () => {
  const from = scenario(
    [0, agent()],
    [0, { type: 'ApplyConfig', spec: { systemImage: 'image' } }],
    // Each of its attempts that is for nothing takes its time, so that all is not done for long.
    [100, create('t0', { outcome: 'rejected' }, { retry: { limit: 3, backoff: { initial: '30s', factor: 1, max: '30s' } } })],
    [20_000, { type: 'ApplyConfig', spec: { systemImage: null } }],
  );
  const { ledger } = await expectFine(from);
  const [task] = ledger.tasks.values();
  expect(task?.latest.status).toMatchObject({ phase: 'Failed', cause: 'Unschedulable' });
});

test('each host that begins, or wakes, says what a task waits for before it has tried to start it, and after', async () => {
  const falls: readonly Happening[] = [{ type: 'CrashHost' }, { type: 'PauseHost', forMs: 3_000, overlapMs: 0 }];
  const from = scenario(
    [0, { type: 'PodQuota', hard: 0 }],
    [0, agent({ maxConcurrentTasks: 1 })],
    [1_000, create('t0', {})],
    [2_000, create('t1', {})],
    ...Array.from({ length: 12 }, (_, index) => [5_000 * (index + 1), falls[index % 2] ?? { type: 'CrashHost' }] as const),
    [90_000, { type: 'PodQuota', hard: null }],
  );
  const { ledger } = await expectFine({ ...from, quietAfterMs: 100_000 });
  for (const { latest } of ledger.tasks.values()) expect(latest.status).toMatchObject({ phase: 'Completed' });
});

test('a place stays the task’s that was given it, also where the limit is lowered before its pod is made', async () => {
  const FILES_OF_BOTH = 2;
  const from = scenario(
    [0, agent({ maxConcurrentTasks: 2 })],
    [100, create('t0', { runForMs: 10_000 })],
    [100, create('t1', { runForMs: 10_000 })],
    [4_104, agent({ maxConcurrentTasks: 1 })],
  );
  // The next leader finds the files of both there, and looks at them; meanwhile the limit is lowered.
  const { lines, ledger } = await expectFine(from, { strike: (write) => (write === FILES_OF_BOTH ? 'DiesAfter' : 'Nothing') });
  const text = lines.join('\n');
  expect(
    [...ledger.pods.values()].map(({ createdBy }) => createdBy),
    text,
  ).toEqual(['host-2', 'host-2']);
  expect(ledger.limits.of('team-a/coder'), text).toHaveLength(2);
});

test('an attempt that is made again names what its own pod was made for, not what one of that name was that had come too late', async () => {
  const POD = 2;
  const from = scenario(
    [0, agent()],
    [0, template('base')],
    [100, create('t0', {})],
    [150, { type: 'CrashHost' }],
    // Before the next leader looks.
    [200, { type: 'StopTask', at: at('t0') }],
    [30_000, { type: 'PatchTask', at: at('t0'), spec: { agentRef: null, templateRef: { name: 'base' } } }],
    [31_000, { type: 'RetryTask', at: at('t0'), attempt: 'Next', isFreed: true }],
  );
  const late = { delay: (write: number) => (write === POD ? 20_000 : 0) };
  const { lines, ledger } = await expectFine({ ...from, quietAfterMs: 60_000 }, late);
  const text = lines.join('\n');
  const [task] = ledger.tasks.values();
  expect(
    task?.pods.map(({ name, agent: of }) => [name, of]),
    text,
  ).toEqual([
    ['t0-pod', 'team-a/coder'],
    ['t0-pod', undefined],
  ]);
  expect(task?.latest.status, text).toMatchObject({ phase: 'Completed', templateRef: { name: 'base' } });
});

test('a leader that had stood still, and does not know yet that it leads no more, ends an attempt that a person has asked for since by the pod that it had made, and that is gone', async () => {
  const POD = 2;
  const from = scenario(
    [0, agent()],
    [1_000, create('t0', {})],
    [5_000, { type: 'PauseHost', forMs: 40_000, overlapMs: 2_000 }],
    // No Agent can be made of this: the next leader fails the task.
    [5_500, { type: 'ApplyAgent', at: at('coder'), spec: { command: 'bash' } }],
    [25_000, { type: 'Delete', kind: 'Agent', at: at('coder'), options: {} }],
    [26_000, { type: 'RetryTask', at: at('t0'), attempt: 'Next', isFreed: true }],
  );
  const late = { delay: (write: number) => (write === POD ? 20_000 : 0) };
  const { lines, ledger } = await expectFine({ ...from, quietAfterMs: 60_000 }, late);
  const text = lines.join('\n');
  const [task] = ledger.tasks.values();
  expect(task?.ended?.by, text).toBe('host-1');
  expect(task?.latest.status, text).toMatchObject({ phase: 'Failed', cause: 'PodDeleted' });
});
