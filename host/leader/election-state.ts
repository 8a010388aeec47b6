import type { LeaseRecord } from './lease.ts';

export interface Observation {
  readonly record: LeaseRecord;
  readonly resourceVersion: string;
  /** Local monotonic time at which this record was first seen: the only age that counts. */
  readonly sinceMs: number;
}

export interface PendingCall {
  readonly call: 'Get' | 'Acquire' | 'Renew' | 'Release';
  readonly sentAtMs: number;
}

export interface ElectionState {
  readonly role: 'Standby' | 'Leading' | 'Releasing' | 'Ended';
  readonly observed?: Observation;
  /** The last write was answered badly or not at all: look before the next one. */
  readonly stale?: true;
  /** 409s in a row: the first is looked into at once, the next ones wait, so that no server can make us spin. */
  readonly conflicts?: number;
  readonly pending?: PendingCall;
  /** When to try next, if nothing is pending. Monotonic. */
  readonly nextTryAtMs: number;
  /** While the lease may be ours: until when we may act. Monotonic. */
  readonly validUntilMs?: number;
}

/** All times come in with the input: `nowMs` monotonic, `epochMs` only to be written down, `jitter` in [0, 1). */
export interface Moment {
  readonly nowMs: number;
  readonly epochMs: number;
  readonly jitter: number;
}

export type ElectionInput =
  /** The time that `wakeAtMs` named has come (or any other time: it is harmless). */
  | { readonly type: 'Tick' }
  | { readonly type: 'Found'; readonly record: LeaseRecord; readonly resourceVersion: string }
  | { readonly type: 'Absent' }
  | { readonly type: 'Written'; readonly record: LeaseRecord; readonly resourceVersion: string }
  /** 409: somebody else wrote in between; nothing of ours happened. */
  | { readonly type: 'Conflict' }
  /** Refused otherwise, or no answer; a write may have happened. */
  | { readonly type: 'Failed' }
  /** The work in hand is done: give the lease back. */
  | { readonly type: 'Release' };

export type ElectionOutput =
  | { readonly type: 'Get' }
  | { readonly type: 'Create'; readonly record: LeaseRecord }
  | { readonly type: 'Replace'; readonly record: LeaseRecord; readonly resourceVersion: string }
  | { readonly type: 'StartLeading'; readonly transitions: number }
  /** Stop acting now. `Deadline`: could not renew in time. `Taken`: another holds it. `Released`: given back on purpose. */
  | { readonly type: 'StopLeading'; readonly cause: 'Deadline' | 'Taken' | 'Released' }
  /** Abort what is on the wire: its answer is of no use any more. */
  | { readonly type: 'AbortCalls' }
  /** Another holder was seen for the first time. */
  | { readonly type: 'NewLeader'; readonly identity: string }
  | { readonly type: 'End'; readonly outcome: 'Lost' | 'Released' };

export interface ElectionStep {
  readonly state: ElectionState;
  readonly outputs: readonly ElectionOutput[];
}

/** A standby that asks at once. */
export function initialElection(nowMs: number): ElectionState {
  return { role: 'Standby', nextTryAtMs: nowMs };
}

/** When a `Tick` is due; undefined when only an answer can go on. Monotonic. */
export function wakeAtMs(state: ElectionState): number | undefined {
  if (state.role === 'Ended') return undefined;
  const times = [...(state.pending ? [] : [state.nextTryAtMs]), ...(state.validUntilMs === undefined ? [] : [state.validUntilMs])];
  return times.length === 0 ? undefined : Math.min(...times);
}
