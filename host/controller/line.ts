import type { QueuePlace } from '#core/contract/decision.ts';
import { KeyedHeap } from './keyed-heap.ts';

/** A wish that nothing known holds back: the core has not said yet that the Task waits. */
export function isPlainWish(place: QueuePlace): boolean {
  return place.state === 'Wants' && place.closed !== true && place.notBefore === undefined;
}

/** One subject in a line. */
export interface Entry {
  readonly subject: string;
  readonly line: Line;
  readonly order: string;
  /** `aside`: in the line, but not granted before it is decided again. */
  state: 'waiting' | 'aside' | 'granted' | 'holds';
  /** Where a holder goes once what was decided has been done. `isRefusal`: it was told that it holds a place, and gives it back. */
  leavesFor: { readonly place: QueuePlace | undefined; readonly isRefusal: boolean } | undefined;
  /** How many changes of the line it was decided after. */
  knows: number;
}

/** The queue of one Agent. */
export interface Line {
  readonly key: string;
  readonly waiting: KeyedHeap<string>;
  /** Those of `waiting` that were not decided with `granted: false` yet. */
  readonly untold: Set<string>;
  readonly aside: Set<string>;
  readonly holders: Set<string>;
  granted: string | undefined;
  slots: number | undefined;
  notBeforeMs: number | undefined;
  isClosed: boolean;
  /** The limits may have changed since they were last said. */
  isStale: boolean;
  /** How often what the line depends on has changed. */
  changes: number;
}

/** Places that are taken: by holders, and by a grant that was not decided on yet. */
export function taken(line: Line): number {
  return line.holders.size + (line.granted === undefined ? 0 : 1);
}

/** Whether the next in the line has to wait. */
export function isFull(line: Line, nowMs: number): boolean {
  if (line.isClosed || (line.notBeforeMs !== undefined && line.notBeforeMs > nowMs)) return true;
  return line.slots !== undefined && taken(line) >= line.slots;
}

/** A line without anybody. */
export function newLine(key: string): Line {
  return {
    key,
    waiting: new KeyedHeap((a, b) => a < b),
    untold: new Set(),
    aside: new Set(),
    holders: new Set(),
    granted: undefined,
    slots: undefined,
    notBeforeMs: undefined,
    isClosed: false,
    isStale: false,
    changes: 0,
  };
}

/** Takes an entry from where it is in its line. */
export function leave(entry: Entry): void {
  const { line, subject } = entry;
  line.waiting.delete(subject);
  line.untold.delete(subject);
  line.aside.delete(subject);
  line.holders.delete(subject);
  if (line.granted === subject) line.granted = undefined;
}

/** Puts an entry, that is nowhere, where its new state belongs. */
export function enter(entry: Entry, state: Entry['state']): void {
  const { line, subject } = entry;
  entry.state = state;
  if (state === 'waiting') line.waiting.set(subject, entry.order);
  if (state === 'aside') line.aside.add(subject);
  if (state === 'holds') line.holders.add(subject);
  if (state === 'granted') line.granted = subject;
}

/** What the latest wish says of the whole line. */
export function setLimits(line: Line, place: Extract<QueuePlace, { state: 'Wants' }>): void {
  line.slots = place.slots;
  line.isClosed = place.closed === true;
  line.isStale = false;
  // The core is the only one that writes times; one that it did not write right holds nothing back.
  const atMs = place.notBefore === undefined ? Number.NaN : Date.parse(place.notBefore);
  const isLifted = line.notBeforeMs !== undefined && Number.isNaN(atMs);
  line.notBeforeMs = Number.isNaN(atMs) ? undefined : atMs;
  // Who was told to wait for that time, as by a wish of one whose start is counted already, waits now for something else.
  if (isLifted) line.changes += 1;
}
