import { RESOURCES } from '#core/contract/kinds.ts';
import { Connection } from '#host/cluster/rest/connection.ts';
import { Deadline } from '#host/cluster/rest/deadline.ts';
import { realClock } from '#host/real-clock.ts';
import { targetOptions } from '../cluster/target.ts';
import type { Line } from './line.ts';

/** What names are wanted of. */
export type NamesOf = 'Tasks' | 'Agents' | 'AgentTemplates' | 'Namespaces' | 'Containers';

/** Somebody waits with a finger on the key. */
const LONGEST_MS = 1_500;
const MOST = 500;
/** Metadata is enough; a server that can't give it alone gives all. */
const NAMES_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
/** Which Tasks a command can do anything about; for the others all. */
const CONCERNED: Readonly<Record<string, string>> = {
  stop: 'status.phase!=Completed,status.phase!=Failed',
  retry: 'status.phase!=Pending,status.phase!=Queued,status.phase!=Running',
};

/** Names in the cluster that the flags choose. None where it does not answer in time, or not as hoped: a completion has no errors. */
export async function clusterNames(what: NamesOf, line: Line): Promise<readonly string[]> {
  const deadline = new Deadline(realClock, LONGEST_MS, 'a completion does not wait longer', undefined);
  try {
    const connection = new Connection({ ...targetOptions(line.flags), clock: realClock, userAgent: 'kubectl-opencode' });
    try {
      return await namesOf(connection, what, line, deadline);
    } finally {
      await connection.close();
    }
  } catch {
    return [];
  } finally {
    deadline.settle();
  }
}

async function namesOf(
  connection: Connection,
  what: NamesOf,
  { flags, command, args }: Line,
  deadline: Deadline,
): Promise<readonly string[]> {
  const namespace = flags.namespace || connection.namespace;
  const list = (path: string): Promise<readonly unknown[] | undefined> => itemsAt(connection, path, deadline);
  switch (what) {
    case 'Namespaces':
      return names(await list(`/api/v1/namespaces?limit=${MOST}`));
    case 'Agents':
      return names(await list(pathOf('Agent', namespace)));
    case 'AgentTemplates':
      return names(await list(pathOf('AgentTemplate', namespace)));
    case 'Tasks': {
      const concerned = CONCERNED[command.name()];
      const some =
        concerned === undefined ? undefined : await list(`${pathOf('Task', namespace)}&fieldSelector=${encodeURIComponent(concerned)}`);
      // A CRD of upstream's has no fields to select by.
      return names(some ?? (await list(pathOf('Task', namespace))));
    }
    case 'Containers':
      return containersOf(connection, namespace, args[0] ?? '', deadline);
  }
}

/** Of the latest Pod of a Task. */
async function containersOf(connection: Connection, namespace: string, name: string, deadline: Deadline): Promise<readonly string[]> {
  const place = encodeURIComponent(namespace);
  const { group, version, plural } = RESOURCES.Task;
  const task = await get(connection, `/apis/${group}/${version}/namespaces/${place}/${plural}/${encodeURIComponent(name)}`, deadline);
  const podName = isRecord(task) && isRecord(task.status) ? task.status.podName : undefined;
  if (typeof podName !== 'string') return [];
  return containers(await get(connection, `/api/v1/namespaces/${place}/pods/${encodeURIComponent(podName)}`, deadline));
}

function pathOf(kind: 'Task' | 'Agent' | 'AgentTemplate', namespace: string): string {
  const { group, version, plural } = RESOURCES[kind];
  return `/apis/${group}/${version}/namespaces/${encodeURIComponent(namespace)}/${plural}?limit=${MOST}`;
}

async function itemsAt(connection: Connection, path: string, deadline: Deadline): Promise<readonly unknown[] | undefined> {
  const answer = await get(connection, path, deadline, NAMES_ONLY);
  return isRecord(answer) && Array.isArray(answer.items) ? answer.items : undefined;
}

async function get(connection: Connection, path: string, deadline: Deadline, accept = 'application/json'): Promise<unknown> {
  const called = await connection.call({ method: 'GET', path, accept }, deadline);
  return called.ok && called.value.code === 200 ? JSON.parse(called.value.text) : undefined;
}

function names(items: readonly unknown[] = []): readonly string[] {
  return items.flatMap((item) =>
    isRecord(item) && isRecord(item.metadata) && typeof item.metadata.name === 'string' ? [item.metadata.name] : [],
  );
}

function containers(pod: unknown): readonly string[] {
  if (!isRecord(pod) || !isRecord(pod.spec)) return [];
  const { containers: own, initContainers } = pod.spec;
  return [own, initContainers]
    .flatMap((list) => (Array.isArray(list) ? list : []))
    .flatMap((one: unknown) => (isRecord(one) ? [String(one.name)] : []));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
