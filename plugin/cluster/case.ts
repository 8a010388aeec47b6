import type { Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { type ReadResult, type Ref, refKey, type Settings, type Snapshot } from '#core/contract/snapshot.ts';
import { timestamp } from '#host/clock.ts';
import { type Deliberation, deliberate } from '#host/controller/deliberate.ts';
import type { Engine } from '#host/engine/engine.ts';
import { isRanked, ranksOf } from './ranks.ts';
import type { ClusterReader } from './reader.ts';

/** What the core is asked: the facts of a Task, and answers that stand in for those of the cluster. */
export interface Case {
  readonly facts: Omit<Snapshot, 'read'>;
  /** By ref key without `?live`. */
  readonly answers: Readonly<Record<string, ReadResult>>;
}

export interface CaseInput {
  readonly task: Task;
  readonly settings: Settings;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/** The case of a Task as the cluster shows it. What only the host knows is told by the status: one that says Queued waits in the queue and was given no place. */
export async function caseOf(reader: ClusterReader, { task, settings, nowMs }: CaseInput): Promise<Case> {
  const { namespace = '', name, uid = '' } = task.metadata;
  const subject = { namespace, name, uid };
  const { cleanup } = settings.config;
  const ranks = isRanked(cleanup) ? ranksOf(cleanup, await reader.tasks(namespace), task) : {};
  return {
    facts: {
      contract: 1,
      kind: 'Task',
      now: timestamp(nowMs),
      subject,
      task,
      pods: podsByOwner(await reader.pods(namespace)).get(uid) ?? [],
      ...(task.status?.phase === 'Queued' ? { granted: false } : {}),
      ...ranks,
      outcomes: [],
      settings,
    },
    answers: {},
  };
}

/** Asks the core, reading for it what it asks for; what is `known` to be asked for is given at once. */
export function decideCase(
  engine: Engine,
  reader: ClusterReader,
  { facts, answers }: Case,
  known: Snapshot['read'] = {},
): Promise<Deliberation> {
  const read = async (refs: readonly Ref[]): Promise<Snapshot['read']> => {
    const given = refs.flatMap((ref) => {
      const answer = answers[addressKey(ref)];
      return answer === undefined ? [] : [[refKey(ref), answer] as const];
    });
    const left = refs.filter((ref) => answers[addressKey(ref)] === undefined);
    return { ...(await reader.read(left)), ...Object.fromEntries(given) };
  };
  return deliberate(engine, facts, read, known);
}

/** Key of a ref, live or not. */
export function addressKey({ kind, namespace, name }: Ref): string {
  return refKey({ kind, namespace, name });
}

const BY_OWNER = new WeakMap<readonly Pod[], ReadonlyMap<string, readonly Pod[]>>();

/** The Pods of a list by the UID of their controller, found once a list. */
function podsByOwner(pods: readonly Pod[]): ReadonlyMap<string, readonly Pod[]> {
  const known = BY_OWNER.get(pods);
  if (known !== undefined) return known;
  const byOwner = new Map<string, Pod[]>();
  for (const pod of pods) {
    const uid = pod.metadata.ownerReferences?.find((owner) => owner.controller === true)?.uid;
    if (uid !== undefined) byOwner.set(uid, [...(byOwner.get(uid) ?? []), pod]);
  }
  BY_OWNER.set(pods, byOwner);
  return byOwner;
}
