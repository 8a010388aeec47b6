import { assertNever, type Decided, MAX_PASSES } from '#core/contract/decision.ts';
import { type ReadResult, type Ref, type RefKey, refKey, type Snapshot } from '#core/contract/snapshot.ts';
import type { Engine, EngineResult } from '../engine/engine.ts';

/** Why a subject could not be decided. */
export interface Fault {
  readonly cause: Extract<EngineResult, { type: 'EngineError' }>['cause'];
  readonly message: string;
}

export type Deliberation =
  | { readonly type: 'Decided'; readonly snapshot: Snapshot; readonly decided: Decided; readonly passes: number }
  | { readonly type: 'Faulted'; readonly snapshot: Snapshot; readonly fault: Fault; readonly passes: number };

/**
 * Lets the core decide, reading for it what it asks for; all else of the snapshot stays as it was, the time too. A core that asks more than `MAX_PASSES`
 * times, or again for what it was given, is at fault. `known` is given from the start, where it is sure to be asked for.
 */
export async function deliberate(
  engine: Pick<Engine, 'decide'>,
  facts: Omit<Snapshot, 'read'>,
  read: (refs: readonly Ref[]) => Promise<Readonly<Record<RefKey, ReadResult>>>,
  known: Snapshot['read'] = {},
): Promise<Deliberation> {
  let snapshot: Snapshot = { ...facts, read: known };
  for (let passes = 1; ; passes++) {
    const result = engine.decide(snapshot);
    if (result.type === 'EngineError')
      return { type: 'Faulted', snapshot, passes, fault: { cause: result.cause, message: result.message } };
    const { decision } = result;
    switch (decision.type) {
      case 'Decided':
        return { type: 'Decided', snapshot, decided: decision, passes };
      case 'Unusable':
        return { type: 'Faulted', snapshot, passes, fault: nonsense(`core of contract ${decision.contract}: ${decision.message}`) };
      case 'Reads': {
        const missing = decision.refs.filter((ref) => snapshot.read[refKey(ref)] === undefined);
        if (missing.length === 0 || passes > MAX_PASSES) {
          const asked = decision.refs.map(refKey).join(', ');
          const expected = missing.length === 0 ? 'a ref that it was not given yet' : `at most ${MAX_PASSES} passes`;
          return { type: 'Faulted', snapshot, passes, fault: nonsense(`core asked for reads: expected ${expected}, got [${asked}]`) };
        }
        snapshot = { ...snapshot, read: sorted({ ...snapshot.read, ...(await read(missing)) }) };
        break;
      }
      default:
        assertNever(decision);
    }
  }
}

function nonsense(message: string): Fault {
  return { cause: 'Nonsense', message };
}

/** By key, so that equal reads give equal snapshots in whatever order they were asked for. */
function sorted(read: Snapshot['read']): Snapshot['read'] {
  return Object.fromEntries(Object.entries(read).sort(([a], [b]) => (a < b ? -1 : 1)));
}
