import { assertNever } from '#core/contract/decision.ts';
import type { ElectionConfig } from './election-config.ts';
import { JITTER_FACTOR } from './election-config.ts';
import type { ElectionInput, ElectionOutput, ElectionState, ElectionStep, Moment, Observation } from './election-state.ts';
import type { LeaseRecord } from './lease.ts';
import { microTime } from './lease.ts';

/** One move of one elector. */
export function step(config: ElectionConfig, state: ElectionState, input: ElectionInput, at: Moment): ElectionStep {
  if (state.role === 'Ended') return { state, outputs: [] };
  if (state.validUntilMs !== undefined && at.nowMs >= state.validUntilMs) return pastDeadline(state);
  switch (input.type) {
    case 'Tick':
      return state.pending || at.nowMs < state.nextTryAtMs ? { state, outputs: [] } : attempt(config, state, at);
    case 'Found':
      return found(config, settled(state), input, at);
    case 'Absent':
      return absent(config, settled(state), at);
    case 'Written':
      return written(config, state, input, at);
    case 'Conflict':
      return conflict(config, settled(state), at);
    case 'Failed':
      return later(config, settled(state), at);
    case 'Release':
      return release(config, state, at);
    default:
      return assertNever(input);
  }
}

/** No good write in time. A leader ends for good: what it knows of the cluster may be old, a fresh process starts clean. One that was only giving back has nothing more to give. */
function pastDeadline(state: ElectionState): ElectionStep {
  const { pending } = state;
  const lost = state.role === 'Leading';
  return {
    state: { role: 'Ended', nextTryAtMs: state.nextTryAtMs },
    outputs: [
      ...(lost ? [{ type: 'StopLeading', cause: 'Deadline' } as const] : []),
      ...(pending ? [{ type: 'AbortCalls' } as const] : []),
      { type: 'End', outcome: lost ? 'Lost' : 'Released' },
    ],
  };
}

/** Next call when the time to try has come. Who holds the lease writes at once (client-go's fast path); who does not looks first. */
function attempt(config: ElectionConfig, state: ElectionState, at: Moment): ElectionStep {
  const { observed, role } = state;
  if (role === 'Standby' || observed === undefined || state.stale) return get(state, at);
  return role === 'Releasing' ? giveBack(state, observed, at) : renew(config, state, observed, at);
}

function found(
  config: ElectionConfig,
  state: ElectionState,
  input: { readonly record: LeaseRecord; readonly resourceVersion: string },
  at: Moment,
): ElectionStep {
  const { stale: _looked, ...rest } = state;
  const before = state.observed;
  const observed = observe(before, input, at);
  const known: ElectionState = { ...rest, observed };
  const holder = observed.record.holderIdentity;
  if (holder === config.identity) return state.role === 'Releasing' ? giveBack(known, observed, at) : renew(config, known, observed, at);
  if (state.role !== 'Standby') return taken(known);
  const news: readonly ElectionOutput[] =
    holder !== '' && holder !== before?.record.holderIdentity ? [{ type: 'NewLeader', identity: holder }] : [];
  const freeAtMs = observed.sinceMs + observed.record.leaseDurationSeconds * 1000;
  if (holder !== '' && at.nowMs < freeAtMs) {
    return { state: { ...known, nextTryAtMs: Math.min(at.nowMs + retryDelayMs(config, state, at), freeAtMs) }, outputs: news };
  }
  const record = heldBy(config, at, { leaseTransitions: observed.record.leaseTransitions + 1 });
  return {
    state: { ...known, pending: { call: 'Acquire', sentAtMs: at.nowMs } },
    outputs: [...news, { type: 'Replace', record, resourceVersion: observed.resourceVersion }],
  };
}

/** The Lease is not there: the first one ever, or somebody removed it. */
function absent(config: ElectionConfig, state: ElectionState, at: Moment): ElectionStep {
  if (state.role === 'Releasing') return ended(state, 'Released');
  const { observed: _gone, ...rest } = state;
  const record = heldBy(config, at, { leaseTransitions: state.observed?.record.leaseTransitions ?? 0 });
  const call = state.role === 'Leading' ? 'Renew' : 'Acquire';
  return { state: { ...rest, pending: { call, sentAtMs: at.nowMs } }, outputs: [{ type: 'Create', record }] };
}

function written(
  config: ElectionConfig,
  state: ElectionState,
  input: { readonly record: LeaseRecord; readonly resourceVersion: string },
  at: Moment,
): ElectionStep {
  const sentAtMs = state.pending?.sentAtMs ?? at.nowMs;
  const observed: Observation = { record: input.record, resourceVersion: input.resourceVersion, sinceMs: at.nowMs };
  const { stale: _good, conflicts: _over, ...rest } = settled(state);
  const known: ElectionState = { ...rest, observed };
  if (input.record.holderIdentity !== config.identity) return ended(known, 'Released');
  const validUntilMs = sentAtMs + config.renewDeadlineMs;
  if (state.role === 'Releasing') return giveBack({ ...known, validUntilMs }, observed, at);
  // An answer that took longer than the deadline proves nothing: look again before leading.
  if (at.nowMs >= validUntilMs) return get(known, at);
  return {
    state: { ...known, role: 'Leading', validUntilMs, nextTryAtMs: Math.max(at.nowMs, sentAtMs + config.retryPeriodMs) },
    outputs: state.role === 'Standby' ? [{ type: 'StartLeading', transitions: input.record.leaseTransitions }] : [],
  };
}

