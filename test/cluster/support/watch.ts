import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import type { Address, Cluster, Scope } from '#host/cluster/cluster.ts';
import { isFinished, isPodRunning, podAt, taskAt } from './objects.ts';

const DEFAULT_TIMEOUT_MS = 30_000;

/** An object as it was seen, and null for one that is not there. */
export type Seen = KubernetesObject | null;

/**
 * Waits by list and watch until what is seen of one object is as wanted; returns it as it was then.
 * Rejects with the last that was seen when that does not come in time.
 */
export async function until<T extends KubernetesObject>(
  cluster: Cluster,
  address: Address,
  what: string,
  isSo: (seen: T) => boolean,
  timeoutMs = DEFAULT_TIMEOUT_MS,
): Promise<T> {
  const seen = await watchUntil(cluster, address, what, (object) => object !== null && isSo(object as T), timeoutMs);
  return seen as T;
}

/** Waits until a Task has ended. */
export function untilFinished(cluster: Cluster, namespace: string, name: string): Promise<Task> {
  return until<Task>(cluster, taskAt(namespace, name), 'to be finished', isFinished);
}

/** Waits until the Pod of a Task's first attempt runs. */
export function untilPodRuns(cluster: Cluster, namespace: string, task: string): Promise<Pod> {
  return until<Pod>(cluster, podAt(namespace, `${task}-pod`), 'to run', isPodRunning);
}

/** Waits by list and watch until the object is gone. */
export async function untilGone(cluster: Cluster, address: Address, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<void> {
  await watchUntil(cluster, address, 'to be gone', (object) => object === null, timeoutMs);
}

async function watchUntil(
  cluster: Cluster,
  address: Address,
  what: string,
  isSo: (seen: Seen) => boolean,
  timeoutMs: number,
): Promise<Seen> {
  let last: Seen = null;
  const { kind, namespace, name } = address;
  const scope: Scope = { kind, ...(namespace === '' ? {} : { namespace }), fieldSelector: `metadata.name=${name}` };
  for await (const objects of states(cluster, scope, timeoutMs)) {
    last = objects.find((object) => object.metadata.name === name) ?? null;
    if (isSo(last)) return last;
  }
  throw new Error(
    `waiting for ${kind} ${namespace}/${name} ${what}: not so after ${timeoutMs} ms; it is ${JSON.stringify(last, withoutFields)}`,
  );
}

/** Waits by list and watch until all objects of a scope together are as wanted. */
export async function untilAll<T extends KubernetesObject>(
  cluster: Cluster,
  scope: Scope,
  what: string,
  isSo: (seen: readonly T[]) => boolean,
  timeoutMs = DEFAULT_TIMEOUT_MS,
): Promise<readonly T[]> {
  let last: readonly KubernetesObject[] = [];
  for await (const objects of states(cluster, scope, timeoutMs)) {
    last = objects;
    if (isSo(objects as readonly T[])) return objects as readonly T[];
  }
  throw new Error(
    `waiting for the ${scope.kind}s of ${scope.namespace} ${what}: not so after ${timeoutMs} ms; they are ${JSON.stringify(last, withoutFields)}`,
  );
}

/** Every state of a scope, from now on, as the API server tells it; ends after the time. */
async function* states(cluster: Cluster, scope: Scope, timeoutMs: number): AsyncGenerator<readonly KubernetesObject[]> {
  const end = AbortSignal.timeout(timeoutMs);
  while (!end.aborted) {
    const listed = await cluster.list(scope, end);
    if (!listed.ok) {
      const { error } = listed;
      if (error.type === 'Refused' && error.code < 500 && error.code !== 429)
        throw new Error(`list ${scope.kind}: ${JSON.stringify(error)}`);
      // Some tests take the API server away for a while.
      await new Promise((resolve) => setTimeout(resolve, 200));
      continue;
    }
    const objects = new Map(listed.value.items.map((object) => [object.metadata.name, object]));
    yield [...objects.values()];
    const { resourceVersion } = listed.value;
    for await (const event of cluster.watch({ ...scope, resourceVersion, timeoutSeconds: 300 }, end)) {
      if (event.type === 'ERROR') break;
      if (event.type === 'BOOKMARK') continue;
      if (event.type === 'DELETED') objects.delete(event.object.metadata.name);
      else objects.set(event.object.metadata.name, event.object);
      yield [...objects.values()];
    }
  }
}

/** Notes the names of all Pods that are made in a namespace from now on, in order. */
export async function podBirths(cluster: Cluster, namespace: string): Promise<{ stop(): readonly string[] }> {
  const names: string[] = [];
  const abort = new AbortController();
  const listed = await cluster.list({ kind: 'Pod', namespace });
  if (!listed.ok) throw new Error(`listing the Pods of ${namespace}: ${JSON.stringify(listed.error)}`);
  const { resourceVersion } = listed.value;
  const watching = (async () => {
    for await (const event of cluster.watch({ kind: 'Pod', namespace, resourceVersion, timeoutSeconds: 600 }, abort.signal)) {
      if (event.type === 'ADDED') names.push(event.object.metadata.name);
      if (event.type === 'ERROR') throw new Error(`watching the Pods of ${namespace}: ${JSON.stringify(event.error)}`);
    }
  })();
  watching.catch((error: unknown) => names.push(String(error)));
  return {
    stop() {
      abort.abort();
      return names;
    },
  };
}

/** Noise that hides the rest in an error text. */
function withoutFields(key: string, value: unknown): unknown {
  return key === 'managedFields' ? undefined : value;
}
