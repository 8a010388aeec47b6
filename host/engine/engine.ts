import type { Decision } from '#core/contract/decision.ts';
import type { Snapshot } from '#core/contract/snapshot.ts';

/** What one call of the core came to. */
export type EngineResult =
  | {
      readonly type: 'Answered';
      readonly decision: Decision /** What the core wrote to stderr. */;
      readonly log: string;
      readonly fuelUsed: number;
    }
  | {
      readonly type: 'EngineError';
      /** `Trap`: the sandbox died (recursion, bug). `Nonsense`: the answer was no decision. */
      readonly cause: 'Exception' | 'OutOfFuel' | 'OutOfMemory' | 'Trap' | 'OutputTooLarge' | 'Nonsense';
      readonly message: string;
      readonly log: string;
    };

/** What a call is part of, for whoever keeps or tells of it; the core itself never sees it. */
export interface DecideCall {
  /** Number of the reconciliation: the same in log, journal and trace. */
  readonly reconcileID: number;
}

/** Decides by the core, from clean memory each time. Synchronous: one decision takes well under a millisecond. Never throws. */
export interface Engine {
  decide(snapshot: Snapshot, call?: DecideCall): EngineResult;
  /** `sha256:…` of the core bundle; `source` when the TypeScript source runs directly (tests, simulation). */
  readonly digest: string;
}
