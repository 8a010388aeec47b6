/** A line that begins with `lead` and goes on with `text`, broken between words at `width` columns under the beginning of the text; undefined: not at all. */
export function hang(lead: string, text: string, width: number | undefined): readonly string[] {
  const indent = ' '.repeat(lead.length);
  return wrapped(text, width === undefined ? undefined : Math.max(LEAST_WIDTH, width - lead.length)).map(
    (line, index) => `${index === 0 ? lead : indent}${line}`,
  );
}

/** Below this much room breaking lines helps nobody. */
const LEAST_WIDTH = 30;

/** The lines of a text, each at most so many columns wide where its words allow it. */
export function wrapped(text: string, width: number | undefined): readonly string[] {
  if (width === undefined || text.length <= width) return [text];
  const lines: string[] = [];
  // Two spaces stand between things: they stay unless the line breaks there.
  for (const [word = ''] of text.matchAll(/ *[^ ]+/g)) {
    const line = lines.at(-1);
    if (line === undefined || line.length + word.length > width) lines.push(line === undefined ? word : word.trimStart());
    else lines[lines.length - 1] = `${line}${word}`;
  }
  return lines;
}

/** At most so many columns: the rest is three dots in one. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(1, width - 1))}…`;
}

/** `1,000`. */
export function number(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 Task`, `1,000 Tasks`. */
export function counted(count: number, what: string): string {
  return `${number(count)} ${what}${count === 1 ? '' : 's'}`;
}
