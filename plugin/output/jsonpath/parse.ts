import type { Node, Slice } from './node.ts';
import { unquoted } from './quote.ts';

const ENDS_A_NAME = /[\s.,[\]$@{}]/;
const SLICE = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/;
const DICT_KEY = /^'([^']*)'$/;
const COMPARISON = /^([^!<>=]+)([!<>=]+)(.+?)$/s;

/**
 * Reads a template of kubectl's JSONPath: text, and paths in braces. Throws an error that says what is wrong.
 * Source of the grammar: client-go util/jsonpath/parser.go; no library speaks this dialect (escaped dots, `range`, quoted text, a path without `$`).
 */
export function parseTemplate(template: string): readonly Node[] {
  const nodes: Node[] = [];
  const reader = new Reader(template);
  for (;;) {
    const text = reader.until('{');
    if (text !== '') nodes.push({ type: 'Text', text });
    if (reader.isAtEnd) return nodes;
    reader.take(1);
    nodes.push({ type: 'List', nodes: parseAction(reader) });
  }
}

/** A path that stands in brackets, as if it stood in braces. */
function parsePart(text: string): readonly Node[] {
  return parseAction(new Reader(`${text}}`));
}

/** What stands in braces, with the closing one. */
function parseAction(reader: Reader): readonly Node[] {
  const nodes: Node[] = [];
  for (;;) {
    if (reader.isAtEnd || reader.peek === '\n') throw new Error('unclosed action: expected }');
    if (reader.takeIf('}')) return nodes;
    if (reader.takeIf('[?(')) nodes.push(parseFilter(reader));
    else if (reader.takeIf('..')) {
      if (nodes.at(-1)?.type === 'Recursive') throw new Error('invalid multiple recursive descent');
      nodes.push({ type: 'Recursive' }, ...(/[\w]/.test(reader.peek) ? [fieldOf(reader)] : []));
    } else if (/[ @$]/.test(reader.peek)) reader.take(1);
    else if (reader.takeIf('[')) nodes.push(...parseBrackets(reader));
    else if (/["']/.test(reader.peek)) nodes.push({ type: 'Text', text: parseQuote(reader) });
    else if (reader.takeIf('.')) nodes.push(fieldOf(reader));
    else if (/[+\-\d]/.test(reader.peek)) nodes.push(parseNumber(reader));
    else if (/[\p{L}_]/u.test(reader.peek)) nodes.push(parseWord(reader));
    else throw new Error(`unrecognized character in action: ${JSON.stringify(reader.peek)}`);
  }
}

function fieldOf(reader: Reader): Node {
  const name = reader.name();
  return name === '*' ? { type: 'Wildcard' } : { type: 'Field', name: name.replaceAll('\\', '') };
}

function parseWord(reader: Reader): Node {
  const word = reader.matching(/[\p{L}\p{N}_]+/uy);
  switch (word) {
    case 'true':
    case 'false':
      return { type: 'Bool', value: word === 'true' };
    case 'range':
    case 'end':
      return { type: 'Keyword', word };
    default:
      throw new Error(`unrecognized identifier ${word}: a field begins with a dot, as in {.${word}}`);
  }
}

function parseNumber(reader: Reader): Node {
  const text = reader.matching(/[+-]?[\d.]*/y);
  const value = Number(text);
  if (!/\d/.test(text) || Number.isNaN(value)) throw new Error(`cannot parse number ${text}`);
  return { type: 'Number', value, isFloat: text.includes('.') };
}

/** Text in quotes, which may hold escaped ones. */
function parseQuote(reader: Reader): string {
  const quote = reader.take(1);
  const text = reader.matching(quote === '"' ? /(?:\\[^\n]|[^"\\\n])*/y : /(?:\\[^\n]|[^'\\\n])*/y);
  if (!reader.takeIf(quote)) throw new Error('unterminated quoted string');
  return unquoted(text, quote);
}

function parseFilter(reader: Reader): Node {
  const text = reader.matching(/(?:[^"')\n]|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')*/y);
  if (!reader.takeIf(')')) throw new Error('unterminated filter: expected )');
  if (!reader.takeIf(']')) throw new Error('unclosed array: expected ] behind the filter');
  const [, left, operator, right] = COMPARISON.exec(text) ?? [];
  if (left === undefined || operator === undefined || right === undefined) return { type: 'Filter', left: parsePart(text) };
  return { type: 'Filter', left: parsePart(left), comparison: { operator, right: parsePart(right) } };
}

/** What follows `[`: numbers, a name in quotes, or several of them. */
function parseBrackets(reader: Reader): readonly Node[] {
  const inside = reader.until(']');
  if (inside.includes('\n') || !reader.takeIf(']')) throw new Error('unterminated array: expected ]');
  const parts = inside.split(',');
  if (parts.length > 1) return [{ type: 'Union', parts: parts.map((part) => parsePart(`[${part.trim()}]`)) }];
  const text = inside === '*' ? ':' : inside;
  const key = DICT_KEY.exec(text)?.[1];
  // As kubectl: a dot in the name has to be escaped here, too.
  if (key !== undefined) return parsePart(`.${key}`);
  const slice = SLICE.exec(text);
  if (slice === null) throw new Error(`invalid array index ${text}`);
  return [{ type: 'Slice', slice: sliceOf(slice[1], slice[2], slice[3]) }];
}

function sliceOf(first = '', second = '', third = ''): Slice {
  const number = (text: string): number | undefined => (text === '' ? undefined : Number(text));
  const start = number(first);
  const end = second === '' ? (start ?? 0) + 1 : number(second.slice(1));
  const step = number(third.slice(1));
  return {
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
    isOne: second === '',
    ...(step === undefined ? {} : { step }),
  };
}

/** A text and how far it has been read. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** The next character; empty at the end. */
  get peek(): string {
    return this.#text.charAt(this.#at);
  }

  take(length: number): string {
    const taken = this.#text.slice(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }

  takeIf(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  /** All before the next of these; the rest where there is none. */
  until(text: string): string {
    const end = this.#text.indexOf(text, this.#at);
    return this.take((end < 0 ? this.#text.length : end) - this.#at);
  }

  /** What a sticky pattern matches here; empty for nothing. */
  matching(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    return this.take(pattern.exec(this.#text)?.[0].length ?? 0);
  }

  /** To the next character that ends a name, save where it is escaped. */
  name(): string {
    const from = this.#at;
    while (!this.isAtEnd && !ENDS_A_NAME.test(this.peek)) this.#at += this.peek === '\\' ? 2 : 1;
    return this.#text.slice(from, this.#at);
  }
}
