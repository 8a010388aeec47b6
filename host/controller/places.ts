import type { QueuePlace } from '#core/contract/decision.ts';
import { KeyedHeap } from './keyed-heap.ts';
import { type Entry, enter, isFull, isPlainWish, type Line, leave, newLine, setLimits, taken } from './line.ts';
import { type LineCounts, lineCounts, type PlaceView, placeView } from './place-view.ts';

/**
 * The queues of the Agents: one line a key, ordered by `order`, then by subject. A line gives out one grant at a time and the next only after that one
 * was decided on, so each decision stands on what the one before it used up. A place is taken when that is decided, and free again when what was decided
 * has been done. Has no timer of its own: `due` at `nextAtMs`. Every call is O(log n) in the number of subjects; what it returns are the subjects to be
 * decided again, each because its `granted` has changed or because it has become the head.
 */
export class Places {
  readonly #entries = new Map<string, Entry>();
  readonly #lines = new Map<string, Line>();
  readonly #notBefore = new KeyedHeap<number>((a, b) => a < b);
  #isOpen = false;

  /** Subjects in any line. */
  get size(): number {
    return this.#entries.size;
  }

  /** Key of the line that a subject is in; undefined: in none. */
  lineOf(subject: string): string | undefined {
    return this.#entries.get(subject)?.line.key;
  }

  /** Where a subject stands in its line, with what the line is held back by; undefined: in none. O(n) in the length of the line: for people who ask. */
  placeOf(subject: string): PlaceView | undefined {
    const entry = this.#entries.get(subject);
    return entry === undefined ? undefined : placeView(entry);
  }

  /** Starts to grant: every known subject was decided once, so all holders are known. */
  open(nowMs: number): readonly string[] {
    this.#isOpen = true;
    return [...this.#lines.values()].flatMap((line) => this.#advance(line, nowMs));
  }

  /** Whether nothing is granted in a subject's line before somebody in it was decided. */
  isHeldUp(subject: string): boolean {
    return this.#entries.get(subject)?.line.isStale === true;
  }

  /**
   * What the next snapshot says: true with a grant or a place, false for one that waits. undefined elsewhere, and for one that waits but may be granted in
   * a moment: a Task that gets its place at once is never written as Queued. undefined also for a holder that was to lose its place, where what was decided
   * has not been done to the end: what it held it for is over, and what it starts next must ask for one like everybody.
   */
  granted(subject: string): boolean | undefined {
    const entry = this.#entries.get(subject);
    if (entry === undefined || entry.line.untold.has(subject) || entry.leavesFor !== undefined) return undefined;
    return entry.state === 'granted' || entry.state === 'holds';
  }

  /**
   * Takes in what was decided. `sawGranted` is `granted` of the snapshot decided on: a decision that did not know of a grant does not answer it.
   * A holder that is to lose its place keeps it until `applied`.
   */
  decided(subject: string, place: QueuePlace | undefined, sawGranted: boolean | undefined, nowMs: number): readonly string[] {
    const entry = this.#entries.get(subject);
    if (entry !== undefined) entry.leavesFor = undefined;
    if (entry?.state === 'holds' && (place?.state !== 'Holds' || place.key !== entry.line.key)) {
      entry.leavesFor = { place, isRefusal: sawGranted === true };
      return [];
    }
    if (entry?.state === 'granted' && sawGranted !== true && place?.state === 'Wants' && place.key === entry.line.key)
      return this.#crossed(entry, place, nowMs);
    return this.#move(subject, place, nowMs);
  }

  /** A grant and a decision that did not know of it: the grant stands, unless what the decision says of the line leaves no room for it. */
  #crossed(entry: Entry, place: Extract<QueuePlace, { state: 'Wants' }>, nowMs: number): readonly string[] {
    const { line, subject } = entry;
    setLimits(line, place);
    entry.knows = line.changes;
    leave(entry);
    const hasRoom = !isFull(line, nowMs);
    enter(entry, hasRoom ? 'granted' : 'waiting');
    if (hasRoom) return [];
    line.untold.add(subject);
    return this.#advance(line, nowMs);
  }

  /** What was decided has been done: a holder that was to lose its place loses it. */
  applied(subject: string, nowMs: number): readonly string[] {
    const leaving = this.#entries.get(subject)?.leavesFor;
    return leaving === undefined ? [] : this.#move(subject, leaving.place, nowMs, leaving.isRefusal);
  }

