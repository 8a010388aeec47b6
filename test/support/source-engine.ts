import type { Snapshot } from '#core/contract/snapshot.ts';
import { decide } from '#core/decide.ts';
import { parseDecision } from '#host/engine/decision-shape.ts';
import type { Engine } from '#host/engine/engine.ts';

/**
 * Runs the core's TypeScript directly, under the same conditions as core.wasm: snapshot and decision pass through JSON, so nothing is shared with the
 * caller, and the input is frozen, so a rule that changes it throws. For tests and simulation.
 */
export const sourceEngine: Engine = {
  digest: 'source',
  decide(snapshot) {
    try {
      const parsed = parseDecision(new TextEncoder().encode(decideText(JSON.stringify(snapshot))));
      if (parsed.type === 'Nonsense') return { type: 'EngineError', cause: 'Nonsense', message: parsed.message, log: '' };
      return { type: 'Answered', decision: parsed.decision, log: '', fuelUsed: 0 };
    } catch (error) {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { type: 'EngineError', cause: 'Exception', message, log: '' };
    }
  },
};

/** What `decide` of core/main.ts does, which can't be imported here because of `javy/fs`: text in, text out. */
export function decideText(json: string): string {
  return JSON.stringify(decide(deepFreeze(JSON.parse(json) as Snapshot)));
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
