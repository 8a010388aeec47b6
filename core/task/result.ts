import type { Pod } from '../api/kubernetes.ts';
import { AGENT_CONTAINER } from '../contract/names.ts';
import { isObject } from '../pod/shape.ts';
import { utf8Length } from '../units/hash.ts';
import { hiddenPasswords } from './text.ts';

/** What a result may take as JSON, in bytes. The kubelet cuts a termination message there, and at 12 KiB for all containers of a Pod, in equal parts. */
const MAX_RESULT_BYTES = 4_096;
/** How many objects and lists may stand in each other: whoever reads a Task must be able to walk through it. */
const MAX_DEPTH = 32;

/** Reasons with which the message is the kubelet's or the runtime's: the agent has not said it. */
const NOT_OF_AGENT: ReadonlySet<string> = new Set(['ContainerStatusUnknown', 'StartError', 'ContainerCannotRun']);

/** What an agent left in its termination message. */
export type Result =
  | { readonly type: 'None' }
  | { readonly type: 'Given'; readonly value: Readonly<Record<string, unknown>> }
  /** It left something that is no result. */
  | { readonly type: 'Ignored'; readonly why: string };

/**
 * The JSON object that the agent left in its termination message. Never trusted: it is data for people and their programs, and no rule reads it. Without nulls, which a
 * merge patch would take for removals, without halves of characters, and without passwords in URLs; else as the agent wrote it.
 */
export function resultOf(pod: Pod | null): Result {
  const ended = pod?.status?.containerStatuses?.find((status) => status.name === AGENT_CONTAINER)?.state?.terminated;
  const text = ended?.message ?? '';
  if (text.trim() === '' || NOT_OF_AGENT.has(ended?.reason ?? '')) return { type: 'None' };
  const parsed = parseJson(text);
  if (parsed === undefined) return ignored('it is no JSON; a message that the kubelet has cut is none either');
  if (!isObject(parsed)) return ignored(`expected a JSON object, came ${kindOf(parsed)}`);
  if (depthExceeds(parsed, MAX_DEPTH)) return ignored(`more than ${MAX_DEPTH} objects and lists stand in each other`);
  if (hasEndlessNumber(parsed)) return ignored('a number in it is larger than JSON readers can hold');
  const value = cleaned(parsed) as Readonly<Record<string, unknown>>;
  const bytes = utf8Length(JSON.stringify(value));
  return bytes > MAX_RESULT_BYTES ? ignored(`it takes ${bytes} bytes, and at most ${MAX_RESULT_BYTES} are kept`) : { type: 'Given', value };
}

function ignored(why: string): Result {
  return { type: 'Ignored', why };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

/** Without recursion: how deep a hostile text goes, the engine's stack need not. */
function depthExceeds(root: unknown, limit: number): boolean {
  let level: readonly unknown[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    const nested = level.filter((value) => typeof value === 'object' && value !== null);
    if (nested.length > 0 && depth === limit) return true;
    level = nested.flatMap((value) => Object.values(value as object));
  }
  return false;
}

/** `1e999` is Infinity, which would be written as null. */
function hasEndlessNumber(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(hasEndlessNumber);
  return typeof value === 'number' && !Number.isFinite(value);
}

function cleaned(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (!isObject(value)) return value;
  // Entries, not assignments: `__proto__` is a key like any other.
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, entry]) => entry !== null)
      .map(([key, entry]) => [cleanText(key), cleaned(entry)]),
  );
}

/** A half of a character can't be stored: the API server would put this in its place. */
function cleanText(text: string): string {
  return hiddenPasswords(text).replace(/[\ud800-\udfff]/gu, '\ufffd');
}
