import { expect, test } from 'vitest';
import type { TaskStatus } from '#core/api/task.ts';
import { NO_FAULTS, type Scenario, SHARE_LABEL } from '#host/simulation/scenario.ts';
import { type History, simulate } from '#host/simulation/simulate.ts';
import { sourceEngine } from '#test/support/source-engine.ts';
import { agent, agentNamed, at, create, scenario, template } from './hand-written.ts';
import { MUTANTS } from './mutants.ts';

interface Regression {
  /** What went wrong once, as the history told it. */
  readonly found: string;
  readonly scenario: Scenario;
  /** How `t0` has to end. */
  readonly end: Partial<TaskStatus>;
  /** The mistake that is among the mutants and has to show in this history: so it is known to look where it should. */
  readonly mutant?: string;
  /** Longest time from the creation of `t0` to its Pod, in milliseconds. */
  readonly startsWithinMs?: number;
}

const RUNS = { outcome: 'never' } as const;
const COMPLETED = { phase: 'Completed' } as const;
const STOPPED = { phase: 'Completed', cause: 'Stopped' } as const;

const REGRESSIONS: readonly Regression[] = [
  {
    found: 'a host whose clock is 10 s ahead told of each stop that the agent had failed by itself',
    scenario: scenario(
      [0, agent()],
      [100, create('t0', RUNS)],
      [5_000, { type: 'JumpClock', byMs: 10_000 }],
      [30_000, { type: 'StopTask', at: at('t0') }],
    ),
    end: STOPPED,
  },
  {
    found: 'a host whose clock is a minute ahead told of each stop that somebody had deleted the pod',
    scenario: scenario(
      [0, agent()],
      [100, create('t0', RUNS)],
      [5_000, { type: 'JumpClock', byMs: 60_000 }],
      [30_000, { type: 'StopTask', at: at('t0') }],
    ),
    end: STOPPED,
  },
  {
    found: 'by a host whose clock is behind a task had ended before it started',
    scenario: { ...scenario([0, agent()], [50, { type: 'JumpClock', byMs: -60_000 }], [100, create('t0', {})]), isUndated: true },
    end: COMPLETED,
    mutant: 'an end is written down by a clock that is behind the start',
  },
  {
    found: 'a clock that was set back by a quarter of an hour put off all retries by as much',
    scenario: {
      ...scenario(
        [0, agent()],
        [0, { type: 'PodQuota', hard: 0 }],
        [100, create('t0', {})],
        [5_000, { type: 'JumpClock', byMs: -900_000 }],
        [10_000, { type: 'PodQuota', hard: null }],
      ),
      isUndated: true,
    },
    end: COMPLETED,
    startsWithinMs: 150_000,
  },
  {
    found: 'a host whose clock is behind did not know its own record of a start again, and used the quota up with one task',
    scenario: {
      ...scenario(
        [0, agent({ quota: { maxTaskStarts: 2, windowSeconds: 600 } })],
        [0, { type: 'PodQuota', hard: 0 }],
        [50, { type: 'JumpClock', byMs: -60_000 }],
        [100, create('t0', {})],
        [20_000, { type: 'PodQuota', hard: null }],
      ),
      isUndated: true,
    },
    end: COMPLETED,
    startsWithinMs: 100_000,
  },
  {
    found: 'conditions that are no list, written by hand, made the work on their task throw',
    scenario: scenario(
      [0, agent()],
      [100, create('t0', RUNS)],
      [5_000, { type: 'EditStatus', at: at('t0'), status: { conditions: 'none' } }],
      [9_000, { type: 'StopTask', at: at('t0') }],
    ),
    end: STOPPED,
  },
  {
    found: 'a number of attempts, written by hand before Running was, made a second pod beside the first',
    scenario: scenario(
      [0, agent()],
      [100, create('t0', RUNS)],
      [105, { type: 'EditStatus', at: at('t0'), status: { attemptCount: 3 } }],
      [9_000, { type: 'StopTask', at: at('t0') }],
    ),
    end: STOPPED,
  },
  {
    found: 'a pod’s name, written by hand before the start, made its task wait for that pod for ever',
    scenario: scenario(
      [0, agent({ suspend: true })],
      [100, create('t0', {})],
      [1_000, { type: 'EditStatus', at: at('t0'), status: { podName: 'other' } }],
      [2_000, agent({ suspend: false })],
    ),
    end: { ...COMPLETED, podName: 't0-pod' },
  },
  {
    found: 'a task that came to name another agent right after its pod was made took that one’s place',
    scenario: scenario(
      [0, agent()],
      [0, agentNamed('writer')],
      [100, create('t0', {})],
      [105, { type: 'PatchTask', at: at('t0'), spec: { agentRef: { name: 'writer' } } }],
    ),
    end: { ...COMPLETED, agentRef: { name: 'coder' } },
    mutant: 'a Task runs for the Agent that its spec names by now',
  },
  {
    found: 'a task that had queued for an agent and then ran from a template held the agent’s place',
    scenario: scenario(
      [0, agent({ suspend: true, maxConcurrentTasks: 1 })],
      [0, template('base')],
      [100, create('t0', { runForMs: 60_000 })],
      [1_000, { type: 'PatchTask', at: at('t0'), spec: { agentRef: null, templateRef: { name: 'base' } } }],
      [2_000, agent({ suspend: false })],
      [3_000, create('t1', RUNS)],
      [4_000, { type: 'StopTask', at: at('t1') }],
    ),
    end: { ...COMPLETED, templateRef: { name: 'base' } },
  },
  {
    found: 'an agent whose limit fell while its tasks were being decided ran one too many',
    scenario: {
      ...scenario(
        [0, create('t0', { runForMs: 20_000 })],
        [0, create('t1', {})],
        [20_000, agent({ maxConcurrentTasks: 2 })],
        [27_000, agent({ maxConcurrentTasks: 1 })],
      ),
      rates: { ...NO_FAULTS, watchStall: 0.1 },
      quietAfterMs: 30_000,
    },
    end: COMPLETED,
  },
  {
    found: 'a stop, while an init container waited for its start, was told as a failure of the agent',
    scenario: scenario(
      [0, agent()],
      [100, create('t0', { outcome: 'config-error', container: 'context-init' })],
      [30_000, { type: 'StopTask', at: at('t0') }],
    ),
    end: STOPPED,
  },
  {
    found: 'a deadline that somebody set after a pod had been evicted made it seem to have ended before',
    scenario: scenario(
      [0, agent()],
      [100, create('t0', RUNS)],
      [30_000, { type: 'CrashHost' }],
      [30_100, { type: 'EvictPod', at: at('t0-pod') }],
      [33_000, { type: 'SetDeadline', at: at('t0-pod'), seconds: 20 }],
    ),
    end: { phase: 'Failed', cause: 'Evicted' },
  },
  {
    found: 'an agentRef without a name beside a templateRef made the core ask for an agent without a name',
    scenario: scenario(
      [0, agent()],
      [0, template('base')],
      [100, create('t0', {}, { agentRef: {}, templateRef: { name: 'base' } })],
      [5_000, { type: 'PatchTask', at: at('t0'), spec: { agentRef: null } }],
    ),
    end: COMPLETED,
  },
  {
    found: 'a task that was given to another host, while a write of the first was in doubt, was decided by both',
    scenario: {
      ...scenario(
        [0, agent()],
        [100, create('t0', { runForMs: 40_000 }, {}, { [SHARE_LABEL]: 'a' })],
        [150, { type: 'MoveTask', at: at('t0'), label: 'b' }],
        [20_000, { type: 'StopTask', at: at('t0') }],
      ),
      seed: 15,
      shares: [{ label: 'a' }, { label: 'b' }],
      rates: { ...NO_FAULTS, lose: 1 },
      quietAfterMs: 30_000,
    },
    end: STOPPED,
    mutant: 'a Task that was given to another host is still worked on',
  },
];

async function run(from: Scenario, mutant?: string): Promise<History> {
  const mutation = MUTANTS.find(({ name }) => name === mutant);
  return simulate(from, { engine: sourceEngine, isVerbose: true, ...(mutation === undefined ? {} : { mutation }) });
}

test.each(REGRESSIONS)('$found', async ({ scenario: from, end, mutant, startsWithinMs }) => {
  const { violations, lines, ledger } = await run(from);
  expect(violations, lines.join('\n')).toEqual([]);
  const task = [...ledger.tasks.values()].find(({ name }) => name === 't0');
  expect(task?.latest.status, lines.join('\n')).toMatchObject(end);
  expect([...ledger.pods.values()].length, lines.join('\n')).toBe(ledger.tasks.size);
  if (startsWithinMs !== undefined)
    expect((task?.pods[0]?.createdMs ?? Number.POSITIVE_INFINITY) - (task?.createdMs ?? 0)).toBeLessThan(startsWithinMs);
  if (mutant !== undefined) {
    const known = MUTANTS.find(({ name }) => name === mutant);
    expect(known?.breaks).toContain((await run(from, mutant)).violations[0]?.rule);
  }
});
