/** Strings longer than this are seldom the same twice (prompts, messages). */
const LONGEST_SHARED = 96;
/** A generation holds at most this many strings: about a MiB. */
const GENERATION = 4096;

/** Gives equal strings one copy in memory. */
export type Share = (text: string) => string;

/**
 * A bounded table of strings seen lately, in two generations: what is used again survives, what is not falls out after at most two turns, so the
 * table stays small however many objects pass through it.
 */
export function stringTable(): Share {
  let young = new Map<string, string>();
  let old = new Map<string, string>();
  return (text) => {
    if (text.length > LONGEST_SHARED) return text;
    const known = young.get(text);
    if (known !== undefined) return known;
    const kept = old.get(text) ?? text;
    if (young.size >= GENERATION) {
      old = young;
      young = new Map();
    }
    young.set(kept, kept);
    return kept;
  };
}
