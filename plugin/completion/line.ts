import type { Command, Option } from 'commander';
import { commandOf } from '../argument-words.ts';
import type { ClusterFlags } from '../flags.ts';

/** A command line that is being typed. */
export interface Line {
  /** The program itself where no command is named yet. */
  readonly command: Command;
  /** Flags before the word in hand, as far as they choose a cluster. */
  readonly flags: ClusterFlags;
  /** What is no flag, before the word in hand. */
  readonly args: readonly string[];
  /** The word in hand, perhaps empty; without the flag that stands in the same word. */
  readonly current: string;
  /** Of which flag it is the value. */
  readonly option?: Option;
  /** What stands before it in the same word: `--output=`, `-o`. */
  readonly prefix: string;
  /** `--` was typed: no flag follows. */
  readonly isBehindDashes: boolean;
}

/** Reads words as commander will; the last one is in hand. */
export function readLine(program: Command, words: readonly string[]): Line {
  const command = commandOf(program, words) ?? program;
  const before = words.slice(command === program ? 0 : 1, -1);
  const last = words.at(-1) ?? '';
  const values = new Map<string, readonly string[]>();
  const args: string[] = [];
  let isBehindDashes = false;
  let waiting: Option | undefined;
  for (const word of before) {
    const { option, value } = isBehindDashes ? { option: undefined, value: undefined } : partsOf(command, word);
    if (waiting !== undefined) {
      add(values, waiting, word);
      waiting = undefined;
    } else if (word === '--') isBehindDashes = true;
    else if (option === undefined && !word.startsWith('-')) args.push(word);
    else if (option?.required === true && value === undefined) waiting = option;
    else if (option !== undefined) add(values, option, value ?? '');
  }
  const at = { command, flags: clusterFlags(values), args, isBehindDashes };
  if (waiting !== undefined) return { ...at, current: last, option: waiting, prefix: '' };
  const { option, value } = isBehindDashes ? { option: undefined, value: undefined } : partsOf(command, last);
  if (option?.required !== true || value === undefined) return { ...at, current: last, prefix: '' };
  return { ...at, current: value, option, prefix: last.slice(0, last.length - value.length) };
}

/** The flag of a word, and its value where that stands in the same word: `--output=json`, `-o=json`, `-ojson`. */
function partsOf(command: Command, word: string): { readonly option?: Option; readonly value?: string } {
  if (!word.startsWith('-')) return {};
  const [, name = '', value] = /^(--[^=]*|-[^=-])=?(.+|(?<==))?$/s.exec(word) ?? [];
  const option = command.options.find(({ long, short }) => long === name || short === name);
  return { ...(option === undefined ? {} : { option }), ...(value === undefined ? {} : { value }) };
}

function add(values: Map<string, readonly string[]>, option: Option, value: string): void {
  values.set(option.attributeName(), [...(values.get(option.attributeName()) ?? []), value]);
}

/** As commander would have them; what takes several values keeps all, else the last one counts. */
function clusterFlags(values: ReadonlyMap<string, readonly string[]>): ClusterFlags {
  const entries = [...values].map(([name, all]) => [name, LISTS.includes(name) ? all : (FLAGS[name]?.(all) ?? all.at(-1))]);
  return Object.fromEntries(entries) as ClusterFlags;
}

const LISTS = ['asGroup', 'asUserExtra'];
const FLAGS: Readonly<Record<string, (all: readonly string[]) => boolean | number>> = {
  insecureSkipTlsVerify: () => true,
  // Nobody wants requests told between two words.
  v: () => 0,
};
