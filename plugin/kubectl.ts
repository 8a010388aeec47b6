import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { type Kind, RESOURCES } from '#core/contract/kinds.ts';
import type { ClusterFlags, FileFlags } from './flags.ts';

/** Where the commands go, as this one was told. */
export interface KubectlTarget {
  readonly namespace: string;
  /** Flags that choose cluster and user; default: none. */
  readonly access?: readonly string[] | undefined;
}

/** Command lines that can be pasted into a shell: each goes to the cluster and the namespace that were asked about. */
export interface Kubectl {
  readonly namespace: string;
  /** `kubectl -n NAMESPACE WORDS`; words are quoted where a shell needs it. */
  run(...words: readonly string[]): string;
  /** `kubectl WORDS`: on kinds without namespaces, such as Nodes, and on objects that name their own. */
  runWithoutNamespace(...words: readonly string[]): string;
  /** `kubectl opencode WORDS -n NAMESPACE`. */
  opencode(...words: readonly string[]): string;
  patch(kind: Kind, name: string, patch: Readonly<Record<string, unknown>>): string;
  /** Takes a path out, by JSON patch. */
  remove(kind: Kind, name: string, path: string): string;
  apply(object: KubernetesObject): string;
  /** Deletes an object and makes it anew. `edit` are words of a kubectl command that changes it on the way. */
  recreate(kind: Kind, name: string, ...edit: readonly string[]): string;
}

export function createKubectl({ namespace, access = [] }: KubectlTarget): Kubectl {
  const kubectl = ['kubectl', ...access];
  const run = (...words: readonly string[]): string => shellLine([...kubectl, '-n', namespace, ...words]);
  const runWithoutNamespace = (...words: readonly string[]): string => shellLine([...kubectl, ...words]);
  const on = (kind: Kind, ...words: readonly string[]): string => (RESOURCES[kind].namespaced ? run : runWithoutNamespace)(...words);
  return {
    namespace,
    run,
    runWithoutNamespace,
    opencode: (...words) => shellLine(['kubectl', 'opencode', ...words, '-n', namespace, ...access]),
    patch: (kind, name, patch) => on(kind, 'patch', objectName(kind, name), '--type', 'merge', '-p', JSON.stringify(patch)),
    remove: (kind, name, path) =>
      on(kind, 'patch', objectName(kind, name), '--type', 'json', '-p', JSON.stringify([{ op: 'remove', path }])),
    apply: (object) => `echo ${quoted(JSON.stringify(object))} | ${runWithoutNamespace('apply', '-f', '-')}`,
    recreate: (kind, name, ...edit) =>
      [
        on(kind, 'get', objectName(kind, name), '-o', 'yaml'),
        ...(edit.length === 0 ? [] : [shellLine(['kubectl', ...edit, '--local', '-f', '-', '-o', 'yaml'])]),
        runWithoutNamespace('replace', '--force', '-f', '-'),
      ].join(' | '),
  };
}

/** `task.kubeopencode.io/fix`: other systems have Tasks, too. */
export function objectName(kind: Kind, name: string): string {
  const { group } = RESOURCES[kind];
  return `${kind.toLowerCase()}${group === '' ? '' : `.${group}`}/${name}`;
}

/** Words as a POSIX shell takes them. */
export function shellLine(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

/** Words that name the same files to the same effect. */
export function fileWords({ filename = [], recursive, namespace }: FileFlags & Pick<ClusterFlags, 'namespace'>): readonly string[] {
  return [
    ...filename.flatMap((file) => ['-f', file]),
    ...(recursive === true ? ['-R'] : []),
    ...(namespace === undefined ? [] : ['-n', namespace]),
  ];
}

/** Behind a command that reads standard input: what was piped in once has to be given again. */
export function stdinAgain(filenames: readonly string[]): string {
  return filenames.includes('-') ? ' < FILE' : '';
}

function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
