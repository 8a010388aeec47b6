import type { Agent, TaskStart } from '#core/api/agent.ts';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { RecordStart } from '#core/contract/decision.ts';
import type { Clock } from '../clock.ts';
import type { Address, Cluster, ClusterError } from '../cluster/cluster.ts';
import { isAtLeast } from '../cluster/resource-version.ts';
import type { Store } from '../cluster/store.ts';
import { failed, succeeded } from './answers.ts';
import type { Report } from './outcomes.ts';

/** Somebody else writes the same status (an Agent controller): after so many conflicts the Tasks wait and try again. */
const MAX_TRIES = 5;

export interface StartsOptions {
  readonly cluster: Pick<Cluster, 'get' | 'patch'>;
  readonly clock: Clock;
  readonly store: Pick<Store, 'get'>;
  readonly signal: AbortSignal;
}

/**
 * Starts of Tasks in `Agent.status.taskStartHistory`, which a quota counts. However many Tasks start, an Agent has one patch in flight, and what comes
 * meanwhile goes together into the next. A merge patch replaces the list, so each carries all of it and the resourceVersion.
 */
export class Starts {
  readonly #options: StartsOptions;
  readonly #byAgent = new Map<string, Book>();

  constructor(options: StartsOptions) {
    this.#options = options;
  }

  /** Agents of which something is kept. */
  get size(): number {
    return this.#byAgent.size;
  }

  /**
   * A start was decided and will be recorded when its turn comes: it counts from now on, or the next decision would give the same place away again. The
   * answer takes that back, for a start that was not recorded after all; harmless afterwards.
   */
  announce(action: RecordStart): () => void {
    const [key, book] = this.#bookOf(action);
    book.announced.add(action);
    return () => {
      if (book.announced.delete(action)) this.#closeWhenVisible(key, book);
    };
  }

  /** Resolves when the start stands in the Agent's status, or can't. */
  record(action: RecordStart): Promise<Report> {
    const [key, book] = this.#bookOf(action);
    book.announced.delete(action);
    return new Promise((resolve) => {
      book.waiting.push({ action, resolve });
      if (book.sent.length === 0) void this.#write(key, book);
    });
  }

  /** The Agent with all starts that are on their way: the next decision counts them, whether or not they are visible yet. */
  overlay(object: KubernetesObject): KubernetesObject {
    const { namespace = '', name, uid = '' } = object.metadata;
    const book = this.#byAgent.get(`${namespace}/${name}/${uid}`);
    if (book === undefined) return object;
    const agent = newer(object as Agent, book.latest);
    const onTheirWay = [...[...book.sent, ...book.waiting].map(({ action }) => action), ...book.announced].map(({ record }) => record);
    const history = merged(agent.status?.taskStartHistory ?? [], onTheirWay);
    const before = (object as Agent).status;
    return { ...object, status: { ...before, taskStartHistory: history } } as KubernetesObject;
  }

