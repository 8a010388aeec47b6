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

/** Decides by the core, from clean memory each time. Synchronous: one decision takes well under a millisecond. Never throws. */
export interface Engine {
  decide(snapshot: Snapshot): EngineResult;
  /** `sha256:…` of the core bundle; `source` when the TypeScript source runs directly (tests, simulation). */
  readonly digest: string;
}
