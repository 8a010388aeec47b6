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
    ...Object.entries(facts).map(([name, value]) => `${' '.repeat(width)}  ${paint('dim', `${name}: ${factText(value)}`)}`),
  ]);
}

/** A fact in words: moments as times, values as JSON, long ones cut. */
function factText(value: unknown): string {
  if (typeof value === 'number' && value > FIRST_TIME_MS && value < LAST_TIME_MS) return new Date(value).toISOString();
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text.length > MAX_FACT_LENGTH ? `${text.slice(0, MAX_FACT_LENGTH)}…` : text;
}
