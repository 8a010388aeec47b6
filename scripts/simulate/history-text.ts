import type { Paint, Style } from '#plugin/io.ts';
import { wrapped } from '../text/wrapped.ts';
import { type Failure, repeatCommand } from './failure.ts';
import { grouped } from './numbers.ts';

export interface TextOptions {
  readonly paint: Paint;
  /** Lines are broken there; undefined: never. */
  readonly columns: number | undefined;
}

export interface FailureTextOptions extends TextOptions {
  /** Name of the mistake that every host made. */
  readonly mistake?: string | undefined;
}

const TIME_WIDTH = 11;

/** Kinds of lines of a chronicle, told by their words; the first that fits. */
const STYLES: readonly (readonly [RegExp, Style])[] = [
  [/^VIOLATION /, 'red'],
  [/^ +\S+ (decides|hears of) .*(?<!: ok)$/, 'dim'],
  [/^ +\S+ hears of /, 'dim'],
  [/^ +\S+ sends /, 'cyan'],
  // A fault on the way of a call, or what befalls hosts and nodes.
  [/^ +\S+: /, 'yellow'],
  [/^\S+ (dies|stands still|wakes|is lost|is back|is about to|learns|is asked)/, 'yellow'],
  [/^(the (api server|taint manager)|quota of pods|nothing goes wrong)/, 'yellow'],
  [/^Task .*(Completed|Failed)/, 'green'],
  [/^(user|somebody) /, 'bold'],
];

/** The lines of a history with the times in a column of their own. */
export function historyText(lines: readonly string[], options: TextOptions): string {
  return lines.map((line) => `${lineText(line, options)}\n`).join('');
}

/** What broke, the shortest history that shows it, and how to see it again. */
export function failureText({ seed, violations, faults, lines }: Failure, options: FailureTextOptions): string {
  const broken = violations.map(({ rule, says }) => `${options.paint('red', `seed ${seed} breaks ${rule}`)}: ${says}\n`);
  const shown = lines.length === 0 ? '' : `the shortest history that shows it, ${withFaults(faults)}:\n${historyText(lines, options)}`;
  return `${broken.join('')}${shown}see it again: ${repeatCommand(seed, options.mistake)}\n`;
}

export function withFaults(faults: readonly string[]): string {
  return faults.length === 0 ? 'without any fault of the network' : `with the faults ${faults.join(', ')}`;
}

function lineText(line: string, { paint, columns }: TextOptions): string {
  const [, seconds = '', text = line] = /^\+([\d.]+)s (.*)$/s.exec(line) ?? [];
  const [whole = '', rest = ''] = seconds.split('.');
  const time = seconds === '' ? '' : `${grouped(Number(whole))}.${rest}s`;
  const style = STYLES.find(([pattern]) => pattern.test(text))?.[1];
  const depth = text.length - text.trimStart().length;
  const width = columns === undefined ? undefined : columns - TIME_WIDTH - 2;
  const [first = '', ...others] = wrapped(text, width, depth + 4).map((part) => (style === undefined ? part : paint(style, part)));
  return [`${paint('dim', time.padStart(TIME_WIDTH))}  ${first}`, ...others.map((part) => `${' '.repeat(TIME_WIDTH + 2)}${part}`)].join(
    '\n',
  );
}
