import { type Command, InvalidArgumentError, Option } from 'commander';

/** A form that prints an answer as data: the contract of the command, or what a template takes from it. */
export type DataForm = 'json' | 'yaml' | `jsonpath=${string}` | `jsonpath-as-json=${string}`;

/** Forms that take a template, or a file with one, behind their name. */
const TEMPLATES = ['jsonpath=', 'jsonpath-as-json=', 'jsonpath-file='] as const;

/** Forms of one command: its own, and every form of data. */
export interface OutputFlag {
  /** Its own forms: text for people, names. */
  readonly forms: readonly string[];
  /** Absent: as the command's nature is, told in `otherwise`. */
  readonly default?: string;
  /** What it is without the flag, in words; absent: what `default` says. */
  readonly otherwise?: string;
}

/** `-o`, the same way for every command that has an answer. A wrong form is answered with the right ones. */
export function addOutputFlag(command: Command, { forms, default: form, otherwise }: OutputFlag): Command {
  const words = [...forms, 'json', 'yaml'];
  const option = new Option('-o, --output <form>', `form of the output${otherwise === undefined ? '' : ` (default: ${otherwise})`}`)
    .choices([...words, ...TEMPLATES])
    .argParser((text) => checkedForm(text, words));
  return command.addOption(form === undefined ? option : option.default(form));
}

export function addHeadersFlag(command: Command, what = 'no header above the table'): Command {
  return command.option('--no-headers', what);
}

export function isDataForm(form: string | undefined): form is DataForm {
  return form === 'json' || form === 'yaml' || (form !== undefined && hasTemplate(form));
}

/** Whether a form has a template, or a file with one, that is to be read before anything is done. */
export function hasTemplate(form: string): boolean {
  return TEMPLATES.some((name) => form.startsWith(name));
}

function checkedForm(text: string, words: readonly string[]): string {
  if (words.includes(text)) return text;
  const name = TEMPLATES.find((template) => text.startsWith(template));
  if (name !== undefined && text.length > name.length) return text;
  const [want] =
    name === undefined ? [] : [`a template behind it, such as ${name}${name === 'jsonpath-file=' ? 'names.txt' : '{.tasks[*].name}'}`];
  throw new InvalidArgumentError(want === undefined ? `Allowed choices are ${[...words, ...TEMPLATES].join(', ')}.` : `want ${want}`);
}
