import type { Snapshot } from '#core/contract/snapshot.ts';
import { decide } from '#core/decide.ts';
import { parseDecision } from '#host/engine/decision-shape.ts';
import type { Engine, EngineResult } from '#host/engine/engine.ts';

const DIGEST = 'source';

/**
 * Runs the core's TypeScript directly, under the same conditions as core.wasm: snapshot and decision pass through JSON, so nothing is shared with the
 * caller, and the input is frozen, so a rule that changes it throws. For tests and simulation.
 */
export const sourceEngine: Engine = { digest: DIGEST, decide: (snapshot) => answering(() => strictly(snapshot)) };

/** Of this many decisions of a quick engine one is made as those of `sourceEngine` are. */
const STRICT_EVERY = 128;

/**
 * Runs the core's TypeScript on the caller's own objects, at a third of what `sourceEngine` costs: for millions of simulated histories. Caller and core read
 * what they are given and change nothing of it; that this is so, and that answers are well formed, is looked at in each `STRICT_EVERY`th decision.
 */
export function quickEngine(): Engine {
  let decisions = 0;
  return {
    digest: DIGEST,
    decide(snapshot) {
      decisions += 1;
      if (decisions % STRICT_EVERY === 0) return sourceEngine.decide(snapshot);
      return answering(() => ({ type: 'Answered', decision: decide(snapshot), log: '', fuelUsed: 0 }));
    },
  };
}

/** What `decide` of core/main.ts does, which can't be imported here because of `javy/fs`: text in, text out. */
export function decideText(json: string): string {
  return JSON.stringify(decide(deepFreeze(JSON.parse(json) as Snapshot)));
}

function strictly(snapshot: Snapshot): EngineResult {
  const parsed = parseDecision(new TextEncoder().encode(decideText(JSON.stringify(snapshot))));
  if (parsed.type === 'Nonsense') return { type: 'EngineError', cause: 'Nonsense', message: parsed.message, log: '' };
  return { type: 'Answered', decision: parsed.decision, log: '', fuelUsed: 0 };
}

function answering(work: () => EngineResult): EngineResult {
  try {
    return work();
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { type: 'EngineError', cause: 'Exception', message, log: '' };
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
