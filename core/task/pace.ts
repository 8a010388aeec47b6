import type { Action, Decided } from '../contract/decision.ts';
import type { Outcome, Snapshot } from '../contract/snapshot.ts';
import { earliest, formatTimeMs, parseTime } from '../units/time.ts';
import { contextOf, reason } from './context.ts';
import { heldPlace } from './place.ts';

/** First wait after a refusal, in milliseconds; it doubles with each in a row. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
/** A conflict says only that somebody else wrote first: the host has refreshed the object, so the next try is on new ground. */
const FREE_CONFLICTS = 3;

/** When an action whose last try failed may be tried again, in milliseconds since the epoch. */
export function retryAtMs(outcome: Outcome, nowMs: number): number {
  const lastMs = parseTime(outcome.lastAt) ?? 0;
  // The host's clock was set back since: how long ago that was nobody knows.
  if (lastMs > nowMs) return nowMs;
  if (outcome.code === 409 && outcome.reason === 'Conflict' && outcome.count <= FREE_CONFLICTS) return lastMs;
  const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(outcome.count - 1, 10));
  return lastMs + Math.max(waitMs, outcome.retryAfterMs ?? 0);
}

/** An Agent's server that can't be reached is asked so often to end a session: what it does there costs money. */
const ABORT_TRIES = 5;

/**
 * Holds back what failed a moment ago, and all behind it, until it is due; wakes the Task then. Events are never repeated: losing one is cheaper than
 * asking again, and what they say stands in the status. Nor are Effects, but for a session that goes on; and nothing waits for those.
 */
export function pace(snapshot: Snapshot, decided: Decided): Decided {
  const nowMs = parseTime(snapshot.now) ?? 0;
  const actions: Action[] = [];
  let askAgainMs: number | null = null;
  for (const action of decided.actions) {
    const outcome = snapshot.outcomes.find((entry) => entry.actionId === action.id);
    const failed = outcome !== undefined && outcome.result !== 'ok';
    if (action.type === 'Event' || action.type === 'Effect') {
      const againMs = failed ? abortAgainMs(action, outcome, nowMs) : null;
      if (outcome === undefined || (againMs !== null && againMs <= nowMs)) actions.push(action);
      else askAgainMs = earliest(askAgainMs, againMs);
      continue;
    }
    const dueMs = failed ? retryAtMs(outcome, nowMs) : nowMs;
    if (failed && dueMs > nowMs) {
      const wakeAtMs = earliest(earliest(dueMs, askAgainMs), parseTime(decided.wakeAt)) ?? dueMs;
      return {
        ...decided,
        ...placeKept(snapshot, decided),
        actions,
        wakeAt: formatTimeMs(wakeAtMs),
        reasons: [
          ...decided.reasons,
          reason('task/pace', `waits before trying ${action.id} again`, {
            action: action.id,
            code: outcome.code ?? 0,
            message: outcome.message ?? '',
            count: outcome.count,
            until: formatTimeMs(dueMs),
          }),
        ],
      };
    }
    actions.push(action);
  }
  const wakeAtMs = earliest(askAgainMs, parseTime(decided.wakeAt));
  return { ...decided, actions, ...(askAgainMs === null || wakeAtMs === null ? {} : { wakeAt: formatTimeMs(wakeAtMs) }) };
}

/** When the end of a session may be asked for again, in milliseconds since the epoch; null: never, and of any other action. */
function abortAgainMs(action: Action, outcome: Outcome, nowMs: number): number | null {
  const isAbort = action.type === 'Effect' && action.kind === 'SessionAbort';
  return isAbort && outcome.count < ABORT_TRIES ? retryAtMs(outcome, nowMs) : null;
}

/** A Task that says Running holds its place until its end is written, though its Pod has ended. */
function placeKept({ task, ...snapshot }: Snapshot, { queue }: Decided): Pick<Decided, 'queue'> {
  return queue === undefined && task?.status?.phase === 'Running' ? heldPlace(contextOf({ ...snapshot, task }, task)) : {};
}
