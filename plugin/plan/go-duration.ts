/** As Go's `Duration.String`, to the millisecond: `0s`, `1.5s`, `1h0m0s` without what is zero at the end: `1h`. */
export function goDuration(ms: number): string {
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = Math.round(ms % 60_000) / 1_000;
  const parts = [hours > 0 ? `${hours}h` : '', minutes > 0 ? `${minutes}m` : '', seconds > 0 ? `${seconds}s` : ''].join('');
  return parts === '' ? '0s' : parts;
}
