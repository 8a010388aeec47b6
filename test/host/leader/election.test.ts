import { describe, expect, test } from 'vitest';
import { step } from '#host/leader/election.ts';
import type { ElectionConfig } from '#host/leader/election-config.ts';
import { electionConfigFaults } from '#host/leader/election-config.ts';
import { type ElectionInput, type ElectionOutput, type ElectionState, initialElection, wakeAtMs } from '#host/leader/election-state.ts';
import type { LeaseRecord } from '#host/leader/lease.ts';
import { leaseObject, leaseRecord, microTime } from '#host/leader/lease.ts';

const CONFIG: ElectionConfig = { identity: 'me', leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 };
const EPOCH_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const OTHER: LeaseRecord = { holderIdentity: 'other', leaseDurationSeconds: 15, acquireTime: 'a', renewTime: 'r', leaseTransitions: 4 };
const FREE: LeaseRecord = { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: 'a', renewTime: 'r', leaseTransitions: 4 };
const MINE: LeaseRecord = { holderIdentity: 'me', leaseDurationSeconds: 15, acquireTime: 'then', renewTime: 'r', leaseTransitions: 5 };

/** Feeds inputs at times; the outputs of the last one. */
function run(...inputs: readonly (readonly [nowMs: number, input: ElectionInput])[]): {
  state: ElectionState;
  outputs: readonly ElectionOutput[];
} {
  let result: { state: ElectionState; outputs: readonly ElectionOutput[] } = { state: initialElection(0), outputs: [] };
  for (const [nowMs, input] of inputs) result = step(CONFIG, result.state, input, { nowMs, epochMs: EPOCH_MS, jitter: 0.5 });
  return result;
}

const tick = { type: 'Tick' } as const;
const found = (record: LeaseRecord, resourceVersion = '7'): ElectionInput => ({ type: 'Found', record, resourceVersion });
const written = (record: LeaseRecord = MINE, resourceVersion = '8'): ElectionInput => ({ type: 'Written', record, resourceVersion });
/** Took a free lease with a write sent at 10 ms and answered at 20 ms. */
const leading = [
  [0, tick],
  [10, found(FREE)],
  [20, written()],
] as const;

describe('a standby', () => {
  test('looks first', () => expect(run([0, tick]).outputs).toEqual([{ type: 'Get' }]));

  test('makes the Lease when there is none', () => {
    const now = '2026-01-02T03:04:05.678000Z';
    const record = { holderIdentity: 'me', leaseDurationSeconds: 15, acquireTime: now, renewTime: now, leaseTransitions: 0 };
    expect(run([0, tick], [5, { type: 'Absent' }]).outputs).toEqual([{ type: 'Create', record }]);
  });

  test('takes a released one with its resourceVersion and counts the transition', () => {
    expect(run([0, tick], [5, found(FREE)]).outputs).toMatchObject([
      { type: 'Replace', resourceVersion: '7', record: { holderIdentity: 'me', leaseTransitions: 5, leaseDurationSeconds: 15 } },
    ]);
  });

  test('leaves a held one alone for a whole lease from when it first saw it, and asks again with jitter', () => {
    const { state, outputs } = run([0, tick], [5, found(OTHER)]);
    expect(outputs).toEqual([{ type: 'NewLeader', identity: 'other' }]);
    expect(wakeAtMs(state)).toBe(5 + 2_000 * (1 + 1.2 * 0.5));
  });

  test('names a leader once', () => {
    expect(run([0, tick], [5, found(OTHER)], [4_000, tick], [4_005, found({ ...OTHER, renewTime: 'later' })]).outputs).toEqual([]);
  });

  test('counts the lease from the last change of the record that it saw, not from the times in it', () => {
    const changed = found({ ...OTHER, renewTime: 'later' }, '8');
    const history = [
      [0, tick],
      [5, found(OTHER)],
      [4_000, tick],
      [4_005, changed],
    ] as const;
    expect(run(...history, [15_100, tick], [15_105, changed]).outputs).toEqual([]);
    expect(run(...history, [15_100, tick], [15_105, changed], [19_005, tick], [19_010, changed]).outputs).toMatchObject([
      { type: 'Replace' },
    ]);
  });

  test('is not misled by a new resourceVersion alone', () => {
    expect(run([0, tick], [5, found(OTHER)], [15_010, tick], [15_015, found(OTHER, '99')]).outputs).toMatchObject([
      { type: 'Replace', resourceVersion: '99' },
    ]);
  });

  test('wakes at the end of a lease when that is nearer than its next try', () => {
    const { state } = run([0, tick], [5, found(OTHER)], [13_900, tick], [13_905, found(OTHER)]);
    expect(wakeAtMs(state)).toBe(15_005);
  });

  test('obeys the duration that the holder wrote, not its own', () => {
    const long = { ...OTHER, leaseDurationSeconds: 60 };
    expect(run([0, tick], [5, found(long)], [20_000, tick], [20_005, found(long)]).outputs).toEqual([]);
  });

  test.each([
    ['lost the race', { type: 'Conflict' }],
    ['got no answer', { type: 'Failed' }],
  ] as const)('waits a retry when it %s', (_name, answer) => {
    const { state, outputs } = run([0, tick], [10, found(FREE)], [20, answer]);
    expect(outputs).toEqual([]);
    expect(state.role).toBe('Standby');
    expect(wakeAtMs(state)).toBe(20 + 3_200);
  });

  test('renews without a transition when the write that got no answer had happened', () => {
    expect(run([0, tick], [10, found(FREE)], [20, { type: 'Failed' }], [4_000, tick], [4_010, found(MINE)]).outputs).toMatchObject([
      { type: 'Replace', record: { leaseTransitions: 5, acquireTime: 'then' } },
    ]);
  });

  test('does not lead on an answer that came after the deadline', () => {
    const { state, outputs } = run([0, tick], [10, found(FREE)], [10_010, written()]);
    expect(state.role).toBe('Standby');
    expect(outputs).toEqual([{ type: 'Get' }]);
  });

  test('ends at once when asked to release nothing', () => {
    expect(run([0, tick], [5, { type: 'Release' }]).outputs).toEqual([{ type: 'AbortCalls' }, { type: 'End', outcome: 'Released' }]);
  });

  test('gives back what a write on its way brought, without having led', () => {
    const { outputs } = run([0, tick], [10, found(FREE)], [15, { type: 'Release' }], [20, written()]);
    expect(outputs).toMatchObject([{ type: 'Replace', resourceVersion: '8', record: { holderIdentity: '', leaseDurationSeconds: 1 } }]);
  });
});

