import type { QueuePlace } from '#core/contract/decision.ts';
import type { Subject } from '#core/contract/snapshot.ts';

/** Where somebody stands who waits. */
export interface Standing {
  /** From 1. */
  readonly position: number;
  /** How many wait, this one included. */
  readonly waiting: number;
  readonly ahead: readonly string[];
  readonly holding: readonly string[];
  /** How many hold a place. */
  readonly taken: number;
}

/** So many names are told. */
const MOST_NAMES = 10;

interface Entry {
  readonly key: string;
  readonly name: string;
  /** Absent: it holds a place. */
  readonly order?: string;
}

/** The queues of the Agents as the last decisions place the Tasks: ordered as the host orders them, by `order`, then by name. */
export class Lines {
  readonly #entries = new Map<string, Entry>();
  /** Those who wait for each key, in order. */
  readonly #waiting = new Map<string, Entry[]>();
  readonly #holding = new Map<string, Set<Entry>>();

  /** Where a Task wants to stand now; undefined: nowhere. */
  place({ uid, name }: Subject, place: QueuePlace | undefined): void {
    const before = this.#entries.get(uid);
    if (before !== undefined) this.#take(before);
    this.#entries.delete(uid);
    if (place === undefined) return;
    const entry: Entry = { key: place.key, name, ...(place.state === 'Wants' ? { order: place.order } : {}) };
    this.#entries.set(uid, entry);
    if (entry.order === undefined) this.#holding.set(entry.key, (this.#holding.get(entry.key) ?? new Set()).add(entry));
    else {
      const line = this.#waiting.get(entry.key) ?? [];
      this.#waiting.set(entry.key, line);
      line.splice(indexIn(line, entry), 0, entry);
    }
  }

  /** undefined for one who does not wait. */
  of(uid: string): Standing | undefined {
    const entry = this.#entries.get(uid);
    if (entry?.order === undefined) return undefined;
    const line = this.#waiting.get(entry.key) ?? [];
    const index = indexIn(line, entry);
    const holding = this.#holding.get(entry.key) ?? new Set();
    return {
      position: index + 1,
      waiting: line.length,
      ahead: line.slice(0, Math.min(index, MOST_NAMES)).map(({ name }) => name),
      holding: [...holding].slice(0, MOST_NAMES).map(({ name }) => name),
      taken: holding.size,
    };
  }

  #take(entry: Entry): void {
    this.#holding.get(entry.key)?.delete(entry);
    const line = this.#waiting.get(entry.key);
    const index = line === undefined || entry.order === undefined ? -1 : indexIn(line, entry);
    if (line?.[index] === entry) line.splice(index, 1);
  }
}

/** Where it stands, or would. */
function indexIn(line: readonly Entry[], entry: Entry): number {
  let [low, high] = [0, line.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = line[middle];
    if (other !== undefined && isBefore(other, entry)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isBefore(a: Entry, b: Entry): boolean {
  const [orderA = '', orderB = ''] = [a.order, b.order];
  return orderA < orderB || (orderA === orderB && a.name < b.name);
}
