import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { hasEnded } from '#core/contract/ended.ts';
import { isHeld } from '#core/contract/held.ts';
import type { Settings, Snapshot, Subject } from '#core/contract/snapshot.ts';
import { TASK_OUTCOMES } from '#core/contract/task-outcome.ts';
import { timestamp } from '../clock.ts';
import type { Address, ClusterError } from '../cluster/cluster.ts';
import { fieldsEqual } from '../cluster/json.ts';
import { isAtLeast } from '../cluster/resource-version.ts';
import type { Store } from '../cluster/store.ts';
import type { Basis } from './apply.ts';
import type { FinishedIndex } from './finished-index.ts';
import type { LiveObjects } from './live-objects.ts';
import type { Outcomes } from './outcomes.ts';
import type { PendingWrites } from './pending-writes.ts';
import type { Places } from './places.ts';
import { isNotFound, type Reader } from './reader.ts';
import { keyOf, keyOfOrphan, type SubjectKey } from './subject.ts';

/** What a subject's snapshot can be made of now. */
export type Gathered =
  | { readonly type: 'Facts'; readonly facts: Omit<Snapshot, 'read'> }
  /** Its own writes are not visible yet. */
  | { readonly type: 'Waits'; readonly untilMs: number }
  /** Nothing of it is left. */
  | { readonly type: 'Gone' }
  /** Another host's. */
  | { readonly type: 'Foreign' }
  | { readonly type: 'Unavailable'; readonly what: string; readonly error: ClusterError };

export interface FactSources {
  readonly store: Pick<Store, 'get' | 'hasSeen' | 'ownedBy' | 'labelledFor'>;
  readonly live: LiveObjects;
  readonly pending: PendingWrites;
  readonly outcomes: Outcomes;
  readonly places: Pick<Places, 'granted'>;
  readonly finished: Pick<FinishedIndex, 'endedAfter' | 'endedAfterOfOutcome'>;
  readonly reader: Reader;
  settings(): Settings;
  now(): number;
}

/** Gathers what one decision stands on, all from one moment: nothing is awaited between the first and the last fact. */
export async function gather(sources: FactSources, subject: Subject): Promise<Gathered> {
  const key = keyOf(subject);
  for (let standing = sources.pending.standing(key, sources.now()); standing.type !== 'Clear'; ) {
    if (standing.type === 'Waits') return standing;
    const failed = await askAll(sources, subject, standing.addresses);
    if (failed !== null) return failed;
    standing = sources.pending.standing(key, sources.now());
  }
  if (knownTask(sources, subject).type === 'Unread') {
    // Neither a Task nor Pods that are to be let go: nothing to decide, and nothing to ask for, or each host would ask for the Tasks of all others. Garbage
    // collection deletes the Pods of a Task that is gone, which brings the subject back; so does a watch that is behind.
    const isNeeded = podsOf(sources, subject).some(isToBeLetGo) || orphansOf(sources, subject).length > 0;
    if (!isNeeded) return { type: 'Gone' };
    const answer = await sources.reader.confirmTask(subject);
    switch (answer.type) {
      case 'Foreign':
        return answer;
      case 'Unavailable':
        return { type: 'Unavailable', what: `task ${subject.namespace}/${subject.name}`, error: answer.error };
      case 'Gone':
        sources.live.put(key, taskAddress(subject), null);
        break;
      case 'Found':
        sources.live.put(key, taskAddress(subject), answer.task);
        break;
    }
  }
  return factsOf(sources, subject);
}

function factsOf(sources: FactSources, subject: Subject): Gathered {
  const key = keyOf(subject);
  const task = knownTask(sources, subject);
  // Another object took the name between the answer and now: the same question again, in a moment.
  if (task.type === 'Unread') return { type: 'Waits', untilMs: sources.now() };
  const pods = task.task === null ? [...podsOf(sources, subject), ...orphansOf(sources, subject)] : podsOf(sources, subject);
  if (task.task === null && pods.length === 0) return { type: 'Gone' };
  awaitWatch(sources, key);
  const granted = sources.places.granted(key);
  const settings = sources.settings();
  const { cleanup } = settings.config;
  const finishedRank = cleanup?.maxRetainedTasks === undefined ? undefined : sources.finished.endedAfter(key);
  const finishedRankOfOutcome = limitsAnOutcome(cleanup) ? sources.finished.endedAfterOfOutcome(key) : undefined;
  const facts: Omit<Snapshot, 'read'> = {
    contract: 1,
    kind: 'Task',
    now: timestamp(sources.now()),
    subject,
    task: task.task,
    pods,
    ...(granted === undefined ? {} : { granted }),
    ...(finishedRank === undefined ? {} : { finishedRank }),
    ...(finishedRankOfOutcome === undefined ? {} : { finishedRankOfOutcome }),
    outcomes: sources.outcomes.of(key),
    settings,
  };
  return { type: 'Facts', facts };
}

/**
 * What was read live stands until the watch has come as far. Should the watch never have it, because our label or the object itself was taken meanwhile, no event tells: the subject
 * is decided again then.
 */
function awaitWatch({ live, pending, store }: FactSources, key: SubjectKey): void {
  for (const { address, known } of live.all(key)) {
    const version = known.type === 'Found' ? known.object.metadata.resourceVersion : undefined;
    if (version !== undefined && !store.hasSeen(address.kind, version, address.namespace)) pending.awaitVersion(key, address, version);
  }
}

