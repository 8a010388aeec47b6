const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d{2}):(\d{2}))$/;

const DASH = 0x2d;
const DOT = 0x2e;
const COLON = 0x3a;
const T = 0x54;
const Z = 0x5a;

/** Milliseconds since the epoch of an RFC 3339 time; null when it is none. Written out because engines differ in what `Date.parse` accepts. */
export function parseTime(text: string | undefined | null): number | null {
  if (typeof text !== 'string') return null;
  return parseUsual(text) ?? parseAny(text);
}

/**
 * `2026-01-02T03:04:05Z`, as the API server writes nearly all times, or `2026-01-02T03:04:05.678Z`, as the host writes them; null for any other form. A decision
 * reads dozens of them, and an expression costs several times as much; so do, in the core's engine, texts of one character and lists that are taken apart.
 */
function parseUsual(text: string): number | null {
  const hasMs = text.length === 24;
  const isUsual =
    (hasMs ? text.charCodeAt(19) === DOT : text.length === 20) &&
    text.charCodeAt(4) === DASH &&
    text.charCodeAt(7) === DASH &&
    text.charCodeAt(10) === T &&
    text.charCodeAt(13) === COLON &&
    text.charCodeAt(16) === COLON &&
    text.charCodeAt(text.length - 1) === Z;
  if (!isUsual) return null;
  const utc = Date.UTC(
    digits(text, 0, 4),
    digits(text, 5, 7) - 1,
    digits(text, 8, 10),
    digits(text, 11, 13),
    digits(text, 14, 16),
    digits(text, 17, 19),
    hasMs ? digits(text, 20, 23) : 0,
  );
  return Number.isNaN(utc) ? null : utc;
}

/** The whole number that stands there; NaN when anything else does. */
function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let index = from; index < to; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

function parseAny(text: string): number | null {
  const match = RFC3339.exec(text);
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
