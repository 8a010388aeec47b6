import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Call } from '#host/cluster/memory/faults.ts';
import type { Store } from '#host/cluster/store.ts';
import { lastNumberIn } from './life-records.ts';
import { hasFinished, type PodRecord, type TaskRecord } from './records.ts';

/** No watch is longer behind than this. */
export const LAG_MS = 150_000;

type Named = Pick<Call, 'verb' | 'kind' | 'namespace' | 'name'>;

type Shown = KubernetesObject & { readonly status?: Readonly<Record<string, unknown>> };

/** When a host sent a write, and what its watches had shown it of the Task by then. */
interface Sending {
  readonly atMs: number;
  readonly task: Shown | undefined;
  readonly pods: ReadonlySet<string>;
}

/** Something that was written of a Task, by whom and when. */
interface Word {
  readonly by: string;
  readonly atMs: number;
}

/**
 * What hosts had been shown when they sent what comes to the API server now. Nothing can hold up a creation that is on its way: it can only be asked of a host
 * that it sends none that it has been shown to be too late.
 */
export class Sendings {
  readonly #latest = new Map<string, Sending>();

  /** A host sends a write that is about the Task of this name. */
  sent(client: string, call: Named, taskName: string, store: Pick<Store, 'get' | 'ownedBy'>, atMs: number): void {
    const task = store.get({ kind: 'Task', namespace: call.namespace, name: taskName });
    const pods = new Set(store.ownedBy('Pod', task?.metadata.uid ?? '').map(({ metadata }) => metadata.uid ?? ''));
    this.#latest.set(keyOf(client, call), { atMs, task, pods });
  }

  /** Whether the host that makes this Pod could not know that another had ended its Task. */
  missedEnd(pod: PodRecord, task: TaskRecord): boolean {
    return this.#missed(pod, task, task.ended, hasFinished);
  }

  /** Whether the host that makes this Pod could not know that another had recorded the end of its attempt. */
  missedAttempt(pod: PodRecord, task: TaskRecord): boolean {
    return this.#missed(pod, task, task.recorded.get(pod.attempt), ({ status }) => lastNumberIn(status) >= pod.attempt);
  }

  /** Whether the host that makes a Pod had been shown another. */
  knewPod({ createdBy, name }: PodRecord, { namespace }: TaskRecord, other: PodRecord): boolean {
    return this.#shows(createdBy, { verb: 'create', kind: 'Pod', namespace, name }, other);
  }

  /** Whether the host that makes a Pod sent it before another host's was there. */
  isSentBefore({ createdBy, name }: PodRecord, { namespace }: TaskRecord, other: PodRecord): boolean {
    const sending = this.#latest.get(keyOf(createdBy, { verb: 'create', kind: 'Pod', namespace, name }));
    return other.createdBy !== createdBy && sending !== undefined && sending.atMs < other.createdMs;
  }

  /** Whether the host that has written a Task's status could not know of a Pod, which another had made. */
  missedPod(writer: string, { namespace, name }: TaskRecord, pod: PodRecord): boolean {
    return pod.createdBy !== writer && !this.#shows(writer, { verb: 'patch', kind: 'Task', namespace, name }, pod);
  }

  #shows(client: string, call: Named, pod: PodRecord): boolean {
    const sending = this.#latest.get(keyOf(client, call));
    return sending === undefined || sending.atMs - pod.createdMs > LAG_MS || sending.pods.has(pod.uid);
  }

  #missed(
    { createdBy, name }: PodRecord,
    { namespace, uid }: TaskRecord,
    word: Word | undefined,
    isSaid: (task: Shown) => boolean,
  ): boolean {
    const sending = this.#latest.get(keyOf(createdBy, { verb: 'create', kind: 'Pod', namespace, name }));
    if (sending?.task?.metadata.uid !== uid || word === undefined || word.by === createdBy) return false;
    return sending.atMs - word.atMs < LAG_MS && !isSaid(sending.task);
  }
}

function keyOf(client: string, { verb, kind, namespace, name }: Named): string {
  return `${client} ${verb} ${kind} ${namespace}/${name}`;
}
