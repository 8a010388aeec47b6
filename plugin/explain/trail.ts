import type { Reason } from '#core/contract/decision.ts';
import type { Paint } from '../io.ts';

const MAX_FACT_LENGTH = 160;
/** Numbers between these are moments in milliseconds since the epoch: 2001 to 2100. */
const FIRST_TIME_MS = 1e12;
const LAST_TIME_MS = 4.1e12;

/** The rules that fired, in order: what each says, and below it the facts that it used. */
export function trailText(reasons: readonly Reason[], paint: Paint): readonly string[] {
  const width = Math.max(0, ...reasons.map(({ rule }) => rule.length));
  return reasons.flatMap(({ rule, says, facts }) => [
    `${paint('cyan', rule.padEnd(width))}  ${says}`,
    ...Object.entries(facts).map(([name, value]) => `${' '.repeat(width)}  ${paint('dim', factLine(name, value))}`),
  ]);
}

/** A fact in words, a moment as a time; what is too long is cut. */
function factLine(name: string, value: unknown): string {
  if (typeof value === 'number' && value > FIRST_TIME_MS && value < LAST_TIME_MS)
    return `${name.replace(/Ms$/, '')}: ${new Date(value).toISOString()}`;
  const text = typeof value === 'string' ? value : isFields(value) ? fieldsText(value) : jsonText(value);
  return `${name}: ${text.length > MAX_FACT_LENGTH ? `${text.slice(0, MAX_FACT_LENGTH)}…` : text}`;
}

/** `type=Failed, cause=Application, message="container agent: exit code 1"`. */
function fieldsText(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${typeof value === 'string' && /^[\w./:-]+$/.test(value) ? value : jsonText(value)}`)
    .join(', ');
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function jsonText(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
