import type { Action, Decided, QueuePlace, Reads, Reason } from '../contract/decision.ts';
import type { Ref } from '../contract/snapshot.ts';
import { formatTimeMs } from '../units/time.ts';

export interface Parts {
  readonly reasons: readonly Reason[];
  readonly actions?: readonly Action[];
  readonly queue?: QueuePlace;
  readonly wakeAtMs?: number | null;
  readonly dependsOn?: readonly Ref[];
}

/** A decision from its parts; what is left out is nothing. */
export function decided(parts: Parts): Decided {
  return {
    type: 'Decided',
    actions: parts.actions ?? [],
    ...(parts.queue === undefined ? {} : { queue: parts.queue }),
    ...(parts.wakeAtMs == null ? {} : { wakeAt: formatTimeMs(parts.wakeAtMs) }),
    dependsOn: parts.dependsOn ?? [],
    reasons: parts.reasons,
  };
}

export function reads(refs: readonly Ref[]): Reads {
  return { type: 'Reads', refs };
}
