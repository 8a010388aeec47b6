const MOST = 3;

/** Those of `candidates` that somebody who typed `name` may have meant, nearest first, at most 3: near by edits, or one the beginning of the other. */
export function nearNames(name: string, candidates: Iterable<string>): readonly string[] {
  const allowed = Math.max(1, Math.floor(name.length / 3));
  return [...new Set(candidates)]
    .map((candidate) => ({ candidate, distance: distanceOf(name, candidate) }))
    .filter(({ distance }) => distance <= allowed)
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, MOST)
    .map(({ candidate }) => candidate);
}

/** `; did you mean a or b`, or nothing. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const near = nearNames(name, candidates);
  return near.length === 0 ? '' : `; did you mean ${near.join(' or ')}`;
}

function distanceOf(name: string, candidate: string): number {
  const isBeginning = name.length > 2 && (candidate.startsWith(name) || name.startsWith(candidate));
  return isBeginning ? 1 : edits(name.toLowerCase(), candidate.toLowerCase());
}

/** Letters put in, left out, replaced, or swapped with their neighbour (optimal string alignment), row by row. */
function edits(from: string, to: string): number {
  let [before, row] = [[] as readonly number[], Array.from({ length: to.length + 1 }, (_, index) => index)];
  for (let index = 0; index < from.length; index += 1) {
    const next = [index + 1];
    for (let at = 0; at < to.length; at += 1) {
      const replaced = (row[at] ?? 0) + (from[index] === to[at] ? 0 : 1);
      const isSwap = index > 0 && at > 0 && from[index] === to[at - 1] && from[index - 1] === to[at];
      const swapped = isSwap ? (before[at - 1] ?? 0) + 1 : replaced;
      next.push(Math.min(replaced, swapped, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    [before, row] = [row, next];
  }
  return row[to.length] ?? 0;
}
