import { describe, expect, test } from 'vitest';
import type { PodScript } from '#host/cluster/memory/pod-script.ts';
import type { Fields, Happening, Scenario } from '#host/simulation/scenario.ts';
import { expectSameEverywhere } from './crash-runs.ts';
import { agent, at, create, scenario } from './hand-written.ts';

interface CrashPoint {
  readonly name: string;
  readonly scenario: Scenario;
  /** How `t0` has to end, also without any crash. */
  readonly end: Fields;
  /** Pods that `t0` has to have had. */
  readonly pods: number;
}

const RUNS = { outcome: 'never', stopExitCode: 0 } as const;
const FAILS = { outcome: 'fail', exitCode: 3 } as const;
const RETRY = { limit: 2, backoff: { initial: '2s' } } as const;
const KEPT = { log: { configMapName: expect.stringMatching(/^t0-log-/), truncated: false } };

/** A Task whose Pods go like this, attempt by attempt. */
function attempts(first: Partial<PodScript>, later: readonly Partial<PodScript>[], spec: Fields): Happening {
  return { ...create('t0', first, spec), ...{ later } } as Happening;
}

const CRASH_POINTS: readonly CrashPoint[] = [
  {
    name: 'a retry that succeeds',
    scenario: scenario([0, agent({ maxConcurrentTasks: 1 })], [100, attempts(FAILS, [{}], { retry: RETRY })]),
    end: { phase: 'Completed', attempts: [{ number: 1, cause: 'Application' }, { number: 2 }] },
    pods: 2,
  },
  {
    name: 'retries that are spent',
    scenario: scenario([0, agent()], [100, attempts(FAILS, [FAILS], { retry: { ...RETRY, limit: 1 } })]),
    end: { phase: 'Failed', cause: 'Application' },
    pods: 2,
  },
  {
    name: 'a retry whose start counts in a quota',
    scenario: scenario(
      [0, agent({ quota: { maxTaskStarts: 2, windowSeconds: 120 } })],
      [100, attempts(FAILS, [{}], { retry: RETRY })],
      [200, create('t1', {})],
    ),
    end: { phase: 'Completed' },
    pods: 2,
  },
  {
    name: 'a Pod that is evicted before its agent starts, and replaced',
    scenario: scenario(
      [0, agent()],
      [100, attempts({ startDelayMs: 40_000 }, [{}], { retry: { backoff: { initial: '2s' } } })],
      [20_000, { type: 'EvictPod', at: at('t0-pod') }],
    ),
    end: { phase: 'Completed', retries: { unstarted: 1 } },
    pods: 2,
  },
  {
    name: 'a timeout that is tried again',
    scenario: scenario(
      [0, agent()],
      [100, attempts(RUNS, [{}], { timeout: '30s', retry: { causes: { Timeout: 1 }, backoff: { initial: '2s' } } })],
    ),
    end: { phase: 'Completed', attempts: [{ number: 1, cause: 'Timeout', ...KEPT }, { number: 2 }] },
    pods: 2,
  },
  {
    name: 'a stop that keeps the log of the Pod that it deletes',
    scenario: scenario([0, agent()], [100, create('t0', RUNS)], [30_000, { type: 'StopTask', at: at('t0') }]),
    end: { phase: 'Completed', cause: 'Stopped', attempts: [KEPT] },
    pods: 1,
  },
  {
    name: 'a stop between two attempts',
    scenario: scenario(
      [0, agent()],
      [100, attempts(FAILS, [{}], { retry: { limit: 1, backoff: { initial: '120s' } } })],
      [60_000, { type: 'StopTask', at: at('t0') }],
    ),
    end: { phase: 'Completed', cause: 'Stopped' },
    pods: 1,
  },
  {
    name: 'an attempt that a person asks for',
    scenario: scenario(
      [0, agent()],
      [100, attempts(FAILS, [{}], {})],
      [60_000, { type: 'RetryTask', at: at('t0'), attempt: 'Next' }],
      [61_000, { type: 'RetryTask', at: at('t0'), attempt: '2' }],
    ),
    end: { phase: 'Completed' },
    pods: 2,
  },
  {
    name: 'an image that can’t be pulled for too long',
    scenario: scenario([0, agent()], [100, create('t0', { outcome: 'image-pull' }, { pendingTimeouts: { imagePull: '20s' } })]),
    end: { phase: 'Failed', cause: 'Image' },
    pods: 1,
  },
  {
    name: 'a Pod that goes some time after the end, with the end of its log kept',
    scenario: scenario([0, agent()], [100, create('t0', {}, { cleanup: { pod: { completed: 'Delete', delaySeconds: 20 } } })]),
    end: { phase: 'Completed', attempts: [KEPT] },
    pods: 1,
  },
];

describe.each(CRASH_POINTS)('$name', ({ scenario: from, end, pods }) => {
  test('ends the same wherever its host dies or stands still', async () => {
    const { ledger, lines } = await expectSameEverywhere(from, { areLogsKept: true });
    const task = [...ledger.tasks.values()].find(({ name }) => name === 't0');
    expect(task?.latest.status, lines.join('\n')).toMatchObject(end);
    expect(task?.pods.length).toBe(pods);
  });
});
