import type { QueuePlace } from '#core/contract/decision.ts';
import type { InLine } from './line.ts';

export type Wants = Extract<QueuePlace, { state: 'Wants' }>;

/** The line at an Agent as it stands for one Task. */
export interface Standing {
  readonly wants: Wants;
  /** Who holds a place; undefined, as the next, where the others can't be listed. */
  readonly holding?: readonly InLine[];
  /** Who goes before, first first. */
  readonly ahead?: readonly InLine[];
  /** How many wait, this one included. */
  readonly waiting?: number;
  /** There is a place for it and for all ahead of it: the controller gives it as soon as it looks. */
  readonly isFree: boolean;
  /** Its place in the line, from 1, when those ahead have taken what is free; 0: it gets a place itself. */
  readonly left?: number;
}

/** The line as the host would keep it: ordered by what the core says of each, as many places as it says. `gone` are those that are imagined away. */
export function standingOf(
  wants: Wants,
  others: readonly InLine[] | undefined,
  nowMs: number,
  gone: ReadonlySet<string> = new Set(),
): Standing {
  if (others === undefined) return { wants, isFree: false };
  const line = others.filter(({ key, name }) => key === wants.key && !gone.has(name));
  const holding = line.filter(({ order }) => order === undefined);
  const waiting = line.filter(({ order }) => order !== undefined);
  const ahead = waiting.filter(({ order = '' }) => order < wants.order);
  const isOpen = wants.closed !== true && (wants.notBefore === undefined || Date.parse(wants.notBefore) <= nowMs);
  const places = wants.slots === undefined ? Number.POSITIVE_INFINITY : Math.max(0, wants.slots - holding.length);
  const free = isOpen ? places : 0;
  return {
    wants,
    holding,
    ahead,
    waiting: waiting.length + 1,
    isFree: ahead.length < free,
    left: Math.max(0, ahead.length + 1 - free),
  };
}
