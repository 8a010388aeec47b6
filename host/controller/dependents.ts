import { type Ref, refKey } from '#core/contract/snapshot.ts';
import type { SubjectKey } from './subject.ts';

/** In what way a subject depends on objects. */
export type Interest =
  /** Every change may matter. */
  | { readonly type: 'Subject' }
  /** It waits in this line, of which only the head is decided again. */
  | { readonly type: 'Line'; readonly line: string }
  /** It has ended: only what people write (the spec) may matter, not what controllers report (the status). */
  | { readonly type: 'Settled' };

/** Who is to be decided again when an object changes. */
export interface Affected {
  readonly subjects: readonly SubjectKey[];
  /** Lines of the queue, of which only the head is to be decided. */
  readonly lines: readonly string[];
  /** Only for a change of the spec. */
  readonly settled: readonly SubjectKey[];
}

const NOBODY: Affected = { subjects: [], lines: [], settled: [] };

/**
 * Index from a watched object to those whose decision depended on it. A subject that waits in a line stands there as that line, however many wait in it,
 * so that a change of an Agent costs the same for one Task in its queue as for ten thousand; and those that have ended cost nothing when only the Agent's
 * status changes, as it does with each start that is recorded.
 */
export class Dependents {
  readonly #bySubject = new Map<SubjectKey, Held>();
  readonly #byRef = new Map<string, Interested>();
  /** Subjects that something they depend on has changed for since they were last begun on. */
  readonly #overtaken = new Set<SubjectKey>();

  /** A decision on the subject begins: what changes from now on overtakes it. */
  begin(subject: SubjectKey): void {
    this.#overtaken.delete(subject);
  }

  /** Whether something that was read for the decision that began last has changed since. */
  isOvertaken(subject: SubjectKey): boolean {
    return this.#overtaken.has(subject);
  }

  /** Replaces what a subject depends on. */
  set(subject: SubjectKey, refs: readonly Ref[], interest: Interest = { type: 'Subject' }): void {
    const keys = [...new Set(refs.map(cachedKey))];
    const before = this.#bySubject.get(subject);
    if (before !== undefined && sameInterest(before.interest, interest) && sameTexts(before.refs, keys)) return;
    this.#release(subject);
    if (keys.length === 0) return;
    this.#bySubject.set(subject, { refs: keys, interest });
    for (const key of keys) {
      const interested = this.#byRef.get(key) ?? {
        subjects: new Set<string>(),
        lines: new Map<string, number>(),
        settled: new Set<string>(),
      };
      this.#byRef.set(key, interested);
      if (interest.type === 'Line') interested.lines.set(interest.line, (interested.lines.get(interest.line) ?? 0) + 1);
      else (interest.type === 'Settled' ? interested.settled : interested.subjects).add(subject);
    }
  }

  delete(subject: SubjectKey): void {
    this.#overtaken.delete(subject);
    this.#release(subject);
  }

  #release(subject: SubjectKey): void {
    const held = this.#bySubject.get(subject);
    if (held === undefined) return;
    this.#bySubject.delete(subject);
    const { interest } = held;
    for (const key of held.refs) {
      const interested = this.#byRef.get(key);
      if (interested === undefined) continue;
      if (interest.type === 'Line') release(interested.lines, interest.line);
      else (interest.type === 'Settled' ? interested.settled : interested.subjects).delete(subject);
      if (interested.subjects.size + interested.lines.size + interested.settled.size === 0) this.#byRef.delete(key);
    }
  }

  affected(ref: Ref, isSpecChanged = true): Affected {
    const interested = this.#byRef.get(cachedKey(ref));
    if (interested === undefined) return NOBODY;
    for (const subject of interested.subjects) this.#overtaken.add(subject);
    return {
      subjects: [...interested.subjects],
      lines: [...interested.lines.keys()],
      settled: isSpecChanged ? [...interested.settled] : [],
    };
  }

  /** How many subjects depend on something. */
  get size(): number {
    return this.#bySubject.size;
  }
}

interface Held {
  readonly refs: readonly string[];
  readonly interest: Interest;
}

interface Interested {
  readonly subjects: Set<SubjectKey>;
  /** How many subjects of each line. */
  readonly lines: Map<string, number>;
  readonly settled: Set<SubjectKey>;
}

/** A live read depends on the same object. */
function cachedKey({ kind, namespace, name }: Ref): string {
  return refKey({ kind, namespace, name });
}

function release(counts: Map<string, number>, key: string): void {
  const count = counts.get(key) ?? 0;
  if (count <= 1) counts.delete(key);
  else counts.set(key, count - 1);
}

function sameInterest(a: Interest, b: Interest): boolean {
  return a.type === b.type && (a.type !== 'Line' || b.type !== 'Line' || a.line === b.line);
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
