/** The value that a share `q` of all does not exceed (nearest rank); null when there is none. */
export function quantile(values: readonly number[], q: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.min(sorted.length, Math.ceil(q * sorted.length)) - 1)] ?? null;
}

export function median(values: readonly number[]): number | null {
  return quantile(values, 0.5);
}

/** `ours` by `n`, as it stands in a table: null where nothing was measured. */
export function per(total: number | null | undefined, n: number): number | null {
  return total === null || total === undefined || n === 0 ? null : total / n;
}

/** A number as people read it: three digits that count, thousands apart. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 100) return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
  return String(Number(value.toPrecision(size >= 10 ? 3 : 2)));
}
