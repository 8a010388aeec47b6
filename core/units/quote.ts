const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\u000b': '\\v',
};

/** Text between double quotes, as Go's `%q` writes it: what stands in messages and in the attributes that the agent reads. Source: Go strconv.Quote. */
export function goQuote(text: string): string {
  let quoted = '';
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    const short = ESCAPES[character];
    if (short !== undefined) quoted += short;
    else if (point < 0x20 || point === 0x7f) quoted += `\\x${hex(point, 2)}`;
    else if (point >= 0xd800 && point <= 0xdfff) quoted += '\ufffd';
    else if (
      (point >= 0x80 && point < 0xa1) ||
      point === 0xad ||
      (point >= 0x2000 && point <= 0x200f) ||
      (point >= 0x2028 && point <= 0x202f) ||
      point === 0xfeff
    ) {
      // Spaces other than the plain one, controls and direction marks: nothing that a reader can't see stands in a message unescaped.
      quoted += `\\u${hex(point, 4)}`;
    } else quoted += character;
  }
  return `"${quoted}"`;
}

/** One word of a POSIX shell, whatever it contains. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function hex(point: number, digits: number): string {
  return point.toString(16).padStart(digits, '0');
}
