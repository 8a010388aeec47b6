import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import { durationMs } from '../flags.ts';

/** When a plan begins: a moment, or so long after it would begin otherwise. */
export type PlanStart = { readonly atMs: number } | { readonly afterMs: number };

/** 2026-01-01T00:00:00Z: a plan of files alone begins at a fixed moment, so that it repeats to the letter. */
export const FILES_START_MS = 1_767_225_600_000;

const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
const EXPECTED = 'want a time such as 2026-01-31T15:00:00Z, or a duration from now such as +2h';

/** RFC 3339, or a duration behind a plus. Throws what was expected. */
export function parseStart(text: string): PlanStart {
  if (text.startsWith('+')) return { afterMs: durationMs(text.slice(1)) };
  const atMs = RFC_3339.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(atMs)) throw new Error(EXPECTED);
  return { atMs };
}

/** Milliseconds since the epoch. `defaultMs`: when the plan begins without a word about it. */
export function startMsOf(start: PlanStart | undefined, defaultMs: number): number {
  if (start === undefined) return defaultMs;
  return 'atMs' in start ? start.atMs : defaultMs + start.afterMs;
}

/**
 * Throws where the cluster holds something that had not happened at that time: a plan goes on from what is there, and can't undo it. What lies behind
 * `nowMs` is a deadline and no event.
 */
export function checkStart(startMs: number, nowMs: number, stored: readonly StoredObject[]): void {
  if (startMs >= nowMs) return;
  for (const { kind, metadata, status } of stored) {
    const times = timesIn({ metadata: { creationTimestamp: metadata.creationTimestamp }, status }, '');
    // The API server writes whole seconds.
    const newer = times.find(({ atMs }) => atMs <= nowMs && atMs >= startMs + 1_000);
    if (newer === undefined) continue;
    const title = metadata.namespace === undefined ? `${kind} ${metadata.name}` : `${kind} ${metadata.namespace}/${metadata.name}`;
    throw new Error(
      `plan: --at ${new Date(startMs).toISOString()} lies before what the cluster holds: ${newer.path} of ${title} is ${newer.text}; a plan goes on from what is there, so choose a later time`,
    );
  }
}

interface TimeIn {
  readonly path: string;
  readonly text: string;
  readonly atMs: number;
}

function timesIn(value: unknown, path: string): readonly TimeIn[] {
  if (typeof value === 'string') return RFC_3339.test(value) ? [{ path, text: value, atMs: Date.parse(value) }] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, below]) => timesIn(below, path === '' ? key : `${path}.${key}`));
}
