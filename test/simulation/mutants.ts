import { BASIC_MUTANTS } from './basic-mutants.ts';
import { LIFE_MUTANTS } from './life-mutants.ts';
import { MEDDLED_MUTANTS } from './meddled-mutants.ts';
import type { Mutant } from './mutant.ts';

/** Known mistakes, to see that the simulation finds them. */
export const MUTANTS: readonly Mutant[] = [...BASIC_MUTANTS, ...MEDDLED_MUTANTS, ...LIFE_MUTANTS];
