const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d{2}):(\d{2}))$/;

/** Milliseconds since the epoch of an RFC 3339 time; null when it is none. Written out because engines differ in what `Date.parse` accepts. */
export function parseTime(text: string | undefined | null): number | null {
  const match = typeof text === 'string' ? RFC3339.exec(text) : null;
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, fraction] = match;
  const ms = Number((fraction ?? '').slice(0, 3).padEnd(3, '0'));
  const utc = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second), ms);
  const offsetMinutes = match[8] === undefined ? (match[9] === '-' ? -1 : 1) * (Number(match[10]) * 60 + Number(match[11])) : 0;
  return utc - offsetMinutes * 60_000;
}

/** RFC 3339, UTC, with milliseconds: for `wakeAt`, which must not fire early. */
export function formatTimeMs(epochMs: number): string {
  return new Date(Math.ceil(epochMs)).toISOString();
}

/** RFC 3339, UTC, in whole seconds (cut): the form of `metav1.Time`. */
export function formatTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}

/** The earlier of two times; either may be absent. */
export function earliest(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.min(a, b);
}
