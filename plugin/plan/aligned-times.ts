const OFFSET = /^\+(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?$/;

/** Writes offsets of one timeline, such as `+15.743s` and `+1h`, in one form: each with as many decimals of a second as any of them has, and then as Go prints it, `+1h0m0.000s`. */
export function alignedTimes(times: readonly string[]): (at: string) => string {
  const decimals = Math.max(0, ...times.map((at) => /\.(\d+)s$/.exec(at)?.[1]?.length ?? 0));
  return (at) => (decimals === 0 ? at : withDecimals(at, decimals));
}

function withDecimals(at: string, decimals: number): string {
  const [whole, hours, minutes, seconds = '0'] = OFFSET.exec(at) ?? [];
  if (whole === undefined) return at;
  const before = hours === undefined ? (minutes === undefined ? '' : `${minutes}m`) : `${hours}h${minutes ?? '0'}m`;
  return `+${before}${Number(seconds).toFixed(decimals)}s`;
}
