import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { expectedReads } from '#core/contract/expected-reads.ts';
import type { Kind } from '#core/contract/kinds.ts';
import { PROJECTIONS } from '#core/contract/projection.ts';
import { type ReadResult, type Ref, type RefKey, refKey, type Snapshot, type Subject } from '#core/contract/snapshot.ts';
import type { Address, Cluster, ClusterError, Result } from '../cluster/cluster.ts';
import { compileProjection, copyWhole, type Projection } from '../cluster/projection.ts';
import type { Store } from '../cluster/store.ts';

export interface ReaderOptions {
  readonly cluster: Pick<Cluster, 'get' | 'list'>;
  readonly store: Pick<Store, 'get'>;
  readonly signal: AbortSignal;
  /** Tasks that this host works on; absent: all. */
  readonly taskSelector?: string;
  /** Gives an Agent the starts that were recorded and are not visible yet. */
  overlay(agent: KubernetesObject): KubernetesObject;
}

/** What a live look at a subject's Task says. */
export type TaskAnswer =
  | { readonly type: 'Found'; readonly task: KubernetesObject }
  /** Nothing of that name, or another UID. */
  | { readonly type: 'Gone' }
  /** It is there, but another host's by its labels. */
  | { readonly type: 'Foreign' }
  | { readonly type: 'Unavailable'; readonly error: ClusterError };

/** Answers what the core asks for: watched kinds from the store, everything else, and everything live, by a GET. */
export class Reader {
  readonly #options: ReaderOptions;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** Answers by ref key, ordered by it. Never fails: what can't be read says so itself. */
  async read(subject: Subject, refs: readonly Ref[]): Promise<Readonly<Record<RefKey, ReadResult>>> {
    const wanted = new Map(refs.map((ref) => [refKey(ref), ref]));
    const answers = await Promise.all(
      [...wanted].map(async ([key, ref]): Promise<readonly [RefKey, ReadResult]> => [key, await this.#answer(subject, ref)]),
    );
    return Object.fromEntries(answers.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** What a decision will ask for in all likelihood, as far as the store has it. */
  expected(facts: Pick<Snapshot, 'subject' | 'task' | 'pods'>): { readonly refs: readonly Ref[]; readonly read: Snapshot['read'] } {
    const refs = expectedReads(facts, (ref) => this.#options.store.get(ref));
    const answers = refs.map((ref) => [refKey(ref), this.#cached(ref)] as const);
    return { refs, read: Object.fromEntries(answers.filter(([, answer]) => 'found' in answer)) };
  }

  /** A GET, projected as the store would. */
  async live(address: Address): Promise<Result<KubernetesObject>> {
    const result = await this.#options.cluster.get(address, this.#options.signal);
    return result.ok ? { ok: true, value: projected(address.kind, result.value) } : result;
  }

  /** Asks the API server whether a subject's Task is there and ours. */
  async confirmTask(subject: Subject): Promise<TaskAnswer> {
    const address: Address = { kind: 'Task', namespace: subject.namespace, name: subject.name };
    const result = await this.live(address);
    if (!result.ok) return isNotFound(result.error) ? { type: 'Gone' } : { type: 'Unavailable', error: result.error };
    if (result.value.metadata.uid !== subject.uid) return { type: 'Gone' };
    const { cluster, taskSelector, signal } = this.#options;
    if (taskSelector === undefined) return { type: 'Found', task: result.value };
    // Only the API server applies its own selectors.
    const { kind, namespace, name } = address;
    const listed = await cluster.list(
      { kind, namespace, labelSelector: taskSelector, fieldSelector: `metadata.name=${name}`, limit: 1 },
      signal,
    );
    if (!listed.ok) return { type: 'Unavailable', error: listed.error };
    return listed.value.items.some((item) => item.metadata.uid === subject.uid)
      ? { type: 'Found', task: result.value }
      : { type: 'Foreign' };
  }

  async #answer(subject: Subject, ref: Ref): Promise<ReadResult> {
    if (ref.namespace !== subject.namespace) {
      const message = `read ${refKey(ref)}: expected an object in the namespace of the Task, ${subject.namespace}`;
      return { unavailable: { code: 403, message } };
    }
    if (ref.live !== true && ref.kind !== 'ConfigMap') return this.#cached(ref);
    const result = await this.live({ kind: ref.kind, namespace: ref.namespace, name: ref.name });
    if (result.ok) return { found: this.#complete(ref, result.value) };
    if (isNotFound(result.error)) return { absent: true };
    return { unavailable: { code: result.error.type === 'Refused' ? result.error.code : 0, message: result.error.message } };
  }

  #cached(ref: Ref): ReadResult {
    const cached = this.#options.store.get(ref);
    return cached === undefined ? { absent: true } : { found: this.#complete(ref, cached) };
  }

  #complete(ref: Ref, object: KubernetesObject): KubernetesObject {
    return ref.kind === 'Agent' ? this.#options.overlay(object) : object;
  }
}

const COMPILED = new Map<Kind, Projection>(
  Object.entries(PROJECTIONS).map(([kind, paths]) => [kind as keyof typeof PROJECTIONS, compileProjection(paths)]),
);

function projected(kind: Kind, object: KubernetesObject): KubernetesObject {
  return COMPILED.get(kind)?.(object) ?? copyWhole(object);
}

export function isNotFound(error: ClusterError): boolean {
  return error.type === 'Refused' && error.code === 404;
}
