import { ENDED, RUNS } from './situations-pod.ts';
import { STARTS } from './situations-start.ts';
import type { Situation } from './steps.ts';

export const SITUATIONS: Readonly<Record<string, Situation>> = { ...STARTS, ...RUNS, ...ENDED };
