/** How the Tasks of a command are chosen, where it has to be said. */
export interface ChoiceFlags {
  readonly selector?: string;
  readonly all?: boolean;
}

/** Throws where nobody says which Tasks a command is about, or where that is said twice. */
export function checkChoice(verb: string, names: readonly string[], { selector, all }: ChoiceFlags): void {
  const ways = [names.length > 0, selector !== undefined, all === true].filter(Boolean).length;
  if (ways === 0) throw new Error(`${verb}: expected Tasks to ${verb}; name them, or select them with -l, or --all`);
  if (ways > 1) throw new Error(`${verb}: expected one way to choose Tasks; give names, or -l, or --all`);
}
