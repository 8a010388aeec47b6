const CONTEXT_LINES = 3;
/** Beyond so many pairs of lines the middle counts as replaced: a longest common part costs their product. */
const MAX_PAIRS = 4_000_000;

export interface DiffNames {
  readonly before: string;
  readonly after: string;
}

interface DiffLine {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

/** Two texts as `diff -u` shows them, three lines of context; empty when they are equal. */
export function unifiedDiff(before: readonly string[], after: readonly string[], names: DiffNames): readonly string[] {
  const lines = diffLines(before, after);
  const hunks = hunksOf(lines);
  if (hunks.length === 0) return [];
  return [`--- ${names.before}`, `+++ ${names.after}`, ...hunks.flatMap(([from, to]) => hunkText(lines, from, to))];
}

function diffLines(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const same = (lines: readonly string[]): readonly DiffLine[] => lines.map((text) => ({ sign: ' ', text }));
  return [
    ...same(before.slice(0, start)),
    ...middle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...same(before.slice(before.length - end)),
  ];
}

function middle(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  const gone = before.map((text): DiffLine => ({ sign: '-', text }));
  const come = after.map((text): DiffLine => ({ sign: '+', text }));
  if (before.length * after.length > MAX_PAIRS) return [...gone, ...come];
  const lengths = commonLengths(before, after);
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < before.length && j < after.length) {
    const [goneLine, comeLine] = [gone[i], come[j]];
    if (goneLine === undefined || comeLine === undefined) break;
    if (goneLine.text === comeLine.text) {
      lines.push({ sign: ' ', text: goneLine.text });
      i += 1;
      j += 1;
    } else if ((lengths[i + 1]?.[j] ?? 0) >= (lengths[i]?.[j + 1] ?? 0)) {
      lines.push(goneLine);
      i += 1;
    } else {
      lines.push(comeLine);
      j += 1;
    }
  }
  return [...lines, ...gone.slice(i), ...come.slice(j)];
}

/** Length of the longest common part of what is behind each pair of places. */
function commonLengths(before: readonly string[], after: readonly string[]): readonly Uint32Array[] {
  const lengths = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i -= 1) {
    const [row, next] = [lengths[i], lengths[i + 1]];
    if (row === undefined || next === undefined) continue;
    for (let j = after.length - 1; j >= 0; j -= 1) {
      row[j] = before[i] === after[j] ? (next[j + 1] ?? 0) + 1 : Math.max(next[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return lengths;
}

/** First line and the one behind the last of each stretch with a change and its context. */
function hunksOf(lines: readonly DiffLine[]): readonly (readonly [number, number])[] {
  const hunks: [number, number][] = [];
  for (const [index, { sign }] of lines.entries()) {
    if (sign === ' ') continue;
    const [from, to] = [Math.max(0, index - CONTEXT_LINES), Math.min(lines.length, index + CONTEXT_LINES + 1)];
    const last = hunks.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = to;
    else hunks.push([from, to]);
  }
  return hunks;
}

function hunkText(lines: readonly DiffLine[], from: number, to: number): readonly string[] {
  const count = (sign: '-' | '+', part: readonly DiffLine[]): number =>
    part.filter((line) => line.sign === ' ' || line.sign === sign).length;
  const [ahead, part] = [lines.slice(0, from), lines.slice(from, to)];
  const range = (sign: '-' | '+'): string => {
    const length = count(sign, part);
    return `${count(sign, ahead) + (length === 0 ? 0 : 1)},${length}`;
  };
  return [`@@ -${range('-')} +${range('+')} @@`, ...part.map(({ sign, text }) => `${sign}${text}`)];
}
