import type { Subject } from '#core/contract/snapshot.ts';
import type { Deliberation } from '../../controller/deliberate.ts';

/** Subjects of whom the last decision is kept. Snapshots share their objects with the cache; what is kept beside is the decision. */
const MAX_SUBJECTS = 1_000;

export interface RecentDecision {
  readonly atMs: number;
  readonly core: string;
  readonly deliberation: Deliberation;
}

/** The last decision about each of the subjects that were decided last. */
export interface Recent {
  decided(subject: Subject, decision: RecentDecision): void;
  of(namespace: string, name: string): RecentDecision | undefined;
}

export function createRecent(limit = MAX_SUBJECTS): Recent {
  const kept = new Map<string, RecentDecision>();
  return {
    decided: ({ namespace, name }, decision) => {
      const key = `${namespace}/${name}`;
      kept.delete(key);
      const [oldest] = kept.keys();
      if (kept.size >= limit && oldest !== undefined) kept.delete(oldest);
      kept.set(key, decision);
    },
    of: (namespace, name) => kept.get(`${namespace}/${name}`),
  };
}
