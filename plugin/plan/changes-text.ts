import type { Change } from '../contract/plan.ts';
import type { Paint, Style } from '../io.ts';
import { cut, hang } from './lay-out.ts';

export interface ChangesView {
  readonly indent: string;
  /** Columns to break lines at; absent: nowhere. */
  readonly width?: number;
  readonly paint: Paint;
  /** What is said already, so that a condition need not say it again. */
  readonly said?: string;
}

const SYMBOLS = { add: '+', remove: '-', replace: '~' } as const satisfies Record<Change['op'], string>;
const STYLES = { add: 'green', remove: 'red', replace: 'yellow' } as const satisfies Record<Change['op'], Style>;
/** Values longer than this are cut; JSON has them whole. */
const LONGEST_VALUE = 120;
/** Which state of the spec a status speaks of: bookkeeping that JSON has. */
const BOOKKEEPING = 'status.observedGeneration';

/** One line a field, what people look for first: `~ status.phase: Queued -> Running`. */
export function changeLines(changes: readonly Change[], { indent, width, paint, said = '' }: ChangesView): readonly string[] {
  const message = changes.find(({ path }) => path === 'status.message')?.to;
  const told = [said, ...(typeof message === 'string' ? [message] : [])];
  const shown = changes.filter(({ path }) => path !== BOOKKEEPING).toSorted((a, b) => rank(a) - rank(b));
  return shown.flatMap((change) => {
    const [first = '', ...rest] = hang(`${indent}${SYMBOLS[change.op]} `, `${pathText(change)}: ${valuesText(change, told)}`, width);
    const symbol = paint(STYLES[change.op], SYMBOLS[change.op]);
    return [`${indent}${symbol}${first.slice(indent.length + 1)}`, ...rest];
  });
}

const FIRST = [/^status\.phase$/, /^status\.cause$/, /^status\.message$/, /^status\.conditions/];

function rank({ path }: Change): number {
  const index = FIRST.findIndex((pattern) => pattern.test(path));
  return index < 0 ? FIRST.length : index;
}

/** `status.conditions[Queued]`: by which field the items are told apart goes without saying. */
function pathText({ path }: Change): string {
  return path.replaceAll(/\[(?:type|name|number)=/g, '[');
}

function valuesText({ op, from, to }: Change, told: readonly string[]): string {
  switch (op) {
    case 'add':
      return valueText(to, told);
    case 'remove':
      return valueText(from, told);
    case 'replace':
      return isCondition(from) && isCondition(to) ? conditionsText(from, to, told) : `${valueText(from, told)} -> ${valueText(to, told)}`;
  }
}

interface ConditionValue {
  readonly status: string;
  readonly reason: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

function conditionsText(from: ConditionValue, to: ConditionValue, told: readonly string[]): string {
  const [before, after] = [`${from.status}/${from.reason}`, conditionText(to, told)];
  if (`${to.status}/${to.reason}` !== before) return `${before} -> ${after}`;
  if (from.message !== to.message) return `${conditionText(from, told)} -> ${conditionText(to, [])}`;
  return `${after}, ${from.lastTransitionTime ?? 'no time'} -> ${to.lastTransitionTime ?? 'no time'}`;
}

/** `True/Reason`, and the message where nothing else says it. */
function conditionText({ status, reason, message }: ConditionValue, told: readonly string[]): string {
  return `${status}/${reason}${message === undefined || message === '' || told.includes(message) ? '' : ` ${quoted(message)}`}`;
}

/** Conditions by status and reason, of other maps what is plain in them, words as they are. */
function valueText(value: unknown, told: readonly string[]): string {
  if (isCondition(value)) return conditionText(value, told);
  if (typeof value === 'string') return /^[^\s"',:]+$|^\S+Z$/.test(value) ? cut(value, LONGEST_VALUE) : quoted(value);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const fields = Object.entries(value).filter(([, field]) => typeof field !== 'object');
    return cut(fields.map(([key, field]) => `${key}=${String(field)}`).join(' '), LONGEST_VALUE);
  }
  return cut(JSON.stringify(value), LONGEST_VALUE);
}

/** As JSON, in the quotes that the text does not use itself. */
function quoted(text: string): string {
  const short = JSON.stringify(cut(text, LONGEST_VALUE));
  return text.includes("'") ? short : `'${short.slice(1, -1).replaceAll('\\"', '"')}'`;
}

function isCondition(value: unknown): value is ConditionValue {
  return typeof value === 'object' && value !== null && 'type' in value && 'status' in value && 'reason' in value;
}
