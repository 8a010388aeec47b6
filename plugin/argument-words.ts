import type { Command, Option } from 'commander';

const TRUE = /^(1|t|true)$/i;
const FALSE = /^(0|f|false)$/i;

/**
 * The words of a command line as kubectl takes them, in words that commander takes: `--all=true` for a flag that has no value (`=false` is none of it), and
 * `-o=json` for one letter. What stands behind `--` is left as it is.
 */
export function asCommanderTakes(program: Command, words: readonly string[]): readonly string[] {
  const options = commandOf(program, words)?.options ?? [];
  const end = words.indexOf('--');
  const given = end < 0 ? words : words.slice(0, end);
  return [...given.flatMap((word) => wordsOf(word, options)), ...(end < 0 ? [] : words.slice(end))];
}

/** The command that the first word names. */
export function commandOf(program: Command, [first]: readonly string[]): Command | undefined {
  return program.commands.find((command) => command.name() === first);
}

function wordsOf(word: string, options: readonly Option[]): readonly string[] {
  const at = word.indexOf('=');
  if (!word.startsWith('-') || at < 0) return [word];
  const [name, value] = [word.slice(0, at), word.slice(at + 1)];
  const option = options.find(({ long, short }) => long === name || short === name);
  if (option === undefined) return [word];
  if (option.required || option.optional) return name === option.short ? [name, value] : [word];
  if (TRUE.test(value)) return [name];
  return FALSE.test(value) ? [] : [word];
}
