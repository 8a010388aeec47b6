import { widthOf, wordsOf } from '../../plan/lay-out.ts';

/** One line of an explanation, not broken yet. Colour codes in it take no room. */
export interface Line {
  readonly text: string;
  /** How far what does not fit is set in, in columns. Default 0. */
  readonly hang?: number;
  /** To be pasted: never broken. */
  readonly isWhole?: true;
}

/** A row with its label: the text begins at one column. */
export const LABEL_COLUMNS = 12;

export function row(label: string, text: string): Line {
  const [margin = ''] = /^ */.exec(text) ?? [];
  return { text: `${label.padEnd(LABEL_COLUMNS)}${text}`, hang: LABEL_COLUMNS + margin.length };
}

/** One label, and below it the rows that go on. */
export function rows(label: string, texts: readonly string[]): readonly Line[] {
  return texts.map((text, index) => row(index === 0 ? label : '', text));
}

export function indented(lines: readonly Line[], columns = 2): readonly Line[] {
  return lines.map((line) => ({ ...line, text: `${' '.repeat(columns)}${line.text}`, hang: (line.hang ?? 0) + columns }));
}

/** Lines as text, broken at spaces where a width is given. */
export function linesText(lines: readonly Line[], columns: number | undefined): string {
  return lines
    .flatMap((line) => (columns === undefined || line.isWhole === true ? [line.text.trimEnd()] : broken(line, columns)))
    .join('\n');
}

function broken({ text, hang = 0 }: Line, columns: number): readonly string[] {
  const [margin = ''] = /^ */.exec(text) ?? [];
  const lines: string[] = [];
  let line = margin;
  let isEmpty = true;
  for (const word of wordsOf(text.slice(margin.length))) {
    const isOver = !isEmpty && widthOf(line) + widthOf(word) > columns;
    if (isOver) lines.push(line.trimEnd());
    line = isOver ? `${' '.repeat(hang)}${word.trimStart()}` : `${line}${word}`;
    isEmpty = false;
  }
  return [...lines, line.trimEnd()];
}
