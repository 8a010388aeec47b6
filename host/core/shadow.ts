import type { Decision } from '#core/contract/decision.ts';
import type { Snapshot } from '#core/contract/snapshot.ts';
import type { Clock } from '../clock.ts';
import type { DecideCall, Engine, EngineResult } from '../engine/engine.ts';

/** Where two decisions differ. `failed`: one of the cores made none. */
export const PARTS = ['type', 'refs', 'actions', 'queue', 'wakeAt', 'dependsOn', 'reasons', 'failed'] as const;
export type Part = (typeof PARTS)[number];

/** What the shadow said of a snapshot, beside what the core in charge said. */
export interface Compared {
  readonly snapshot: Snapshot;
  readonly call: DecideCall | undefined;
  readonly inCharge: EngineResult;
  readonly shadow: EngineResult;
  /** Empty: both decided the same, to the byte. */
  readonly parts: readonly Part[];
  /** The rule that decided for the core in charge; empty: none did. */
  readonly rule: string;
}

export interface ShadowOptions {
  readonly shadow: Engine;
  readonly clock: Clock;
  onCompared(compared: Compared): void;
  /** A snapshot was not shown to the shadow, to keep within its share. */
  onSkipped(): void;
}

/** Snapshots that wait for the shadow; more are left out. */
const MAX_WAITING = 64;
/** The shadow rests this many times as long as it worked: it has at most a tenth of the time. */
const REST = 9;
/** After so many failures in a row it rests for a minute. */
const FAILURES = 3;
const LONG_REST_MS = 60_000;

/**
 * The engine as it is, and behind it a second core that decides on the same snapshots. Nothing of what that says is done. It works after the answer was given,
 * in turns of its own, within a tenth of the time; what it can't get done is left out, and what it breaks is its own.
 */
export function shadowed(engine: Engine, { shadow, clock, onCompared, onSkipped }: ShadowOptions): Engine {
  const waiting: { readonly snapshot: Snapshot; readonly call: DecideCall | undefined; readonly inCharge: EngineResult }[] = [];
  let isResting = false;
  let failures = 0;

  function next(): void {
    const shown = waiting.shift();
    isResting = shown !== undefined;
    if (shown === undefined) return;
    const startedMs = clock.monotonic();
    const said = decideSafely(shadow, shown.snapshot);
    const restMs = (clock.monotonic() - startedMs) * REST;
    failures = said.type === 'EngineError' ? failures + 1 : 0;
    onCompared({ ...shown, shadow: said, parts: partsThatDiffer(shown.inCharge, said), rule: ruleOf(shown.inCharge) });
    clock.after(failures >= FAILURES ? LONG_REST_MS : restMs, next);
  }

  return {
    get digest() {
      return engine.digest;
    },
    decide: (snapshot, call) => {
      const inCharge = engine.decide(snapshot, call);
      if (waiting.length >= MAX_WAITING) onSkipped();
      else {
        waiting.push({ snapshot, call, inCharge });
        if (!isResting) {
          isResting = true;
          clock.after(0, next);
        }
      }
      return inCharge;
    },
  };
}

/** `Engine` promises not to throw; a shadow is not trusted with that. */
function decideSafely(engine: Engine, snapshot: Snapshot): EngineResult {
  try {
    return engine.decide(snapshot);
  } catch (error) {
    return { type: 'EngineError', cause: 'Trap', message: String(error), log: '' };
  }
}

export function partsThatDiffer(a: EngineResult, b: EngineResult): readonly Part[] {
  if (a.type === 'EngineError' || b.type === 'EngineError') return a.type === b.type ? [] : ['failed'];
  const [one, other] = [fieldsOf(a.decision), fieldsOf(b.decision)];
  if (one.type !== other.type) return ['type'];
  return PARTS.filter((part) => JSON.stringify(one[part]) !== JSON.stringify(other[part]));
}

function fieldsOf(decision: Decision): Readonly<Record<string, unknown>> {
  return { ...decision };
}

function ruleOf(result: EngineResult): string {
  if (result.type !== 'Answered' || result.decision.type !== 'Decided') return '';
  return result.decision.reasons.at(-1)?.rule ?? '';
}