/**
 * Whether more is known by now than a decision stood on: its Task has changed, but for its labels (one of which the decision itself may have written), or a
 * Pod of its has come that the decision did not know. What `gather` would say now counts, so that to decide again is to know it.
 */
export function isOvertaken(sources: Pick<FactSources, 'live' | 'store'>, { subject, task, pods }: Basis): boolean {
  if (task === null) return false;
  const now = knownTask(sources, subject);
  if (now.type === 'Unread') return false;
  if (now.task === null || (isLater(now.task, task) && !isSameTask(now.task, task))) return true;
  return podsOf(sources, subject).some((pod) => !pods.some(({ metadata }) => metadata.uid === pod.metadata.uid));
}

function isLater({ metadata: now }: Task, { metadata: then }: Task): boolean {
  return now.resourceVersion !== undefined && then.resourceVersion !== undefined && !isAtLeast(then.resourceVersion, now.resourceVersion);
}

const OF_NO_WEIGHT = ['resourceVersion', 'labels'];

function isSameTask(now: Task, then: Task): boolean {
  return fieldsEqual(now.metadata, then.metadata, OF_NO_WEIGHT) && fieldsEqual(now, then, ['metadata']);
}

function limitsAnOutcome(cleanup: Settings['config']['cleanup']): boolean {
  return TASK_OUTCOMES.some((outcome) => cleanup?.[`maxRetained${outcome}Tasks`] !== undefined);
}

/** Reads live what is in doubt; null when all of it was answered. */
async function askAll(sources: FactSources, subject: Subject, addresses: readonly Address[]): Promise<Gathered | null> {
  const key = keyOf(subject);
  const asked = addresses.map(async (address) => ({ address, answer: await ask(sources.reader, subject, address) }));
  for (const { address, answer } of await Promise.all(asked)) {
    if (answer.type === 'Foreign') return answer;
    if (answer.type === 'Unavailable') {
      return { type: 'Unavailable', what: `${address.kind} ${address.namespace}/${address.name}`, error: answer.error };
    }
    sources.live.put(key, address, answer.type === 'Found' ? answer.object : null);
    sources.pending.asked(key, address);
  }
  return null;
}

type Answer =
  | { readonly type: 'Found'; readonly object: KubernetesObject }
  | { readonly type: 'Gone' }
  | { readonly type: 'Foreign' }
  | { readonly type: 'Unavailable'; readonly error: ClusterError };

/** Of the Task it is asked too whose it is: one that has gone over to another host by its labels has left our watch, and a GET alone would bring it back. */
async function ask(reader: Reader, subject: Subject, address: Address): Promise<Answer> {
  if (address.kind === 'Task') {
    const answer = await reader.confirmTask(subject);
    return answer.type === 'Found' ? { type: 'Found', object: answer.task } : answer;
  }
  const result = await reader.live(address);
  if (result.ok) return { type: 'Found', object: result.value };
  return isNotFound(result.error) ? { type: 'Gone' } : { type: 'Unavailable', error: result.error };
}

type KnownTask = { readonly type: 'Unread' } | { readonly type: 'Read'; readonly task: Task | null };

/** The subject's Task; null when a live answer says that it is gone. A store that does not show it proves nothing. */
function knownTask(sources: Pick<FactSources, 'live' | 'store'>, subject: Subject): KnownTask {
  const live = sources.live.known(keyOf(subject), taskAddress(subject));
  const object = live.type === 'Found' ? live.object : live.type === 'Absent' ? null : sources.store.get(taskAddress(subject));
  if (object === undefined) return { type: 'Unread' };
  if (object === null) return { type: 'Read', task: null };
  if (object.metadata.uid === subject.uid) return { type: 'Read', task: object as Task };
  return live.type === 'Found' ? { type: 'Read', task: null } : { type: 'Unread' };
}

/** Pods whose controller owner is the subject, ordered by name, with what was read live in the place of what the store has. */
function podsOf(sources: Pick<FactSources, 'live' | 'store'>, subject: Subject): readonly Pod[] {
  const pods = new Map<string, KubernetesObject>();
  for (const pod of sources.store.ownedBy('Pod', subject.uid)) {
    if (pod.metadata.namespace === subject.namespace) pods.set(pod.metadata.name, pod);
  }
  for (const { address, known } of sources.live.all(keyOf(subject))) {
    if (address.kind !== 'Pod') continue;
    if (known.type === 'Absent') pods.delete(address.name);
    if (known.type !== 'Found') continue;
    const isOurs = known.object.metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === subject.uid);
    if (isOurs === true) pods.set(address.name, known.object);
    else pods.delete(address.name);
  }
  return [...pods.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)) as Pod[];
}

/** Pods that lost their owner with the Task (`--cascade=orphan`): nobody's, but our finalizer may still hold them. */
function orphansOf({ store }: FactSources, subject: Subject): readonly Pod[] {
  const ours = store
    .labelledFor('Pod', subject.uid)
    .filter((pod) => pod.metadata.namespace === subject.namespace && keyOfOrphan(pod) !== undefined);
  return ours.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)) as Pod[];
}

/** Under deletion, and held by us or with work that goes on. */
function isToBeLetGo(pod: Pod): boolean {
  const { metadata } = pod;
  return metadata.deletionTimestamp !== undefined && (!hasEnded(pod) || isHeld(pod));
}

function taskAddress(subject: Subject): Address {
  return { kind: 'Task', namespace: subject.namespace, name: subject.name };
}
