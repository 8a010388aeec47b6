import { stripVTControlCharacters } from 'node:util';

/** A line that begins with `lead` and goes on with `text`, broken between words at `width` columns under the beginning of the text; undefined: not at all. */
export function hang(lead: string, text: string, width: number | undefined): readonly string[] {
  const indent = ' '.repeat(lead.length);
  return wrapped(text, width === undefined ? undefined : Math.max(LEAST_WIDTH, width - lead.length)).map(
    (line, index) => `${index === 0 ? lead : indent}${line}`,
  );
}

/** Letters that take two columns of a terminal (Unicode's East Asian wide, and emoji), and marks that take none. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
const MARK = /\p{Mark}|[\u200b-\u200d]|\ufe0f/u;
/** Nothing in these needs a look at each letter. */
const PLAIN = /^[\u0020-\u02ff\u2010-\u2027\u2190-\u22ff\u2500-\u257f]*$/;

/** Columns that a text takes on a terminal; styles take none. */
export function widthOf(text: string): number {
  const bare = text.includes('\u001b') ? stripVTControlCharacters(text) : text;
  if (PLAIN.test(bare)) return bare.length;
  return [...bare].reduce((sum, letter) => sum + (MARK.test(letter) ? 0 : WIDE.test(letter) ? 2 : 1), 0);
}

/** Below this much room breaking lines helps nobody. */
export const LEAST_WIDTH = 30;

/** The lines of a text, each at most so many columns wide where its words allow it. */
export function wrapped(text: string, width: number | undefined): readonly string[] {
  if (width === undefined || widthOf(text) <= width) return [text];
  const lines: string[] = [];
  let used = 0;
  // Two spaces stand between things: they stay unless the line breaks there.
  for (const word of wordsOf(text)) {
    const line = lines.at(-1);
    const isNew = line === undefined || used + widthOf(word) > width;
    const part = isNew && line !== undefined ? word.trimStart() : word;
    if (isNew) lines.push(part);
    else lines[lines.length - 1] = `${line}${part}`;
    used = widthOf(part) + (isNew ? 0 : used);
  }
  return lines;
}

/** A command at the end of a text. */
const COMMAND = /(?<=:) +kubectl .*$/;

/** The words of a text, each with the spaces before it. A command at its end, which is to be pasted, is one word. */
export function wordsOf(text: string): readonly string[] {
  const command = COMMAND.exec(text)?.[0] ?? '';
  const words = text.slice(0, text.length - command.length).match(/ *[^ ]+/g) ?? [];
  return command === '' ? words : [...words, command];
}

/** At most so many columns: the rest is three dots in one. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const letter of text) {
    used += widthOf(letter);
    if (used > width - 1 && kept !== '') break;
    kept += letter;
  }
  return `${kept}…`;
}

/** `1,000`. */
export function number(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 Task`, `1,000 Tasks`. */
export function counted(count: number, what: string): string {
  return `${number(count)} ${what}${count === 1 ? '' : 's'}`;
}
