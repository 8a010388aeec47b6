const DECIMAL = /^[1-9][0-9]*$/;

/**
 * Order of two resourceVersions of one kind: negative, 0 or positive; undefined when either is no decimal number, so that nothing can be said of them.
 * Decimal strings of any length, compared by length and then as text (KEP-5504); they may pass 2^53, so never as numbers.
 */
export function compareResourceVersions(left: string, right: string): number | undefined {
  if (!DECIMAL.test(left) || !DECIMAL.test(right)) return undefined;
  if (left.length !== right.length) return left.length - right.length;
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** Whether `seen` is at least `wanted`. Versions without order count as equal only when they are the same text. */
export function isAtLeast(seen: string, wanted: string): boolean {
  const order = compareResourceVersions(seen, wanted);
  return order === undefined ? seen === wanted : order >= 0;
}
