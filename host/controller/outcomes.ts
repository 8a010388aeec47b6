import type { Outcome } from '#core/contract/snapshot.ts';
import { timestamp } from '../clock.ts';
import type { SubjectKey } from './subject.ts';

/** What one action came to, before it is counted. */
export interface Report {
  readonly actionId: string;
  /** Settling differs: a failed Event never matters, that a Pod was created is wanted until the Task tells of it, and the answer of an Effect until the Task has ended. */
  readonly of: 'Write' | 'Pod' | 'Event' | 'Effect';
  readonly result: Outcome['result'];
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly retryAfterMs?: number;
  readonly answer?: string;
}

/** No subject keeps more; the ones that are longest unchanged go first. */
const MAX_PER_SUBJECT = 64;

/**
 * What became of the actions of each subject: the last outcome of each action id, with how often it came in a row. An outcome stays until a decision that
 * has seen it was carried out whole and no write stands failed. That of a Pod's creation stays until the Task tells of the Pod, as one that runs or of an attempt that is
 * over: one that was seen or not, and has gone before that, is never created again.
 */
export class Outcomes {
  readonly #bySubject = new Map<SubjectKey, Map<string, Kept>>();

  /** Subjects of which something is kept. */
  get size(): number {
    return this.#bySubject.size;
  }

  /** Ordered by action id, so that equal facts give equal snapshots. */
  of(subject: SubjectKey): readonly Outcome[] {
    const kept = this.#bySubject.get(subject);
    if (kept === undefined) return [];
    return [...kept.values()].map(({ outcome }) => outcome).sort((a, b) => (a.actionId < b.actionId ? -1 : 1));
  }

  record(subject: SubjectKey, report: Report, nowMs: number): Outcome {
    const kept = this.#bySubject.get(subject) ?? new Map<string, Kept>();
    this.#bySubject.set(subject, kept);
    const { of, ...rest } = report;
    const before = kept.get(report.actionId)?.outcome;
    const at = timestamp(nowMs);
    const isRepeated = before?.result === report.result;
    const outcome: Outcome = {
      ...rest,
      count: isRepeated ? before.count + 1 : 1,
      firstAt: isRepeated ? before.firstAt : at,
      lastAt: at,
    };
    kept.delete(report.actionId);
    kept.set(report.actionId, { of, outcome });
    for (const id of kept.keys()) {
      if (kept.size <= MAX_PER_SUBJECT) break;
      kept.delete(id);
    }
    return outcome;
  }

  /**
   * A decision that saw these outcomes was carried out whole: the writes among them are settled, unless one stands failed. `isTold`: whether its Task told of the Pod whose creation
   * had this id; what came of that is of no more use, whatever else stands failed.
   */
  settle(subject: SubjectKey, seen: readonly Outcome[], isTold: (creationId: string) => boolean): void {
    const kept = this.#bySubject.get(subject);
    if (kept === undefined) return;
    drop(kept, seen, ({ of, outcome }) => of === 'Pod' && isTold(outcome.actionId));
    if (![...kept.values()].some(isFailedWrite)) drop(kept, seen, ({ of }) => of === 'Write' || of === 'Event');
    if (kept.size === 0) this.#bySubject.delete(subject);
  }

  /** A decision that saw these found nothing left to do for a subject that has ended: what its Effects came to is settled too. */
  close(subject: SubjectKey, seen: readonly Outcome[]): void {
    const kept = this.#bySubject.get(subject);
    if (kept === undefined) return;
    drop(kept, seen, () => true);
    if (kept.size === 0) this.#bySubject.delete(subject);
  }

  forget(subject: SubjectKey): void {
    this.#bySubject.delete(subject);
  }
}

/** Those of the outcomes seen that have not come anew since. */
function drop(kept: Map<string, Kept>, seen: readonly Outcome[], isOver: (entry: Kept) => boolean): void {
  for (const outcome of seen) {
    const entry = kept.get(outcome.actionId);
    if (entry?.outcome === outcome && isOver(entry)) kept.delete(outcome.actionId);
  }
}

function isFailedWrite({ of, outcome }: Kept): boolean {
  return (of === 'Write' || of === 'Pod') && outcome.result !== 'ok';
}

interface Kept {
  readonly of: Report['of'];
  readonly outcome: Outcome;
}
