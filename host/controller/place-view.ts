import { type Entry, type Line, taken } from './line.ts';

/** How an Agent's queue stands, for metrics. */
export interface LineCounts {
  readonly key: string;
  readonly waiting: number;
  /** Places taken: by holders, and by a grant that was not decided on yet. */
  readonly taken: number;
  readonly slots?: number;
}

/** A subject's place, for people who ask. */
export interface PlaceView extends LineCounts {
  readonly state: Entry['state'];
  /** From 1, among those who wait and may be granted. */
  readonly position?: number;
  readonly order?: string;
  /** Nothing is granted before, milliseconds since the epoch. */
  readonly notBeforeMs?: number;
  readonly isClosed: boolean;
  /** The limits may have changed since they were last said. */
  readonly isStale: boolean;
  /** Subjects that hold a place. */
  readonly holders: readonly string[];
}

/** What metrics tell of a line. */
export function lineCounts(line: Line): LineCounts {
  const { key, slots } = line;
  return { key, waiting: line.waiting.size + line.aside.size, taken: taken(line), ...(slots === undefined ? {} : { slots }) };
}

/** Where an entry stands in its line, with what the line is held back by. O(n) in the length of the line. */
export function placeView({ line, subject, state, order }: Entry): PlaceView {
  const { key, slots, notBeforeMs, isClosed, isStale } = line;
  return {
    key,
    state,
    ...(state === 'waiting' ? { position: 1 + line.waiting.countBefore(subject) } : {}),
    ...(order === '' ? {} : { order }),
    waiting: line.waiting.size + line.aside.size,
    taken: taken(line),
    ...(slots === undefined ? {} : { slots }),
    ...(notBeforeMs === undefined ? {} : { notBeforeMs }),
    isClosed,
    isStale,
    holders: [...line.holders],
  };
}