  /** The subject could not be decided: a place that it holds stays taken, a grant goes to the next, and it waits aside. */
  undecided(subject: string, nowMs: number): readonly string[] {
    const entry = this.#entries.get(subject);
    if (entry === undefined || entry.state === 'holds' || entry.state === 'aside') return [];
    const { line } = entry;
    const next = this.#take(entry);
    enter(entry, 'aside');
    return [...next, ...this.#advance(line, nowMs)];
  }

  /** The subject is gone. */
  forget(subject: string, nowMs: number): readonly string[] {
    return this.#move(subject, undefined, nowMs);
  }

  /**
   * What a line depends on has changed, so its limits are not known until somebody in it is decided: nothing is granted before, and a grant that was not
   * decided on yet is taken back. Its head, and who waits aside, are to be decided again.
   */
  recheck(key: string): readonly string[] {
    const line = this.#lines.get(key);
    if (line === undefined) return [];
    const granted = line.granted === undefined ? undefined : this.#entries.get(line.granted);
    if (granted !== undefined) {
      leave(granted);
      enter(granted, 'waiting');
      line.untold.add(granted.subject);
    }
    line.isStale = true;
    line.changes += 1;
    const head = line.waiting.peek()?.key;
    return [...(head === undefined ? [] : [head]), ...line.aside];
  }

  /** When `due` has something to do, milliseconds since the epoch. */
  nextAtMs(): number | undefined {
    return this.#notBefore.peek()?.rank;
  }

  /** Grants in the lines whose `notBefore` has come. */
  due(nowMs: number): readonly string[] {
    const wakes: string[] = [];
    for (let first = this.#notBefore.peek(); first !== undefined && first.rank <= nowMs; first = this.#notBefore.peek()) {
      this.#notBefore.delete(first.key);
      const line = this.#lines.get(first.key);
      if (line === undefined) continue;
      // Should nothing be free all the same, its head has another reason to wait than it was told.
      line.changes += 1;
      wakes.push(...this.#advance(line, nowMs));
    }
    return wakes;
  }

  *counts(): IterableIterator<LineCounts> {
    for (const line of this.#lines.values()) yield lineCounts(line);
  }

  /** Moves a subject to where `place` wants it, and grants what that makes possible. `knew`: that it had a place, if it had one. */
  #move(subject: string, place: QueuePlace | undefined, nowMs: number, knew = true): readonly string[] {
    const known = this.#entries.get(subject);
    if (known === undefined && place === undefined) return [];
    const hadPlace = knew && (known?.state === 'granted' || known?.state === 'holds');
    const left = known?.line;
    const stays = left !== undefined && left.key === place?.key && known?.state === 'waiting' && place.state === 'Wants';
    const wakes: string[] = known === undefined || stays ? [] : [...this.#take(known)];
    if (place === undefined) this.#entries.delete(subject);
    const line = place === undefined ? undefined : this.#lineNamed(place.key);
    if (place !== undefined && line !== undefined) {
      if (place.state === 'Wants') setLimits(line, place);
      const entry: Entry = {
        subject,
        line,
        order: place.state === 'Wants' ? place.order : '',
        state: 'waiting',
        leavesFor: undefined,
        knows: line.changes,
      };
      this.#entries.set(subject, entry);
      // Given back although the next grant would go to it at once: not again before it was decided for another reason.
      const isRefused = place.state === 'Wants' && hadPlace && left === line && !isFull(line, nowMs);
      enter(entry, place.state === 'Holds' ? 'holds' : isRefused ? 'aside' : 'waiting');
      if (!stays && !hadPlace && isPlainWish(place)) line.untold.add(subject);
      if (place.state === 'Holds') this.#takeBackSurplus(line);
      wakes.push(...this.#advance(line, nowMs));
    }
    if (left !== undefined && left !== line) wakes.push(...this.#advance(left, nowMs));
    for (const one of new Set([left, line])) if (one !== undefined) this.#drop(one);
    return wakes.filter((wake) => wake !== subject || this.#entries.has(subject));
  }

  /** Grants to the head if the line allows it; otherwise tells those who wait that they do. */
  #advance(line: Line, nowMs: number): readonly string[] {
    if (!this.#isOpen) return [];
    const wakes: string[] = [];
    const head = line.waiting.peek();
    if (head !== undefined && line.granted === undefined && !line.isStale && !isFull(line, nowMs)) {
      const entry = this.#entries.get(head.key);
      if (entry !== undefined) {
        leave(entry);
        enter(entry, 'granted');
        wakes.push(head.key);
      }
    }
    if (isFull(line, nowMs)) {
      wakes.push(...line.untold);
      line.untold.clear();
      const first = this.#entries.get(line.waiting.peek()?.key ?? '');
      // What holds the line back now is known when the grant was decided on: it may be the same as before, as where a quota has given one start and that is used up at once.
      if (first !== undefined && line.granted === undefined && first.knows < line.changes) {
        // Who waited behind others says still what held the line back before it changed.
        first.knows = line.changes;
        wakes.push(first.subject);
      }
    }
    const isHeldBack = line.notBeforeMs !== undefined && line.notBeforeMs > nowMs && line.waiting.size > 0;
    if (isHeldBack && line.notBeforeMs !== undefined) this.#notBefore.set(line.key, line.notBeforeMs);
    else this.#notBefore.delete(line.key);
    return wakes;
  }

  /** A place was taken on a grant that a recheck had taken back, and that may have been given to another meanwhile: that one waits on. */
  #takeBackSurplus(line: Line): void {
    const other = line.granted === undefined ? undefined : this.#entries.get(line.granted);
    if (other === undefined || line.slots === undefined || taken(line) <= line.slots) return;
    leave(other);
    enter(other, 'waiting');
    line.untold.add(other.subject);
  }

  /** Takes an entry out of its line. When it was the head and not granted, the new head is to be decided: the line may have changed for it too. */
  #take(entry: Entry): readonly string[] {
    const { waiting } = entry.line;
    const wasHead = entry.state === 'waiting' && waiting.peek()?.key === entry.subject;
    leave(entry);
    const head = this.#entries.get(waiting.peek()?.key ?? '');
    if (!wasHead || head === undefined) return [];
    head.knows = head.line.changes;
    return [head.subject];
  }

  #lineNamed(key: string): Line {
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    const line = newLine(key);
    this.#lines.set(key, line);
    return line;
  }

  #drop(line: Line): void {
    if (line.waiting.size + line.aside.size + taken(line) > 0) return;
    this.#lines.delete(line.key);
    this.#notBefore.delete(line.key);
  }
}
