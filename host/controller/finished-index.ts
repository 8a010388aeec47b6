import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { outcomeOfTask, type TaskOutcome } from '#core/contract/task-outcome.ts';
import { RankedSet } from './ranked-set.ts';
import { keyOfTask, type SubjectKey } from './subject.ts';

/**
 * Finished Tasks of each namespace in the order in which they ended (`status.completionTime`, then name, as upstream's retention sorts), all together and
 * those of each outcome, so that the fleet-wide limits of retention cost O(log n) a Task. One without completionTime is not counted: upstream never removes
 * such either.
 */
export class FinishedIndex {
  readonly #orders = new Map<string, RankedSet>();
  readonly #places = new Map<SubjectKey, Place>();

  get size(): number {
    return this.#places.size;
  }

  /** Takes in a Task as it stands now. Returns its outcome if that changed the order; null otherwise, and for one that has not ended (any more). */
  put(task: KubernetesObject): TaskOutcome | null {
    const subject = keyOfTask(task);
    if (subject === undefined) return null;
    const place = placeOf(task);
    const before = this.#places.get(subject);
    if (before?.rank === place?.rank && before?.outcome === place?.outcome) return null;
    this.delete(subject);
    if (place === undefined) return null;
    this.#places.set(subject, place);
    for (const order of ordersOf(place)) {
      const ranked = this.#orders.get(order) ?? new RankedSet();
      this.#orders.set(order, ranked);
      ranked.add(place.rank, subject);
    }
    return place.outcome;
  }

  delete(subject: SubjectKey): void {
    const place = this.#places.get(subject);
    if (place === undefined) return;
    this.#places.delete(subject);
    for (const order of ordersOf(place)) {
      const ranked = this.#orders.get(order);
      ranked?.delete(place.rank);
      if (ranked?.size === 0) this.#orders.delete(order);
    }
  }

  /** How many finished Tasks of its namespace ended after this one; undefined while it has not ended. */
  endedAfter(subject: SubjectKey): number | undefined {
    const place = this.#places.get(subject);
    return place === undefined ? undefined : this.#orders.get(place.namespace)?.countAfter(place.rank);
  }

  /** The same among those of its outcome. */
  endedAfterOfOutcome(subject: SubjectKey): number | undefined {
    const place = this.#places.get(subject);
    return place === undefined ? undefined : this.#orders.get(orderOf(place.namespace, place.outcome))?.countAfter(place.rank);
  }

  /** The Task after which exactly `count` others of the namespace (of an outcome, where one is given) ended; undefined when there are not so many. */
  withEndedAfter(namespace: string, count: number, outcome?: TaskOutcome): SubjectKey | undefined {
    return this.#orders.get(outcome === undefined ? namespace : orderOf(namespace, outcome))?.fromEnd(count);
  }
}

interface Place {
  readonly namespace: string;
  readonly outcome: TaskOutcome;
  readonly rank: string;
}

function placeOf(task: KubernetesObject): Place | undefined {
  const { metadata, status } = task as Task;
  const outcome = outcomeOfTask(status);
  const endedAt: unknown = status?.completionTime;
  if (outcome === null || typeof endedAt !== 'string') return undefined;
  const { namespace = '', name, uid = '' } = metadata;
  // The UID keeps a Task apart from a later one of its name that ended in the same second.
  return { namespace, outcome, rank: [endedAt, name, uid].join('\u0000') };
}

function ordersOf({ namespace, outcome }: Place): readonly string[] {
  return [namespace, orderOf(namespace, outcome)];
}

/** A slash is in no name of a namespace. */
function orderOf(namespace: string, outcome: TaskOutcome): string {
  return `${namespace}/${outcome}`;
}
