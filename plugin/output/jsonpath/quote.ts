const ESCAPE = /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([0-7]{3})|([abfnrtv\\'"])|(.?))/gi;
const LETTERS: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** The text between two quotes, as Go reads it. Throws where it has an escape that Go does not know. Source: client-go third_party/forked/golang/template/exec.go, UnquoteExtend. */
export function unquoted(text: string, quote: string): string {
  return text.replace(ESCAPE, (whole, x, u, long, octal, letter, wrong) => {
    const code = x ?? u ?? long;
    if (code !== undefined && whole[1] === 'X') throw new Error(`invalid escape ${whole}`);
    if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
    if (wrong !== undefined || !/[abfnrtv\\'"]/.test(letter)) throw new Error(`invalid escape ${whole} in ${quote}${text}${quote}`);
    return LETTERS[letter] ?? letter;
  });
}
