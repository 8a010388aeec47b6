const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365 * DAY_MS;

/** A length of time as kubectl's AGE column has it: two units at most, and fewer the longer it is. Source: apimachinery pkg/util/duration, HumanDuration. */
export function humanDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / SECOND_MS));
  if (seconds < 120) return `${seconds}s`;
  if (ms < 10 * MINUTE_MS) return pair(ms, MINUTE_MS, 'm', SECOND_MS, 's');
  if (ms < 3 * HOUR_MS) return `${Math.floor(ms / MINUTE_MS)}m`;
  if (ms < 8 * HOUR_MS) return pair(ms, HOUR_MS, 'h', MINUTE_MS, 'm');
  if (ms < 2 * DAY_MS) return `${Math.floor(ms / HOUR_MS)}h`;
  if (ms < 8 * DAY_MS) return pair(ms, DAY_MS, 'd', HOUR_MS, 'h');
  if (ms < 2 * YEAR_MS) return `${Math.floor(ms / DAY_MS)}d`;
  return ms < 8 * YEAR_MS ? pair(ms, YEAR_MS, 'y', DAY_MS, 'd') : `${Math.floor(ms / YEAR_MS)}y`;
}

function pair(ms: number, largeMs: number, large: string, smallMs: number, small: string): string {
  const rest = Math.floor((ms % largeMs) / smallMs);
  return `${Math.floor(ms / largeMs)}${large}${rest === 0 ? '' : `${rest}${small}`}`;
}
