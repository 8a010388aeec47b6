import type { Store } from '../cluster/store.ts';
import { Dependents } from './dependents.ts';
import { FinishedIndex } from './finished-index.ts';
import { LiveObjects } from './live-objects.ts';
import { Outcomes } from './outcomes.ts';
import { PendingWrites } from './pending-writes.ts';
import { Places } from './places.ts';
import type { SubjectKey } from './subject.ts';

/** What one time of leading knows beside the store. Nothing of it outlives that time: all of it can be learnt again. */
export interface Knowledge {
  readonly places: Places;
  readonly dependents: Dependents;
  readonly finished: FinishedIndex;
  readonly outcomes: Outcomes;
  readonly pending: PendingWrites;
  readonly live: LiveObjects;
}

export function knowledgeOver(store: Store, isPerNamespace: boolean): Knowledge {
  return {
    places: new Places(),
    dependents: new Dependents(),
    finished: new FinishedIndex(),
    outcomes: new Outcomes(),
    pending: new PendingWrites(store, isPerNamespace),
    live: new LiveObjects(store),
  };
}

/**
 * Drops all that is kept of a subject that is gone. While the store still shows its Task, the live answer that it is gone is kept, and what is in doubt: without
 * them the next event would have the dead Task decided as if it lived, or as its host did before another took it over. Returns who is to be decided again because its place is free.
 */
export function forget(knowledge: Knowledge, key: SubjectKey, isStillShown: boolean, nowMs: number): readonly SubjectKey[] {
  knowledge.dependents.delete(key);
  knowledge.outcomes.forget(key);
  if (!isStillShown) {
    knowledge.pending.forget(key);
    knowledge.live.forget(key);
  }
  return knowledge.places.forget(key, nowMs);
}
