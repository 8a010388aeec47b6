/** A Go duration, parsed: its length in milliseconds, which may be a fraction and may be negative. */
export type ParsedDuration = { readonly ok: true; readonly ms: number } | { readonly ok: false; readonly message: string };

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** Go's time.Duration is a signed 64-bit count of nanoseconds: about 292 years. */
const LIMIT_MS = 9_223_372_036_854.775;

/**
 * Reads a duration as Go's `time.ParseDuration` does: an optional sign, then decimal numbers with a unit each (`1h30m`, `1.5h`, `-3s`), or `0`.
 * The message of a refusal shows the right form. Source: Go `time/format.go`, ParseDuration.
 */
export function parseDuration(text: unknown): ParsedDuration {
  if (typeof text !== 'string') return refuse(text);
  const sign = text.startsWith('-') ? -1 : 1;
  const body = text.startsWith('-') || text.startsWith('+') ? text.slice(1) : text;
  if (body === '0') return { ok: true, ms: 0 };
  const part = /([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)/y;
  let totalMs = 0;
  let at = 0;
  while (at < body.length) {
    part.lastIndex = at;
    const match = part.exec(body);
    const unitMs = UNIT_MS[match?.[2] ?? ''];
    if (match === null || unitMs === undefined) return refuse(text);
    totalMs += Number(match[1]) * unitMs;
    at = part.lastIndex;
  }
  if (at === 0 || totalMs > LIMIT_MS) return refuse(text);
  return { ok: true, ms: sign * totalMs };
}

function refuse(text: unknown): ParsedDuration {
  return { ok: false, message: `${JSON.stringify(text)} is not a duration; want a form such as 90s, 30m or 1h30m` };
}

/** Writes milliseconds as Go's `Duration.String` does for whole milliseconds: `1h30m0s`, `1.5s`, `500ms`, `0s`. */
export function formatDuration(durationMs: number): string {
  const ms = Math.round(Math.abs(durationMs));
  const sign = durationMs < 0 && ms > 0 ? '-' : '';
  if (ms === 0) return '0s';
  if (ms < 1_000) return `${sign}${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = `${(ms % 60_000) / 1_000}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}
