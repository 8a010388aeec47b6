import type { Why } from '../../contract/why.ts';
import { shortDigest } from '../../explain/short-digest.ts';
import { trailText } from '../../explain/trail.ts';
import type { Paint, Style } from '../../io.ts';
import { createKubectl } from '../../kubectl.ts';
import { actionText } from '../../plan/action-text.ts';
import { moment } from '../facts.ts';
import { advised, helping, notEnough, runAgain } from './changes.ts';
import { factRows } from './facts.ts';
import { indented, type Line, linesText } from './lines.ts';

const STYLES: Readonly<Record<Why['course'], Style>> = {
  Waits: 'yellow',
  Starts: 'green',
  Runs: 'green',
  Ends: 'green',
  Ended: 'dim',
  Fails: 'red',
};

export interface WhyTextOptions {
  readonly paint: Paint;
  /** Columns of the terminal; absent: lines are not broken. */
  readonly columns?: number | undefined;
  /** Flags with which kubectl comes to the same cluster. */
  readonly access?: readonly string[];
}

/** The explanation for people: the answer first, what would help, then the facts, and at the end the rules that it all stands on. */
export function whyText(why: Why, { paint, columns, access }: WhyTextOptions): string {
  const kubectl = createKubectl({ namespace: why.namespace, access });
  const parts = [
    [head(why, paint)],
    helping(why, paint),
    factRows(why, kubectl, paint),
    doing(why, paint),
    advised(why, paint),
    runAgain(why, paint),
    notEnough(why, paint),
    rules('rules', why.reasons, paint),
    rules('rules by which it ended', why.end?.reasons ?? [], paint),
    lacking(why, paint),
    [{ text: paint('dim', `core ${shortDigest(why.core)}, at ${moment(why.at)}`) }],
  ];
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => linesText(lines, columns))
    .join('\n\n')}\n`;
}

function head(why: Why, paint: Paint): Line {
  const cause = why.cause === undefined ? '' : ` (${why.cause})`;
  const verb = why.course === 'Ended' ? '' : 'is ';
  const style = why.phase === 'Failed' ? 'red' : STYLES[why.course];
  return {
    text: `${paint('bold', `Task ${why.namespace}/${why.name}`)} ${verb}${paint(style, `${why.phase}${cause}`)}: ${why.answer}`,
    hang: 2,
  };
}

function doing({ actions, course }: Why, paint: Paint): readonly Line[] {
  if (actions.length === 0) return [];
  const hint = course !== 'Ended' ? ['if this does not happen, see whether the controller runs, and its log'] : [];
  const lines = [...actions.map((action) => actionText({ ...action, reason: '' }, paint)), ...hint.map((text) => paint('dim', text))];
  return section(
    'the controller has to do',
    lines.map((text) => ({ text, hang: 2 })),
  );
}

function rules(title: string, reasons: Why['reasons'], paint: Paint): readonly Line[] {
  if (reasons.length === 0) return [];
  const hang = Math.max(...reasons.map(({ rule }) => rule.length)) + 2;
  return section(
    title,
    trailText(reasons, paint).map((text) => ({ text, hang })),
  );
}

function lacking({ lacks }: Why, paint: Paint): readonly Line[] {
  if (lacks.length === 0) return [];
  return section(
    'not read, so the above may be wrong',
    lacks.map(({ what, message }) => ({ text: `${paint('red', '!')} ${what}: ${message}`, hang: 2 })),
  );
}

function section(title: string, lines: readonly Line[]): readonly Line[] {
  return [{ text: title }, ...indented(lines)];
}
