import type { Snapshot } from '#core/contract/snapshot.ts';
import type { DecideCall, Engine, EngineResult } from '../engine/engine.ts';
import { selfCheckFault } from './self-check.ts';

/** What became of a core that was offered. */
export type SwapEvent =
  | { readonly type: 'Taken'; readonly from: string; readonly to: string }
  /** It was not taken: `why`. */
  | { readonly type: 'Refused'; readonly from: string; readonly to: string; readonly why: string }
  /** It failed where the one before it decides, which decides again from now on. */
  | { readonly type: 'FellBack'; readonly from: string; readonly to: string; readonly why: string };

/** How long a new core is on trial, in decisions; and how many of them it may fail at that the one before it can make. */
export const TRIAL_DECISIONS = 500;
export const TRIAL_FAILURES = 3;
/** Snapshots of late that a new core has to decide on before it is taken. */
const MAX_RECENT = 64;
/** Deliberations that wait for what their core asked for; more than can be under way are none. */
const MAX_OPEN = 1_024;

/** An engine whose core can be replaced while it works. */
export interface SwappableEngine extends Engine {
  /** Takes a core over if it stands its checks: from the next decision that is begun; one that is under way is ended by the core that began it. */
  offer(next: Engine): SwapEvent;
}

export interface SwapOptions {
  /** The same engine, measured and written down; checks are made without. Default: as it is. */
  observed?(core: Engine): Engine;
  onEvent(event: SwapEvent): void;
}

interface Trial {
  readonly before: Engine;
  decisions: number;
  failures: number;
}

/**
 * The first core, until another is offered and stands the checks. A new one is on trial for a while: where it fails, the one before it is asked, so no Task
 * is the worse for it; failing more than a few times that the other can decide, it is given up, and the other decides again.
 */
export function swappable(first: Engine, { observed = (core) => core, onEvent }: SwapOptions): SwappableEngine {
  const recent: Snapshot[] = [];
  /** Which core began a deliberation that goes on. */
  const open = new Map<number, Engine>();
  let current = observed(first);
  let trial: Trial | undefined;

  function decide(snapshot: Snapshot, call?: DecideCall): EngineResult {
    const engine = (call === undefined ? undefined : open.get(call.reconcileID)) ?? current;
    const result = decideOnTrial(engine, snapshot, call);
    if (call !== undefined) {
      open.delete(call.reconcileID);
      const goesOn = result.said.type === 'Answered' && result.said.decision.type === 'Reads';
      if (goesOn && open.size < MAX_OPEN) open.set(call.reconcileID, result.by);
    }
    return result.said;
  }

  function decideOnTrial(
    engine: Engine,
    snapshot: Snapshot,
    call: DecideCall | undefined,
  ): { readonly said: EngineResult; readonly by: Engine } {
    const said = engine.decide(snapshot, call);
    if (said.type === 'Answered') remember(snapshot);
    if (trial === undefined || engine !== current) return { said, by: engine };
    const { before } = trial;
    trial.decisions += 1;
    const isUsable = said.type === 'Answered' && said.decision.type !== 'Unusable';
    if (isUsable) {
      if (trial.decisions >= TRIAL_DECISIONS) trial = undefined;
      return { said, by: engine };
    }
    const instead = before.decide(snapshot, call);
    // Nobody can decide this one: no reason to mistrust the new core.
    if (instead.type === 'EngineError') return { said, by: engine };
    trial.failures += 1;
    if (trial.failures > TRIAL_FAILURES) {
      const came = said.type === 'EngineError' ? `${said.cause}: ${said.message}` : 'it could not use the snapshot';
      const why = `failed at ${trial.failures} of ${trial.decisions} decisions that the core before it made, at last: ${came}`;
      current = before;
      trial = undefined;
      onEvent({ type: 'FellBack', from: engine.digest, to: before.digest, why });
    }
    return { said: instead, by: before };
  }

  function remember(snapshot: Snapshot): void {
    recent.push(snapshot);
    if (recent.length > MAX_RECENT) recent.shift();
  }

  return {
    get digest() {
      return current.digest;
    },
    decide,
    offer: (next) => {
      const [from, to] = [current.digest, next.digest];
      const fault = from === to ? 'it is the core that decides already' : selfCheckFault(next, recent);
      const event: SwapEvent = fault === null ? { type: 'Taken', from, to } : { type: 'Refused', from, to, why: fault };
      if (fault === null) {
        // Still on trial: the last good one stays what is fallen back to.
        trial = { before: trial?.before ?? current, decisions: 0, failures: 0 };
        current = observed(next);
      }
      onEvent(event);
      return event;
    },
  };
}
