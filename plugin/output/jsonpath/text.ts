import { evaluate, type Results } from './evaluate.ts';
import { Float } from './float.ts';
import type { Node } from './node.ts';

/** What `-o jsonpath=` prints: groups one behind the other, values of a group with a space between. */
export function jsonPathText(nodes: readonly Node[], data: unknown): string {
  return evaluate(nodes, data).map(groupText).join('');
}

/** What `-o jsonpath-as-json=` prints: each group as a list. */
export function jsonPathJson(nodes: readonly Node[], data: unknown): string {
  return evaluate(nodes, data)
    .map((group) => `${escaped(JSON.stringify(group.map(sorted), null, 4))}\n`)
    .join('');
}

function groupText(group: Results): string {
  return group.map(valueText).join(' ');
}

/** As Go prints it. */
function valueText(value: unknown): string {
  if (value instanceof Float) return numberText(value.value);
  if (typeof value === 'number') return numberText(value);
  return typeof value === 'object' ? escaped(JSON.stringify(sorted(value))) : String(value);
}

/** `%v` of a float: an exponent of two digits at least, from 1e21 on and below 1e-4. */
function numberText(value: number): string {
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-4 && size < 1e21)) return String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

/** With keys in order, as Go marshals a map. */
function sorted(value: unknown): unknown {
  if (value instanceof Float) return value.value;
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}

/** Go escapes what HTML could take for its own. */
function escaped(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
