const NONE = '<none>';
const GAP = '   ';

/** Columns as kubectl lays them out: each as wide as its widest cell, and nothing behind the last word of a line. Without headers the titles are left out. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[], hasHeaders = true): string {
  const cells = [...(hasHeaders ? [titles] : []), ...rows.map((row) => row.map((cell) => cell || NONE))];
  const widths = titles.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join(GAP)
          .trimEnd()}\n`,
    )
    .join('');
}
