import type { Mutant } from '#test/simulation/mutant.ts';
import { MUTANTS } from '#test/simulation/mutants.ts';

/** A known mistake by its name, or by a part that no other name has. Throws with all names when there is none, or more than one. */
export function mistakeNamed(text: string): Mutant {
  const exact = MUTANTS.find(({ name }) => name === text);
  const [found, another] = exact === undefined ? MUTANTS.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase())) : [exact];
  if (found !== undefined && another === undefined) return found;
  const names = MUTANTS.map(({ name }) => `\n  ${name}`).join('');
  throw new Error(`--mistake: expected one of those below, or a part of its name alone, got ${JSON.stringify(text)}${names}`);
}
