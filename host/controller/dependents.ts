import { type Ref, refKey } from '#core/contract/snapshot.ts';
import type { SubjectKey } from './subject.ts';

/** Who is to be decided again when an object changes. */
export interface Affected {
  readonly subjects: readonly SubjectKey[];
  /** Lines of the queue, of which only the head is to be decided. */
  readonly lines: readonly string[];
}

const NOBODY: Affected = { subjects: [], lines: [] };

/**
 * Index from a watched object to those whose decision depended on it. A subject that waits in a line stands there as that line, however many wait in it,
 * so that a change of an Agent costs the same for one Task in its queue as for ten thousand.
 */
export class Dependents {
  readonly #bySubject = new Map<SubjectKey, Held>();
  readonly #byRef = new Map<string, Interested>();

  /** Replaces what a subject depends on; `line` when it waits in one. */
  set(subject: SubjectKey, refs: readonly Ref[], line?: string): void {
    const keys = [...new Set(refs.map(cachedKey))];
    const before = this.#bySubject.get(subject);
    if (before !== undefined && before.line === line && sameTexts(before.refs, keys)) return;
    this.delete(subject);
    if (keys.length === 0) return;
    this.#bySubject.set(subject, { refs: keys, line });
    for (const key of keys) {
      const interested = this.#byRef.get(key) ?? { subjects: new Set<string>(), lines: new Map<string, number>() };
      this.#byRef.set(key, interested);
      if (line === undefined) interested.subjects.add(subject);
      else interested.lines.set(line, (interested.lines.get(line) ?? 0) + 1);
    }
  }

  delete(subject: SubjectKey): void {
    const held = this.#bySubject.get(subject);
    if (held === undefined) return;
    this.#bySubject.delete(subject);
    for (const key of held.refs) {
      const interested = this.#byRef.get(key);
      if (interested === undefined) continue;
      if (held.line === undefined) interested.subjects.delete(subject);
      else release(interested.lines, held.line);
      if (interested.subjects.size + interested.lines.size === 0) this.#byRef.delete(key);
    }
  }

  affected(ref: Ref): Affected {
    const interested = this.#byRef.get(cachedKey(ref));
    if (interested === undefined) return NOBODY;
    return { subjects: [...interested.subjects], lines: [...interested.lines.keys()] };
  }

  /** How many subjects depend on something. */
  get size(): number {
    return this.#bySubject.size;
  }
}

interface Held {
  readonly refs: readonly string[];
  readonly line: string | undefined;
}

interface Interested {
  readonly subjects: Set<SubjectKey>;
  /** How many subjects of each line. */
  readonly lines: Map<string, number>;
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

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
