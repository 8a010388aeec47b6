import type { Argument, Command, Option } from 'commander';
import type { Io } from '../io.ts';
import type { NamesOf } from './cluster-names.ts';
import { type Line, readLine } from './line.ts';

/** Cobra's shell directives, which kubectl passes on; they add up. */
export const DIRECTIVE = { default: 0, noSpace: 2, noFiles: 4, fileExtensions: 8 } as const;

export interface Completion {
  /** `value` or `value<TAB>description`. */
  readonly candidates: readonly string[];
  readonly directive: number;
}

/** Flags whose value is a file. */
const FILES = ['kubeconfig', 'core', 'certificate-authority', 'client-certificate', 'client-key'];
/** What a flag of this name names in the kubeconfig. */
const OF_KUBECONFIG = { context: 'contexts', cluster: 'clusters', user: 'users' } as const;
/** What a flag of this name names in the cluster. */
const OF_CLUSTER = { namespace: 'Namespaces', agent: 'Agents', template: 'AgentTemplates', container: 'Containers' } as const;
const NOTHING: Completion = { candidates: [], directive: DIRECTIVE.noFiles };

/** What may follow on the command line; the last word is the one being typed, perhaps empty. Never rejects, and takes no longer than the cluster may. */
export async function complete(program: Command, words: readonly string[], io: Pick<Io, 'env'>): Promise<Completion> {
  const line = readLine(program, words);
  const { current, command, args, option } = line;
  if (option !== undefined) return matching(await valuesOf(line, option, io), current, line.prefix);
  if (current.startsWith('-') && !line.isBehindDashes) return matching(noFiles(flagsOf(command)), current);
  if (command === program) return matching(noFiles(visible(program).map((each) => `${each.name()}\t${each.summary()}`)), current);
  const [last] = command.registeredArguments.slice(-1);
  const argument = command.registeredArguments[args.length] ?? (last?.variadic === true ? last : undefined);
  return argument === undefined ? NOTHING : matching(await argumentsOf(line, argument), current);
}

/** Cobra's form: one candidate a line, then a colon and the directive. */
export function completionText({ candidates, directive }: Completion): string {
  return `${[...candidates, `:${directive}`].join('\n')}\n`;
}

function noFiles(candidates: readonly string[]): Completion {
  return { candidates, directive: DIRECTIVE.noFiles };
}

/** Those that begin with what is typed. Extensions of files are none of them. */
function matching({ candidates, directive }: Completion, typed: string, prefix = ''): Completion {
  if (directive === DIRECTIVE.fileExtensions) return { candidates, directive };
  const fitting = candidates.filter((candidate) => candidate.startsWith(typed)).map((candidate) => `${prefix}${candidate}`);
  // A word that wants more behind it is not finished by a space.
  const isOpen = fitting.length > 0 && fitting.every((candidate) => candidate.endsWith('='));
  return { candidates: fitting, directive: directive + (isOpen ? DIRECTIVE.noSpace : 0) };
}

async function valuesOf(line: Line, option: Option, io: Pick<Io, 'env'>): Promise<Completion> {
  const name = option.name();
  if (option.argChoices !== undefined) return noFiles(option.argChoices);
  if (name === 'filename') return { candidates: ['yaml', 'yml', 'json'], directive: DIRECTIVE.fileExtensions };
  if (FILES.includes(name)) return { candidates: [], directive: DIRECTIVE.default };
  if (isKeyOf(OF_KUBECONFIG, name)) {
    const { kubeconfigNames } = await import('./kubeconfig-names.ts');
    return noFiles(kubeconfigNames(OF_KUBECONFIG[name], line.flags.kubeconfig, io.env));
  }
  return isKeyOf(OF_CLUSTER, name) ? noFiles(await clusterNames(OF_CLUSTER[name], line)) : NOTHING;
}

async function argumentsOf(line: Line, argument: Argument): Promise<Completion> {
  if (argument.argChoices !== undefined) return noFiles(argument.argChoices);
  if (argument.name() === 'journal') return { candidates: [], directive: DIRECTIVE.default };
  if (argument.name() !== 'task' || line.command.options.every(({ long }) => long !== '--kubeconfig')) return NOTHING;
  return noFiles((await clusterNames('Tasks', line)).filter((name) => !line.args.includes(name)));
}

async function clusterNames(what: NamesOf, line: Line): Promise<readonly string[]> {
  const module = await import('./cluster-names.ts');
  return module.clusterNames(what, line);
}

function isKeyOf<T extends object>(object: T, key: string): key is Extract<keyof T, string> {
  return Object.hasOwn(object, key);
}

function visible(command: Command): readonly Command[] {
  return command.createHelp().visibleCommands(command);
}

/** Those that its help leaves to `options`, too. */
function flagsOf(command: Command): readonly string[] {
  const options = [
    ...command.options,
    ...command
      .createHelp()
      .visibleOptions(command)
      .filter(({ long }) => long === '--help'),
  ];
  return options.flatMap(({ long, short, description }) => [long, short].flatMap((flag) => (flag ? [`${flag}\t${description}`] : [])));
}
