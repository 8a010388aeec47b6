import { type Kind, RESOURCES } from '#core/contract/kinds.ts';
import type { Address } from '../cluster/cluster.ts';
import { compareResourceVersions, isAtLeast } from '../cluster/resource-version.ts';
import type { Store } from '../cluster/store.ts';
import { KeyedHeap } from './keyed-heap.ts';
import type { SubjectKey } from './subject.ts';

/** After so long without word from the watch, the API server itself is asked. */
export const PATIENCE_MS = 5_000;

/** Whether a subject may be decided on. */
export type Standing =
  | { readonly type: 'Clear' }
  /** The store does not hold our own writes yet; `untilMs`, milliseconds since the epoch, is when the wait is over. */
  | { readonly type: 'Waits'; readonly untilMs: number }
  /** These are to be read live before anything is decided. */
  | { readonly type: 'Asks'; readonly addresses: readonly Address[] };

type Watched = Pick<Store, 'hasSeen' | 'get' | 'onVersion'>;

/**
 * Our own writes that the store does not show yet. While there are any, their subject is not decided on: a decision on the state before the write would
 * repeat it. Waiting subjects are woken by the version that a watch has reached, in O(log n), not by looking through them.
 */
export class PendingWrites {
  readonly #store: Pick<Watched, 'hasSeen' | 'get'>;
  readonly #bySubject = new Map<SubjectKey, Map<string, Pending>>();
  /** Who waits for which version, by the source that will bring it. */
  readonly #waiting = new Map<string, KeyedHeap<string>>();
  readonly #hasSourcePerNamespace: boolean;

  /** `hasSourcePerNamespace`: each namespace is watched on its own, so versions are told for each. */
  constructor(store: Pick<Watched, 'hasSeen' | 'get'>, hasSourcePerNamespace: boolean) {
    this.#store = store;
    this.#hasSourcePerNamespace = hasSourcePerNamespace;
  }