function conflict(config: ElectionConfig, state: ElectionState, at: Moment): ElectionStep {
  const conflicts = (state.conflicts ?? 0) + 1;
  const counted = { ...state, conflicts };
  // A standby was beaten to it; a leader wants to know at once whether it still is one.
  return state.role === 'Standby' || conflicts > 1 ? later(config, counted, at) : get(counted, at);
}

function later(config: ElectionConfig, state: ElectionState, at: Moment): ElectionStep {
  return { state: { ...state, stale: true, nextTryAtMs: at.nowMs + retryDelayMs(config, state, at) }, outputs: [] };
}

function release(config: ElectionConfig, state: ElectionState, at: Moment): ElectionStep {
  switch (state.role) {
    case 'Leading': {
      const stop: ElectionOutput = { type: 'StopLeading', cause: 'Released' };
      const next: ElectionState = { ...state, role: 'Releasing' };
      if (state.pending || state.observed === undefined) return { state: next, outputs: [stop] };
      const given = giveBack(next, state.observed, at);
      return { state: given.state, outputs: [stop, ...given.outputs] };
    }
    case 'Standby':
      // A write on its way may make the lease ours: wait for it, then give it back.
      if (state.pending && state.pending.call !== 'Get') {
        return { state: { ...state, role: 'Releasing', validUntilMs: state.pending.sentAtMs + config.renewDeadlineMs }, outputs: [] };
      }
      return ended(state, 'Released');
    case 'Releasing':
    case 'Ended':
      return { state, outputs: [] };
    default:
      return assertNever(state.role);
  }
}

function get(state: ElectionState, at: Moment): ElectionStep {
  return { state: { ...state, pending: { call: 'Get', sentAtMs: at.nowMs } }, outputs: [{ type: 'Get' }] };
}

function renew(config: ElectionConfig, state: ElectionState, observed: Observation, at: Moment): ElectionStep {
  const { leaseTransitions, acquireTime } = observed.record;
  const record = heldBy(config, at, { leaseTransitions, ...(acquireTime === undefined ? {} : { acquireTime }) });
  return {
    state: { ...state, pending: { call: state.role === 'Leading' ? 'Renew' : 'Acquire', sentAtMs: at.nowMs } },
    outputs: [{ type: 'Replace', record, resourceVersion: observed.resourceVersion }],
  };
}

/** An empty holder with a lease of one second, as client-go `release` writes it: the next standby that looks takes it. */
function giveBack(state: ElectionState, observed: Observation, at: Moment): ElectionStep {
  const now = microTime(at.epochMs);
  const record: LeaseRecord = {
    holderIdentity: '',
    leaseDurationSeconds: 1,
    acquireTime: now,
    renewTime: now,
    leaseTransitions: observed.record.leaseTransitions,
  };
  return {
    state: { ...state, pending: { call: 'Release', sentAtMs: at.nowMs } },
    outputs: [{ type: 'Replace', record, resourceVersion: observed.resourceVersion }],
  };
}

function taken(state: ElectionState): ElectionStep {
  if (state.role === 'Releasing') return ended(state, 'Released');
  const { outputs, ...rest } = ended(state, 'Lost');
  return { ...rest, outputs: [{ type: 'StopLeading', cause: 'Taken' }, ...outputs] };
}

function ended(state: ElectionState, outcome: 'Lost' | 'Released'): ElectionStep {
  const { validUntilMs: _until, pending, ...rest } = state;
  return { state: { ...rest, role: 'Ended' }, outputs: [...(pending ? [{ type: 'AbortCalls' } as const] : []), { type: 'End', outcome }] };
}

/** The clock of a record starts anew only when its content changed: a new resourceVersion alone (a label) renews nothing. */
function observe(
  before: Observation | undefined,
  seen: { readonly record: LeaseRecord; readonly resourceVersion: string },
  at: Moment,
): Observation {
  const same = before !== undefined && JSON.stringify(before.record) === JSON.stringify(seen.record);
  return { record: seen.record, resourceVersion: seen.resourceVersion, sinceMs: same ? before.sinceMs : at.nowMs };
}

function heldBy(
  config: ElectionConfig,
  at: Moment,
  kept: { readonly leaseTransitions: number; readonly acquireTime?: string },
): LeaseRecord {
  const now = microTime(at.epochMs);
  return {
    holderIdentity: config.identity,
    leaseDurationSeconds: config.leaseDurationMs / 1000,
    acquireTime: kept.acquireTime ?? now,
    renewTime: now,
    leaseTransitions: kept.leaseTransitions,
  };
}

function settled(state: ElectionState): ElectionState {
  const { pending: _answered, ...rest } = state;
  return rest;
}

function retryDelayMs({ retryPeriodMs }: ElectionConfig, { role }: ElectionState, { jitter }: Moment): number {
  return role === 'Standby' ? retryPeriodMs * (1 + JITTER_FACTOR * jitter) : retryPeriodMs;
}
