import type { Paint, Style } from '#plugin/io.ts';
import { wrapped } from '../text/wrapped.ts';

export interface ScreenOptions {
  readonly write: (text: string) => void;
  readonly paint: Paint;
  /** Lines are broken there; undefined: no terminal, so never. */
  readonly columns: number | undefined;
  /** Seconds since the beginning. */
  readonly seconds: () => number;
  /** Columns of the longest name in front of a line. */
  readonly nameWidth: number;
}

/** Prints a line of the timeline: seconds since the beginning, whom it is about, what happened. */
export type Tell = (who: string, what: string, style?: Style) => void;

const TIME_WIDTH = 8;
/** Without a line for so long, the next one is told to be later. */
const GAP_SECONDS = 10;
const CLEAR_LINE = '\r\u001b[2K';
/** Each name keeps its colour, so that the eye can follow it. */
const NAME_STYLES: readonly Style[] = ['cyan', 'green', 'yellow'];

/** The timeline, and on a terminal a last line below it that says how things stand. */
export class Screen {
  readonly #options: ScreenOptions;
  readonly #styles = new Map<string, Style>();
  #lastSeconds = 0;
  #standing = '';
  #count = 0;

  constructor(options: ScreenOptions) {
    this.#options = options;
  }

  /** Lines of the timeline so far. */
  get count(): number {
    return this.#count;
  }

  readonly tell: Tell = (who, what, style) => {
    const { paint, columns, seconds, nameWidth } = this.#options;
    const now = seconds();
    const indent = TIME_WIDTH + nameWidth + 4;
    const gap = now - this.#lastSeconds;
    if (gap >= GAP_SECONDS) this.text(`${' '.repeat(TIME_WIDTH - 1)}${paint('dim', `: ${gapText(gap)} later`)}\n`);
    this.#lastSeconds = now;
    const depth = what.length - what.trimStart().length;
    const parts = wrapped(what, columns === undefined ? undefined : columns - indent, depth + 2);
    const [first = '', ...others] = parts.map((part) => (style === undefined ? part : paint(style, part)));
    const name = `${paint(this.#styleOf(who), who)}${' '.repeat(Math.max(0, nameWidth - who.length))}`;
    const lines = [
      `${paint('dim', `${now.toFixed(1)}s`.padStart(TIME_WIDTH))}  ${name}  ${first}`,
      ...others.map((part) => `${' '.repeat(indent)}${part}`),
    ];
    this.#count += 1;
    this.text(`${lines.join('\n')}\n`);
  };

  /** Whole lines as they are. */
  text(lines: string): void {
    this.#options.write(`${this.#clear()}${lines}${this.#standing}`);
  }

  /** How things stand, in one line; the empty text takes it away. */
  stand(text: string): void {
    const { columns, write } = this.#options;
    if (columns === undefined) return;
    const cut = text.slice(0, columns - 1);
    if (cut === this.#standing) return;
    write(`${this.#clear()}${cut}`);
    this.#standing = cut;
  }

  #clear(): string {
    return this.#standing === '' ? '' : CLEAR_LINE;
  }

  #styleOf(who: string): Style {
    if (who === 'you' || who.startsWith('host')) return 'bold';
    const style = this.#styles.get(who) ?? NAME_STYLES[this.#styles.size % NAME_STYLES.length] ?? 'bold';
    this.#styles.set(who, style);
    return style;
  }
}

/** `45 s`, `4 min 10 s`. */
function gapText(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
