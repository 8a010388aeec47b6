/** A whole number that is not negative; null for anything else, as people may have stored it under an older CRD. */
export function countOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
