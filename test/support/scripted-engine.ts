import type { Decided, Decision } from '#core/contract/decision.ts';
import type { Snapshot } from '#core/contract/snapshot.ts';
import type { Engine, EngineResult } from '#host/engine/engine.ts';

export interface ScriptedEngine extends Engine {
  /** What it was shown, in order. */
  readonly snapshots: readonly Snapshot[];
}

/** An engine that decides as the test says. */
export function scriptedEngine(decide: (snapshot: Snapshot) => Decision | Extract<EngineResult, { type: 'EngineError' }>): ScriptedEngine {
  const snapshots: Snapshot[] = [];
  return {
    digest: 'scripted',
    snapshots,
    decide: (snapshot) => {
      snapshots.push(snapshot);
      const result = decide(snapshot);
      return result.type === 'EngineError' ? result : { type: 'Answered', decision: result, log: '', fuelUsed: 0 };
    },
  };
}

/** A decision with nothing in it but what is given. */
export function decided(parts: Partial<Decided> = {}): Decided {
  return { type: 'Decided', actions: [], dependsOn: [], reasons: [], ...parts };
}