describe('a leader', () => {
  test('leads from the answer, until the deadline after the SENDING of its write', () => {
    const { state, outputs } = run(...leading);
    expect(outputs).toEqual([{ type: 'StartLeading', transitions: 5 }]);
    expect(state).toMatchObject({ role: 'Leading', validUntilMs: 10 + 10_000, nextTryAtMs: 10 + 2_000 });
  });

  test('renews with the resourceVersion it knows, without looking', () => {
    expect(run(...leading, [2_010, tick]).outputs).toMatchObject([
      { type: 'Replace', resourceVersion: '8', record: { acquireTime: 'then', leaseTransitions: 5 } },
    ]);
  });

  test('looks after a failed write', () => {
    expect(run(...leading, [2_010, tick], [2_020, { type: 'Failed' }], [4_020, tick]).outputs).toEqual([{ type: 'Get' }]);
  });

  test('looks at once after a conflict, and waits after a second one', () => {
    const once = [...leading, [2_010, tick], [2_020, { type: 'Conflict' }]] as const;
    expect(run(...once).outputs).toEqual([{ type: 'Get' }]);
    const twice = run(...once, [2_030, found(MINE, '9')], [2_040, { type: 'Conflict' }]);
    expect(twice.outputs).toEqual([]);
    expect(wakeAtMs(twice.state)).toBe(4_040);
  });

  test('stops when another holds the lease', () => {
    expect(run(...leading, [2_010, tick], [2_020, { type: 'Conflict' }], [2_030, found(OTHER, '9')]).outputs).toEqual([
      { type: 'StopLeading', cause: 'Taken' },
      { type: 'End', outcome: 'Lost' },
    ]);
  });

  test('makes the Lease again when somebody removed it', () => {
    expect(run(...leading, [2_010, tick], [2_020, { type: 'Conflict' }], [2_030, { type: 'Absent' }]).outputs).toMatchObject([
      { type: 'Create', record: { holderIdentity: 'me', leaseTransitions: 5 } },
    ]);
  });

  test.each([
    ['the timer', tick],
    ['a late answer', written()],
  ] as const)('stops at the deadline, whatever comes first: %s', (_name, input) => {
    expect(run(...leading, [9_000, tick], [10_010, input]).outputs).toEqual([
      { type: 'StopLeading', cause: 'Deadline' },
      { type: 'AbortCalls' },
      { type: 'End', outcome: 'Lost' },
    ]);
  });

  test('asks to be woken at the deadline while a call is on its way', () => {
    expect(wakeAtMs(run(...leading, [2_010, tick]).state)).toBe(10_010);
  });

  test('gives back: stops, writes an empty holder, ends', () => {
    const given = run(...leading, [3_000, { type: 'Release' }]);
    expect(given.outputs).toMatchObject([
      { type: 'StopLeading', cause: 'Released' },
      { type: 'Replace', record: { holderIdentity: '', leaseTransitions: 5 } },
    ]);
    expect(run(...leading, [3_000, { type: 'Release' }], [3_010, written({ ...FREE, leaseTransitions: 5 }, '9')]).outputs).toEqual([
      { type: 'End', outcome: 'Released' },
    ]);
  });

  test('waits for a renewal on its way before it gives back', () => {
    const asked = [...leading, [2_010, tick], [2_015, { type: 'Release' }]] as const;
    expect(run(...asked).outputs).toEqual([{ type: 'StopLeading', cause: 'Released' }]);
    expect(run(...asked, [2_020, written(MINE, '9')]).outputs).toMatchObject([
      { type: 'Replace', resourceVersion: '9', record: { holderIdentity: '' } },
    ]);
  });
});

describe('the Lease object', () => {
  test('times are MicroTime', () => expect(microTime(EPOCH_MS)).toBe('2026-01-02T03:04:05.678000Z'));

  test('reads back what it writes', () => {
    expect(leaseRecord(leaseObject({ namespace: 'ns', name: 'n' }, MINE))).toEqual(MINE);
  });

  test('one made by hand without a spec is free', () => {
    expect(leaseRecord({ metadata: { name: 'n' } })).toEqual({ holderIdentity: '', leaseDurationSeconds: 0, leaseTransitions: 0 });
  });
});

test.each([
  ['defaults', {}, 0],
  ['deadline as long as the lease', { renewDeadlineMs: 15_000 }, 1],
  ['retry too near to the deadline', { retryPeriodMs: 9_000 }, 1],
  ['half seconds', { leaseDurationMs: 15_500 }, 1],
  ['no retry', { retryPeriodMs: 0 }, 1],
])('durations: %s', (_name, change, faults) => expect(electionConfigFaults({ ...CONFIG, ...change })).toHaveLength(faults));
