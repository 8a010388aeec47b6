/** How long places stood empty while somebody waited for one. */
export interface Idleness {
  /** For each place that was given on, from the end of the Pod that had it to the next Pod, in milliseconds. */
  readonly gapsMs: readonly number[];
  /** Empty place-time of all place-time, while somebody waited: 0 to 1. */
  readonly share: number;
}

/**
 * From when the Pods were seen to begin and to end, each in order. Places are alike, so the k-th end makes room for the k-th Pod beyond the first `slots`. What is
 * looked at is the time from when all places were first full to when the last Pod began: later nobody waits.
 */
export function idleness(startsMs: readonly number[], endsMs: readonly number[], slots: number): Idleness {
  const starts = [...startsMs].sort((a, b) => a - b);
  const ends = [...endsMs].sort((a, b) => a - b);
  const later = starts.slice(slots);
  const gapsMs = later.flatMap((startMs, index) => {
    const endMs = ends[index];
    return endMs === undefined ? [] : [Math.max(0, startMs - endMs)];
  });
  const [firstFullMs, lastStartMs] = [starts[slots - 1], starts.at(-1)];
  const spanMs = firstFullMs === undefined || lastStartMs === undefined ? 0 : lastStartMs - firstFullMs;
  const emptyMs = gapsMs.reduce((sum, gap) => sum + gap, 0);
  return { gapsMs, share: spanMs === 0 ? 0 : emptyMs / (spanMs * slots) };
}
