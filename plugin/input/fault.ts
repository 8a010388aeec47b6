import type { Paint } from '../io.ts';

/** Something wrong in a file, and where. Lines and columns count from 1. */
export interface Fault {
  readonly source: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** The lines of the file, for the frame. */
  readonly lines: readonly string[];
}

/** `file:line:column  message` with the line and the one before it, and a caret. */
export function formatFault({ source, line, column, message, lines }: Fault, paint: Paint): string {
  const width = String(line).length + 2;
  const numbered = (number: number): string[] => {
    const text = lines[number - 1];
    return text === undefined ? [] : [`${paint('dim', `${String(number).padStart(width)} |`)} ${text}`];
  };
  // Tabs stay tabs, so that the caret stands below its column.
  const indent = (lines[line - 1] ?? '').slice(0, column - 1).replace(/[^\t]/g, ' ');
  const caret = lines[line - 1] === undefined ? [] : [`${' '.repeat(width + 2)} ${indent}${paint('red', '^')}`];
  return [`${paint('bold', `${source}:${line}:${column}`)}  ${message}`, ...numbered(line - 1), ...numbered(line), ...caret, ''].join('\n');
}

/** By file, then line, then column; the same fault twice is one. */
export function sortFaults(faults: readonly Fault[]): readonly Fault[] {
  const key = ({ source, line, column, message }: Fault): string => `${source}\n${line}\n${column}\n${message}`;
  const unique = new Map(faults.map((fault) => [key(fault), fault]));
  return [...unique.values()].sort(
    (a, b) =>
      (a.source < b.source ? -1 : a.source > b.source ? 1 : 0) ||
      a.line - b.line ||
      a.column - b.column ||
      (a.message < b.message ? -1 : 1),
  );
}
