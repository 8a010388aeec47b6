import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { assertNever } from '#core/contract/decision.ts';
import type { Cancel, Clock } from '../clock.ts';
import type { Cluster, Result } from '../cluster/cluster.ts';
import { step } from './election.ts';
import type { ElectionConfig } from './election-config.ts';
import { electionConfigFaults } from './election-config.ts';
import { type ElectionInput, type ElectionOutput, initialElection, wakeAtMs } from './election-state.ts';
import type { LeaseName, LeaseRecord } from './lease.ts';
import { leaseObject, leaseRecord } from './lease.ts';

export interface ElectorOptions {
  /** Its own connections, if possible: a controller that fills the pool must not cost the lease. */
  readonly cluster: Pick<Cluster, 'get' | 'create' | 'replace'>;
  readonly clock: Clock;
  readonly lease: LeaseName;
  readonly config: ElectionConfig;
  /** Called once. `signal` aborts the moment that leadership ends: every request made as leader must carry it. */
  onStartedLeading(signal: AbortSignal, transitions: number): void;
  /** Another holder was seen for the first time. */
  onNewLeader?(identity: string): void;
  /** A call for the lease that brought nothing, for the log. */
  onCallFailed?(call: 'get' | 'create' | 'replace', message: string): void;
}

export interface Elector {
  /** Takes part until the lease is lost or given back. Call once. */
  run(): Promise<'Lost' | 'Released'>;
  /** Gives the lease back; call it when the work in hand is done. `run` resolves when that is written, or at the renew deadline. */
  release(): void;
  /** Whether this process may act now, by its own clock. */
  isLeader(): boolean;
}

/** Driver of `election.ts`: makes the calls, keeps the one timer. Throws on a configuration that could never be safe. */
export function createElector(options: ElectorOptions): Elector {
  const { cluster, clock, config, lease } = options;
  const faults = electionConfigFaults(config);
  if (faults.length > 0) throw new Error(`leader election is not safe: ${faults.join('; ')}`);

  // As controller-runtime: one stuck call must leave time for another before the deadline.
  const callTimeoutMs = config.renewDeadlineMs / 2;
  let end: (outcome: 'Lost' | 'Released') => void = () => {};
  const ended = new Promise<'Lost' | 'Released'>((resolve) => {
    end = resolve;
  });
  let state = initialElection(clock.monotonic());
  let seen: KubernetesObject | undefined;
  let leading: AbortController | undefined;
  let call: AbortController | undefined;
  let cancelTimer: Cancel = () => {};

  function feed(input: ElectionInput): void {
    const moment = { nowMs: clock.monotonic(), epochMs: clock.now(), jitter: clock.random() };
    const next = step(config, state, input, moment);
    state = next.state;
    for (const output of next.outputs) perform(output);
    cancelTimer();
    const wakeMs = wakeAtMs(state);
    cancelTimer = wakeMs === undefined ? () => {} : clock.after(Math.max(0, wakeMs - clock.monotonic()), () => feed({ type: 'Tick' }));
  }

  function perform(output: ElectionOutput): void {
    switch (output.type) {
      case 'Get':
        send('get', (signal) => cluster.get({ kind: 'Lease', ...lease }, signal));
        break;
      case 'Create':
        send('create', (signal) => cluster.create(leaseObject(lease, output.record), {}, signal));
        break;
      case 'Replace':
        send('replace', (signal) => cluster.replace(replacement(output.record, output.resourceVersion), signal));
        break;
      case 'StartLeading':
        leading = new AbortController();
        options.onStartedLeading(leading.signal, output.transitions);
        break;
      case 'StopLeading':
        leading?.abort(new Error(STOPPED[output.cause]));
        break;
      case 'AbortCalls':
        call?.abort(new Error('the election has ended'));
        break;
      case 'NewLeader':
        options.onNewLeader?.(output.identity);
        break;
      case 'End':
        end(output.outcome);
        break;
      default:
        assertNever(output);
    }
  }

  /** Labels and annotations that others put on the Lease stay. */
  function replacement(record: LeaseRecord, resourceVersion: string): ReturnType<typeof leaseObject> {
    return leaseObject(lease, record, { ...(seen?.metadata ?? lease), resourceVersion });
  }

  function send(verb: 'get' | 'create' | 'replace', request: (signal: AbortSignal) => Promise<Result<KubernetesObject>>): void {
    const aborter = new AbortController();
    call = aborter;
    const cancel = clock.after(callTimeoutMs, () => aborter.abort(new Error(`no answer within ${callTimeoutMs} ms`)));
    void request(aborter.signal).then((result) => {
      cancel();
      if (!result.ok && answerOf(verb, result).type === 'Failed') options.onCallFailed?.(verb, result.error.message);
      if (result.ok) seen = result.value;
      feed(answerOf(verb, result));
    });
  }

  return {
    run: () => {
      feed({ type: 'Tick' });
      return ended;
    },
    release: () => feed({ type: 'Release' }),
    isLeader: () => state.role === 'Leading' && clock.monotonic() < (state.validUntilMs ?? 0),
  };
}

const STOPPED = {
  Deadline: 'leadership lost: the lease could not be renewed before the deadline',
  Taken: 'leadership lost: another holds the lease',
  Released: 'leadership given back',
} as const;

function answerOf(verb: 'get' | 'create' | 'replace', result: Result<KubernetesObject>): ElectionInput {
  if (result.ok) {
    const seen = { record: leaseRecord(result.value), resourceVersion: result.value.metadata.resourceVersion ?? '' };
    return verb === 'get' ? { type: 'Found', ...seen } : { type: 'Written', ...seen };
  }
  const code = result.error.type === 'Refused' ? result.error.code : 0;
  if (code === 409 && verb !== 'get') return { type: 'Conflict' };
  // A PUT answered 404: the Lease was removed. A POST answered 404: its namespace is not there.
  if (code === 404 && verb !== 'create') return verb === 'get' ? { type: 'Absent' } : { type: 'Conflict' };
  return { type: 'Failed' };
}