  #bookOf({ agent: { namespace, name, uid } }: RecordStart): readonly [string, Book] {
    const key = `${namespace}/${name}/${uid}`;
    const address: Address = { kind: 'Agent', namespace, name };
    const book = this.#byAgent.get(key) ?? { address, uid, announced: new Set(), waiting: [], sent: [], latest: undefined };
    this.#byAgent.set(key, book);
    return [key, book];
  }

  async #write(key: string, book: Book): Promise<void> {
    while (book.waiting.length > 0) {
      book.sent = book.waiting;
      book.waiting = [];
      const error = await this.#writeSent(book).catch((thrown: unknown): ClusterError => {
        return { type: 'Unreachable', message: `record starts of agent ${key}: ${String(thrown)}`, cause: thrown };
      });
      const sent = book.sent;
      book.sent = [];
      for (const { action, resolve } of sent) {
        const reporting = { actionId: action.id, of: 'Write' as const };
        resolve(error === null ? succeeded(reporting) : { ...failed(reporting, error), answer: action.record.startTime });
      }
    }
    this.#closeWhenVisible(key, book);
  }

  /** Writes what is in `sent`; null when it stands. */
  async #writeSent(book: Book): Promise<ClusterError | null> {
    const { cluster, clock, store, signal } = this.#options;
    let base: KubernetesObject | undefined = store.get(book.address);
    if (base !== undefined) base = newer(base as Agent, book.latest);
    let last: ClusterError | null = null;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      if (base === undefined) {
        const read = await cluster.get(book.address, signal);
        if (!read.ok) return last !== null && isUnknown(last) ? last : read.error;
        base = read.value;
      }
      if (base.metadata.uid !== book.uid) return replaced(book);
      const records = book.sent.map(({ action }) => action.record);
      const windowSeconds = Math.max(...book.sent.map(({ action }) => action.windowSeconds));
      const history = (base as Agent).status?.taskStartHistory ?? [];
      const wanted = merged(unexpired(history, clock.now() - windowSeconds * 1_000), records);
      if (records.every((record) => history.some((known) => sameStart(known, record)))) {
        // The watch may not show them yet.
        book.latest = base as Agent;
        return null;
      }
      const { uid, resourceVersion } = base.metadata;
      const patch = { metadata: { uid, resourceVersion }, status: { taskStartHistory: wanted } };
      const result = await cluster.patch(book.address, patch, { patchType: 'merge', subresource: 'status' }, signal);
      if (result.ok) {
        book.latest = result.value as Agent;
        return null;
      }
      last = result.error;
      const isConflict = last.type === 'Refused' && last.code === 409;
      // After a conflict, and where no usable answer came, the present state decides: it may be there already.
      if (!isConflict && !isUnknown(last)) return last;
      base = undefined;
    }
    return last;
  }

  /** Forgets an Agent once its store shows all that was written. */
  #closeWhenVisible(key: string, book: Book): void {
    if (book.announced.size + book.waiting.length + book.sent.length > 0) return;
    const cached = this.#options.store.get(book.address);
    if (book.latest === undefined || cached === undefined || newer(cached as Agent, book.latest) === cached) this.#byAgent.delete(key);
  }

  /** To be called when an Agent changes or goes: drops what its status shows by now. */
  changed(agent: KubernetesObject): void {
    const { namespace = '', name, uid = '' } = agent.metadata;
    const key = `${namespace}/${name}/${uid}`;
    const book = this.#byAgent.get(key);
    if (book !== undefined) this.#closeWhenVisible(key, book);
  }
}

interface Entry {
  readonly action: RecordStart;
  readonly resolve: (report: Report) => void;
}

interface Book {
  readonly address: Address;
  readonly uid: string;
  readonly announced: Set<RecordStart>;
  waiting: Entry[];
  sent: Entry[];
  /** Answer of the last write that went well. */
  latest: Agent | undefined;
}

function newer(agent: Agent, latest: Agent | undefined): Agent {
  const seen = agent.metadata.resourceVersion;
  const written = latest?.metadata.resourceVersion;
  return latest === undefined || seen === undefined || written === undefined || isAtLeast(seen, written) ? agent : latest;
}

function merged(history: readonly TaskStart[], records: readonly TaskStart[]): readonly TaskStart[] {
  const all = [...history];
  for (const record of records) if (!all.some((known) => sameStart(known, record))) all.push(record);
  return all;
}

function sameStart(a: TaskStart, b: TaskStart): boolean {
  return a.taskName === b.taskName && a.taskNamespace === b.taskNamespace && a.startTime === b.startTime;
}

/** A time that can't be read is dropped with those that are over. */
function unexpired(history: readonly TaskStart[], afterMs: number): readonly TaskStart[] {
  return history.filter(({ startTime }) => Date.parse(startTime) > afterMs);
}

function isUnknown(error: ClusterError): boolean {
  return failed({ actionId: '', of: 'Write' }, error).result === 'unknown';
}

function replaced({ address, uid }: Book): ClusterError {
  const message = `agent ${address.namespace}/${address.name}: expected uid ${uid}, another object has its name`;
  return { type: 'Refused', code: 409, reason: 'Conflict', message };
}
