import type { Scope } from '#host/cluster/cluster.ts';
import type { SelectorFlags } from './flags.ts';

/** How the Tasks of a command are chosen, where it has to be said. */
export interface ChoiceFlags extends SelectorFlags {
  readonly all?: boolean;
}

/** Throws where nobody says which Tasks a command is about, or where that is said twice. */
export function checkChoice(verb: string, names: readonly string[], flags: ChoiceFlags): void {
  const ways = [names.length > 0, isSelective(flags), flags.all === true].filter(Boolean).length;
  if (ways === 0) throw new Error(`${verb}: expected Tasks to ${verb}; name them, or select them with -l, or --all`);
  if (ways > 1) throw new Error(`${verb}: expected one way to choose Tasks; give names, or -l, or --all`);
}

/** Whether the API server is to select. */
export function isSelective({ selector, fieldSelector }: SelectorFlags): boolean {
  return selector !== undefined || fieldSelector !== undefined;
}

/** What a list is narrowed to. */
export function selectorsOf({ selector, fieldSelector }: SelectorFlags): Pick<Scope, 'labelSelector' | 'fieldSelector'> {
  return {
    ...(selector === undefined ? {} : { labelSelector: selector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  };
}
