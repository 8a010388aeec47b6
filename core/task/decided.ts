import type { Action, Decided, QueuePlace, Reads, Reason } from '../contract/decision.ts';
import type { Ref } from '../contract/snapshot.ts';
import { formatTimeMs } from '../units/time.ts';

/** The last moment of the year 9999, in milliseconds since the epoch: RFC 3339 has no later one. */
export const LATEST_MS = 253_402_300_799_999;

export interface Parts {
  readonly reasons: readonly Reason[];
  readonly actions?: readonly Action[];
  readonly queue?: QueuePlace;
  /** Beyond what a time can say is never. */
  readonly wakeAtMs?: number | null;
  readonly dependsOn?: readonly Ref[];
}

/** A decision from its parts; what is left out is nothing. */
export function decided(parts: Parts): Decided {
  return {
    type: 'Decided',
    actions: parts.actions ?? [],
    ...(parts.queue === undefined ? {} : { queue: parts.queue }),
    ...(parts.wakeAtMs == null || parts.wakeAtMs > LATEST_MS ? {} : { wakeAt: formatTimeMs(parts.wakeAtMs) }),
    dependsOn: parts.dependsOn ?? [],
    reasons: parts.reasons,
  };
}

export function reads(refs: readonly Ref[]): Reads {
  return { type: 'Reads', refs };
}
