import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { RankedSet } from './ranked-set.ts';
import { keyOfTask, type SubjectKey } from './subject.ts';

/**
 * Finished Tasks of each namespace in the order in which they ended (`status.completionTime`, then name, as upstream's retention sorts), so that the
 * fleet-wide `maxRetainedTasks` costs O(log n) a Task. One without completionTime is not counted: upstream never removes such either.
 */
export class FinishedIndex {
  readonly #byNamespace = new Map<string, RankedSet>();
  readonly #rankBySubject = new Map<SubjectKey, Place>();

  get size(): number {
    return this.#rankBySubject.size;
  }

  /** Takes in a Task as it stands now. Returns whether that changed the order. */
  put(task: KubernetesObject): boolean {
    const subject = keyOfTask(task);
    if (subject === undefined) return false;
    const rank = rankOf(task);
    if (this.#rankBySubject.get(subject)?.rank === rank) return false;
    this.delete(subject);
    if (rank === undefined) return true;
    const namespace = task.metadata.namespace ?? '';
    const ranked = this.#byNamespace.get(namespace) ?? new RankedSet();
    this.#byNamespace.set(namespace, ranked);
    ranked.add(rank, subject);
    this.#rankBySubject.set(subject, { namespace, rank });
    return true;
  }

  delete(subject: SubjectKey): void {
    const place = this.#rankBySubject.get(subject);
    if (place === undefined) return;
    this.#rankBySubject.delete(subject);
    const ranked = this.#byNamespace.get(place.namespace);
    ranked?.delete(place.rank);
    if (ranked?.size === 0) this.#byNamespace.delete(place.namespace);
  }

  /** How many finished Tasks of its namespace ended after this one; undefined while it has not ended. */
  endedAfter(subject: SubjectKey): number | undefined {
    const place = this.#rankBySubject.get(subject);
    return place === undefined ? undefined : this.#byNamespace.get(place.namespace)?.countAfter(place.rank);
  }

  /** The Task after which exactly `count` others of the namespace ended; undefined when there are not so many. */
  withEndedAfter(namespace: string, count: number): SubjectKey | undefined {
    return this.#byNamespace.get(namespace)?.fromEnd(count);
  }
}

interface Place {
  readonly namespace: string;
  readonly rank: string;
}

function rankOf(task: KubernetesObject): string | undefined {
  const { status } = task as { readonly status?: { readonly phase?: unknown; readonly completionTime?: unknown } };
  const isFinished = status?.phase === 'Completed' || status?.phase === 'Failed';
  if (!isFinished || typeof status?.completionTime !== 'string') return undefined;
  // The UID keeps a Task apart from a later one of its name that ended in the same second.
  return [status.completionTime, task.metadata.name, task.metadata.uid ?? ''].join('\u0000');
}
