import { describe, test } from 'vitest';
import type { PodScript } from '#host/cluster/memory/pod-script.ts';
import type { Scenario } from '#host/simulation/scenario.ts';
import { expectSame, expectSameEverywhere, run } from './crash-runs.ts';
import { agent, at, create, scenario } from './hand-written.ts';

const RUNS: PodScript['outcome'] = 'never';
const SCENARIOS: readonly { readonly name: string; readonly scenario: Scenario }[] = [
  { name: 'a plain Task', scenario: scenario([0, agent()], [100, create('t0', {})]) },
  { name: 'a Task that fails', scenario: scenario([0, agent()], [100, create('t0', { outcome: 'fail', exitCode: 3 })]) },
  {
    name: 'a queued Task',
    scenario: scenario([0, agent({ maxConcurrentTasks: 1 })], [100, create('t0', {})], [200, create('t1', {})]),
  },
  {
    name: 'a quota',
    scenario: scenario([0, agent({ quota: { maxTaskStarts: 1, windowSeconds: 60 } })], [100, create('t0', {})], [200, create('t1', {})]),
  },
  {
    name: 'a stop',
    scenario: scenario([0, agent()], [100, create('t0', { outcome: RUNS, stopExitCode: 0 })], [30_000, { type: 'StopTask', at: at('t0') }]),
  },
  {
    name: 'a stop that retains the Pod',
    scenario: scenario(
      [0, agent()],
      [100, create('t0', { outcome: RUNS }, { stop: { mode: 'Retain' } })],
      [30_000, { type: 'StopTask', at: at('t0') }],
    ),
  },
  { name: 'a timeout', scenario: scenario([0, agent()], [100, create('t0', { outcome: RUNS }, { timeout: '30s' })]) },
  {
    name: 'an Attach Task',
    scenario: scenario(
      [0, agent({ execution: 'Attach' })],
      [50, { type: 'AgentReady', at: at('coder'), ready: true }],
      [100, create('t0', {})],
    ),
  },
  {
    name: 'a Pod that somebody deletes',
    scenario: scenario(
      [0, agent()],
      [100, create('t0', { outcome: RUNS, stopExitCode: 0 })],
      [30_000, { type: 'Delete', kind: 'Pod', at: at('t0-pod'), options: {} }],
    ),
  },
  {
    name: 'a Task that is deleted while it runs',
    scenario: scenario(
      [0, agent()],
      [100, create('t0', { outcome: RUNS })],
      [30_000, { type: 'Delete', kind: 'Task', at: at('t0'), options: { propagationPolicy: 'Foreground' } }],
    ),
  },
  {
    name: 'a Pod with an injected container that runs on',
    scenario: scenario([0, { type: 'Webhook', adds: { sidecar: true } }], [0, agent()], [100, create('t0', {})]),
  },
  {
    name: 'an init container that fails',
    scenario: scenario([0, agent()], [100, create('t0', { outcome: 'fail', container: 'context-init' })]),
  },
  {
    name: 'a namespace that is deleted',
    scenario: scenario([0, agent()], [100, create('t0', { outcome: RUNS })], [30_000, { type: 'DeleteNamespace', namespace: 'team-a' }]),
  },
  {
    name: 'a Task that is cleaned up',
    scenario: scenario([0, agent()], [100, create('t0', {}, { cleanup: { ttlSecondsAfterFinished: 5 } })]),
  },
];

describe.each(SCENARIOS)('$name', ({ scenario: from }) => {
  test('ends the same wherever its host dies or stands still', async () => {
    await expectSameEverywhere(from);
  });
});

test('a plain Task ends the same wherever two hosts die, one after the other', async () => {
  const from = scenario([0, agent()], [100, create('t0', {})]);
  const baseline = await run(from);
  for (let first = 1; first <= baseline.writes; first++) {
    for (let second = first + 1; second <= baseline.writes + 2; second++) {
      for (const one of ['DiesBefore', 'DiesAfter'] as const) for (const other of ['DiesBefore', 'DiesAfter'] as const) await expectSame(from, baseline, new Map([[first, one], [second, other]])); // biome-ignore format: a product
    }
  }
});
