import type { Reason } from '#core/contract/decision.ts';
import type { Paint } from '../io.ts';

const MAX_FACT_LENGTH = 160;

/** The rules that fired, in order: what each says, and below it the facts that it used. */
export function trailText(reasons: readonly Reason[], paint: Paint): readonly string[] {
  const width = Math.max(0, ...reasons.map(({ rule }) => rule.length));
  return reasons.flatMap(({ rule, says, facts }) => [
    `${paint('cyan', rule.padEnd(width))}  ${says}`,
    ...Object.entries(facts).map(([name, value]) => `${' '.repeat(width)}  ${paint('dim', `${name}: ${factText(name, value)}`)}`),
  ]);
}

/** A fact in words: times in milliseconds as times, values as JSON, long ones cut. */
function factText(name: string, value: unknown): string {
  if (typeof value === 'number' && name.endsWith('Ms') && value > 1e11 && value < 253_402_300_800_000) return new Date(value).toISOString();
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text.length > MAX_FACT_LENGTH ? `${text.slice(0, MAX_FACT_LENGTH)}…` : text;
}
