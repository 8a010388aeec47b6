import type { Command, Option } from 'commander';

/** Cobra's shell directives, which kubectl passes on. */
export const DIRECTIVE = { default: 0, noFiles: 4, fileExtensions: 8, folders: 16 } as const;

export interface Completion {
  /** `value` or `value<TAB>description`. */
  readonly candidates: readonly string[];
  readonly directive: number;
}

const MANIFEST_FLAGS = ['filename'];
const FILE_FLAGS = ['kubeconfig', 'core'];
/** Commands whose first argument is a file. */
const FILE_ARGUMENTS = ['replay'];

/** What may follow on the command line; the last word is the one being typed, perhaps empty. */
export function complete(program: Command, words: readonly string[]): Completion {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const command = commandAt(program, before);
  const [flag = '', ...value] = current.split('=');
  if (value.length > 0) return candidatesOf(optionOf(command, flag), value.join('='), `${flag}=`);
  const waiting = optionOf(command, before.at(-1) ?? '');
  if (waiting?.required === true) return candidatesOf(waiting, current, '');
  if (current.startsWith('-'))
    return { candidates: flagsOf(command).filter((candidate) => candidate.startsWith(current)), directive: DIRECTIVE.noFiles };
  if (FILE_ARGUMENTS.includes(command.name()) && before.at(-1) === command.name()) return { candidates: [], directive: DIRECTIVE.default };
  const commands = visible(command).map((each) => `${each.name()}\t${each.summary()}`);
  return { candidates: commands.filter((candidate) => candidate.startsWith(current)), directive: DIRECTIVE.noFiles };
}

/** Cobra's form: one candidate a line, then a colon and the directive. */
export function completionText({ candidates, directive }: Completion): string {
  return `${[...candidates, `:${directive}`].join('\n')}\n`;
}

function commandAt(program: Command, words: readonly string[]): Command {
  return words.reduce((command, word) => command.commands.find((each) => each.name() === word) ?? command, program);
}

function visible(command: Command): readonly Command[] {
  return command.createHelp().visibleCommands(command);
}

function optionOf(command: Command, flag: string): Option | undefined {
  return flag.startsWith('-') ? command.options.find((option) => option.long === flag || option.short === flag) : undefined;
}

function candidatesOf(option: Option | undefined, typed: string, prefix: string): Completion {
  if (option?.argChoices !== undefined) {
    return {
      candidates: option.argChoices.filter((choice) => choice.startsWith(typed)).map((choice) => `${prefix}${choice}`),
      directive: DIRECTIVE.noFiles,
    };
  }
  const name = option?.name() ?? '';
  if (MANIFEST_FLAGS.includes(name)) return { candidates: ['yaml', 'yml', 'json'], directive: DIRECTIVE.fileExtensions };
  return { candidates: [], directive: FILE_FLAGS.includes(name) ? DIRECTIVE.default : DIRECTIVE.noFiles };
}

function flagsOf(command: Command): readonly string[] {
  const options = command.createHelp().visibleOptions(command);
  return options.flatMap(({ long, short, description }) => [long, short].flatMap((flag) => (flag ? [`${flag}\t${description}`] : [])));
}
