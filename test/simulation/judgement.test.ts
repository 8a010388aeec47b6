import { expect, test } from 'vitest';
import { quickEngine } from '#test/support/source-engine.ts';
import { agent, at, create, scenario } from './hand-written.ts';
import { NO_FAULTS, NODES, type Scenario } from './scenario.ts';
import { type History, simulate } from './simulate.ts';

/** What the invariants once took for a fault of the host, and is none. */

const engine = quickEngine();

async function expectFine(from: Scenario): Promise<History> {
  const history = await simulate(from, { engine });
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
