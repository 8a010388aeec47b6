import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import type { Kind } from '#core/contract/kinds.ts';
import type { Address, Cluster, ClusterError, Scope } from '#host/cluster/cluster.ts';
import { didYouMean } from '../near-names.ts';
import { failureText, isAbsent, type Reached, resourceName } from './failure.ts';

export type Reading = Pick<Cluster, 'get' | 'list'> & Reached;
export type Listed =
  | { readonly ok: true; readonly items: readonly KubernetesObject[] }
  | { readonly ok: false; readonly error: ClusterError };

const PAGE_SIZE = 500;
/** More are not told. */
const MOST_NAMESPACES = 3;

/** Every page of a list, ordered by namespace and name as the API server does. */
export async function listAll(cluster: Reading, scope: Scope): Promise<Listed> {
  const items: KubernetesObject[] = [];
  for (let continueToken: string | undefined; ; ) {
    const page = await cluster.list({ ...scope, limit: PAGE_SIZE, ...(continueToken === undefined ? {} : { continueToken }) });
    if (!page.ok) return page;
    items.push(...page.value.items);
    continueToken = page.value.continueToken;
    if (continueToken === undefined || continueToken === '') return { ok: true, items };
  }
}

/** Tasks of a scope. Throws what a person can act on. */
export async function listTasks(cluster: Reading, scope: Omit<Scope, 'kind'>): Promise<readonly Task[]> {
  const listed = await listAll(cluster, { ...scope, kind: 'Task' });
  if (!listed.ok) throw new Error(failureText({ verb: 'list', kind: 'Task', ...placeOf(scope) }, listed.error, cluster));
  return listed.items as readonly Task[];
}

/** What came of looking for Tasks by name. */
export interface FoundTasks {
  /** In the order of the names. */
  readonly tasks: readonly Task[];
  /** One text a name that is not there, with the names near it. */
  readonly missing: readonly string[];
}

/** Looks Tasks up by name, each once. Throws where the API server does not answer. */
export async function findTasks(cluster: Reading, namespace: string, names: readonly string[]): Promise<FoundTasks> {
  const found = await Promise.all([...new Set(names.map(nameOf))].map((name) => findOne(cluster, { kind: 'Task', namespace, name })));
  const absent = found.flatMap((one) => ('absent' in one ? [one.absent] : []));
  const all = absent.length === 0 ? [] : await namesOf(cluster, 'Task', namespace);
  return {
    tasks: found.flatMap((one) => ('object' in one ? [one.object as Task] : [])),
    missing: await Promise.all(
      absent.map(async (name) => `${notFoundText('Task', namespace, name, all)}${elsewhereText(await namespacesOf(cluster, name))}`),
    ),
  };
}

/** Whoever forgets -n is told which one it takes. */
function elsewhereText(namespaces: readonly string[]): string {
  if (namespaces.length === 0) return '';
  const more = namespaces.length > MOST_NAMESPACES ? ', …' : '';
  return `; there is one in namespace ${namespaces.slice(0, MOST_NAMESPACES).join(', ')}${more}`;
}

/** Where there is a Task of that name; nowhere, where all namespaces can't be looked through. */
async function namespacesOf(cluster: Reading, name: string): Promise<readonly string[]> {
  const listed = await listAll(cluster, { kind: 'Task', fieldSelector: `metadata.name=${name}` });
  if (!listed.ok) return [];
  return listed.items.flatMap(({ metadata }) => (metadata.name === name ? (metadata.namespace ?? []) : [])).sort();
}

/** The Tasks that a command is about: those named, whatever their state, else those of the namespace (or of them what the selectors select) that it is meant for. */
export async function chooseTasks(
  { cluster, namespace }: { readonly cluster: Reading; readonly namespace: string },
  names: readonly string[],
  selectors: Pick<Scope, 'labelSelector' | 'fieldSelector'>,
  isMeant: (task: Task) => boolean,
): Promise<FoundTasks> {
  if (names.length > 0) return findTasks(cluster, namespace, names);
  const tasks = await listTasks(cluster, { namespace, ...selectors });
  return { tasks: tasks.filter(isMeant), missing: [] };
}

/** `tasks.kubeopencode.io "fxi" not found in namespace team-a; did you mean fix`. */
export function notFoundText(kind: Kind, namespace: string, name: string, near: readonly string[]): string {
  return `${resourceName(kind)} "${name}" not found in namespace ${namespace}${didYouMean(name, near)}`;
}

/** Names of a kind, for a hint; none where they can't be listed. */
export async function namesOf(cluster: Reading, kind: Kind, namespace: string): Promise<readonly string[]> {
  const listed = await listAll(cluster, { kind, namespace });
  return listed.ok ? listed.items.map(({ metadata }) => metadata.name) : [];
}

/** `task/fix`, as `-o name` prints it, names what `fix` does. */
export function nameOf(word: string): string {
  return word.replace(/^(task|tasks)(\.kubeopencode\.io)?\//, '');
}

async function findOne(cluster: Reading, address: Address): Promise<{ readonly object: KubernetesObject } | { readonly absent: string }> {
  const result = await cluster.get(address);
  if (result.ok) return { object: result.value };
  if (isAbsent(result.error)) return { absent: address.name };
  throw new Error(failureText({ verb: 'get', ...address }, result.error, cluster));
}

function placeOf({ namespace }: Pick<Scope, 'namespace'>): Pick<Scope, 'namespace'> {
  return namespace === undefined ? {} : { namespace };
}