  /** Subjects of which something is kept. */
  get size(): number {
    return [...this.#waiting.values()].reduce((sum, heap) => Math.max(sum, heap.size), this.#bySubject.size);
  }

  /** A write was answered with this version of the object. */
  written(subject: SubjectKey, address: Address, resourceVersion: string, nowMs: number): void {
    this.#put(subject, { address, until: { type: 'Version', resourceVersion }, sinceMs: nowMs });
  }

  /** A deletion was answered: the object with this UID is gone. */
  deleted(subject: SubjectKey, address: Address, uid: string, nowMs: number): void {
    this.#put(subject, { address, until: { type: 'Gone', uid }, sinceMs: nowMs });
  }

  /** No answer came, or one that shows that the store is behind: only the API server knows. */
  doubted(subject: SubjectKey, address: Address, nowMs: number): void {
    this.#put(subject, { address, until: { type: 'Asked' }, sinceMs: nowMs });
  }

  /** The object was read live: nothing is waited for any more. */
  asked(subject: SubjectKey, address: Address): void {
    const pending = this.#bySubject.get(subject);
    pending?.delete(textOf(address));
    if (pending?.size === 0) this.#bySubject.delete(subject);
  }

  /** Where a subject stands. One that waits is told of by `seen`, or by the change itself, or is to be asked about again at `untilMs`. */
  standing(subject: SubjectKey, nowMs: number): Standing {
    const pending = this.#bySubject.get(subject);
    if (pending === undefined) return { type: 'Clear' };
    for (const [text, write] of pending) if (this.#isShown(write)) pending.delete(text);
    if (pending.size === 0) this.#bySubject.delete(subject);
    const writes = [...pending.values()];
    const standing = standingOf(writes, nowMs);
    if (standing.type === 'Waits')
      for (const { address, until } of writes) if (until.type === 'Version') this.awaitVersion(subject, address, until.resourceVersion);
    return standing;
  }

  /** The same, for one who only looks: nothing is forgotten or waited for because of it. */
  look(subject: SubjectKey, nowMs: number): Standing {
    const writes = [...(this.#bySubject.get(subject)?.values() ?? [])];
    return standingOf(
      writes.filter((write) => !this.#isShown(write)),
      nowMs,
    );
  }

  /**
   * Whether the store shows already what somebody else has written over one of a subject's writes. To be asked right behind them: where the watch has left out ours (it began anew
   * from a list), and the other write has put back what was there before, the store has told of no change.
   */
  isWrittenOver(subject: SubjectKey): boolean {
    return [...(this.#bySubject.get(subject)?.values() ?? [])].some(({ address, until }) => {
      const cached = this.#store.get(address)?.metadata.resourceVersion;
      return until.type === 'Version' && cached !== undefined && (compareResourceVersions(cached, until.resourceVersion) ?? 0) > 0;
    });
  }

  /** Has `seen` tell of a subject once the store holds all up to this version. */
  awaitVersion(subject: SubjectKey, address: Address, resourceVersion: string): void {
    const source = this.#hasSourcePerNamespace && RESOURCES[address.kind].namespaced ? address.namespace : '';
    const group = `${address.kind}/${source}`;
    const heap = this.#waiting.get(group) ?? new KeyedHeap<string>((a, b) => (compareResourceVersions(a, b) ?? 0) < 0);
    this.#waiting.set(group, heap);
    // With several of one kind, the earliest wakes; it is then seen that others are still to come.
    const known = heap.rankOf(subject);
    if (known === undefined || !isAtLeast(resourceVersion, known)) heap.set(subject, resourceVersion);
  }

  /** A source has got to a version: who waited for no later one. */
  seen(kind: Kind, namespace: string | undefined, resourceVersion: string): readonly SubjectKey[] {
    const heap = this.#waiting.get(`${kind}/${namespace ?? ''}`);
    const woken: SubjectKey[] = [];
    for (let first = heap?.peek(); first !== undefined && isAtLeast(resourceVersion, first.rank); first = heap?.peek()) {
      heap?.delete(first.key);
      woken.push(first.key);
    }
    return woken;
  }

  forget(subject: SubjectKey): void {
    this.#bySubject.delete(subject);
    for (const heap of this.#waiting.values()) heap.delete(subject);
  }

  #put(subject: SubjectKey, write: Pending): void {
    const pending = this.#bySubject.get(subject) ?? new Map<string, Pending>();
    this.#bySubject.set(subject, pending);
    pending.set(textOf(write.address), write);
  }

  #isShown({ address, until }: Pending): boolean {
    switch (until.type) {
      case 'Version': {
        if (!this.#store.hasSeen(address.kind, until.resourceVersion, address.namespace)) return false;
        // What the store has of it tells more than how far the watch has got: should the watch have lost an event, the store is behind all the same.
        const cached = this.#store.get(address)?.metadata.resourceVersion;
        return cached === undefined || isAtLeast(cached, until.resourceVersion);
      }
      case 'Gone':
        return this.#store.get(address)?.metadata.uid !== until.uid;
      case 'Asked':
        return false;
    }
  }
}

/** Where a subject stands with writes that the store does not show yet. */
function standingOf(writes: readonly Pending[], nowMs: number): Standing {
  if (writes.length === 0) return { type: 'Clear' };
  // A clock that was set back since the write says nothing of how long ago that was.
  const isOverdue = (sinceMs: number): boolean => sinceMs > nowMs || sinceMs + PATIENCE_MS <= nowMs;
  const overdue = writes.filter(({ until, sinceMs }) => until.type === 'Asked' || isOverdue(sinceMs));
  if (overdue.length > 0) return { type: 'Asks', addresses: overdue.map(({ address }) => address) };
  return { type: 'Waits', untilMs: Math.min(...writes.map(({ sinceMs }) => sinceMs + PATIENCE_MS)) };
}

interface Pending {
  readonly address: Address;
  readonly until:
    | { readonly type: 'Version'; readonly resourceVersion: string }
    | { readonly type: 'Gone'; readonly uid: string }
    | { readonly type: 'Asked' };
  readonly sinceMs: number;
}

function textOf({ kind, namespace, name }: Address): string {
  return `${kind}/${namespace}/${name}`;
}
