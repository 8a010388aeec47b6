import type { Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { isHeld } from '#core/contract/held.ts';
import { LABELS } from '#core/contract/names.ts';
import type { Cluster, ClusterError, Scope } from '#host/cluster/cluster.ts';
import { letGo } from '#host/controller/held-pods.ts';
import { failureText, type Reached } from '../cluster/failure.ts';
import { listAll, nameOf, type Reading } from '../cluster/read.ts';

/** A Pod that bears our finalizer. */
export interface HeldPod {
  readonly pod: Pod;
  /** Name of its Task, as its owner reference or its label has it. */
  readonly task: string;
  readonly owner: Owner;
  /** What nobody can tell any more once it is let go; absent: nothing. */
  readonly loses?: string;
}

/** Whose a Pod is: a Task that is there; none (`Orphan`); not known, because Tasks can't be listed. */
export type Owner =
  | { readonly type: 'Task'; readonly task: Task }
  | { readonly type: 'Orphan'; readonly why: string }
  | { readonly type: 'Unknown' };

/** Absent: all namespaces, all Pods. */
export interface HeldScope extends Omit<Scope, 'kind'> {
  /** Tasks; empty: every Pod of the scope. */
  readonly names: readonly string[];
}

export interface Held {
  /** By namespace and name. */
  readonly pods: readonly HeldPod[];
  /** Names of Tasks that are not there and have left no Pod. */
  readonly missing: readonly string[];
  /** Why Tasks could not be listed. */
  readonly blindness?: string;
}

/** The Pods that our finalizer holds. Throws where Pods can't be listed; Tasks, and even their CRD, may be gone. */
export async function heldPods(cluster: Reading, { namespace, labelSelector, fieldSelector, names }: HeldScope): Promise<Held> {
  const place = namespace === undefined ? {} : { namespace };
  const labels = [LABELS.taskUid, ...(labelSelector === undefined ? [] : [labelSelector])].join(',');
  const fields = fieldSelector === undefined ? {} : { fieldSelector };
  const listed = await listAll(cluster, { kind: 'Pod', ...place, labelSelector: labels, ...fields });
  if (!listed.ok) throw new Error(failureText({ verb: 'list', kind: 'Pod', ...place }, listed.error, cluster));
  const tasks = await readTasks(cluster, place);
  const byUid = new Map((tasks.ok ? tasks.items : []).map((task) => [task.metadata.uid, task]));
  const labelled = (listed.items as readonly Pod[]).map((pod) => ({ pod, ...ownerOf(pod, byUid, tasks.ok) }));
  const wanted = names.map(nameOf);
  const chosen = wanted.length === 0 ? labelled : labelled.filter(({ task }) => wanted.includes(task));
  const known = [...labelled.map(({ task }) => task), ...[...byUid.values()].map(({ metadata }) => metadata.name)];
  return {
    pods: chosen.filter(({ pod }) => isHeld(pod)).map((held) => ({ ...held, ...lossOf(held.pod, held.owner) })),
    missing: wanted.filter((name) => !known.includes(name)),
    ...(tasks.ok ? {} : { blindness: failureText({ verb: 'list', kind: 'Task', ...place }, tasks.error, cluster) }),
  };
}

type Tasks = { readonly ok: true; readonly items: readonly Task[] } | { readonly ok: false; readonly error: ClusterError };

/** Where nobody knows the kind any more, there is no Task. */
async function readTasks(cluster: Reading, place: Pick<Scope, 'namespace'>): Promise<Tasks> {
  const listed = await listAll(cluster, { kind: 'Task', ...place });
  if (listed.ok) return { ok: true, items: listed.items as readonly Task[] };
  return listed.error.type === 'Refused' && listed.error.code === 404 ? { ok: true, items: [] } : listed;
}

function ownerOf({ metadata }: Pod, byUid: ReadonlyMap<string | undefined, Task>, isKnown: boolean): Pick<HeldPod, 'task' | 'owner'> {
  const reference = metadata.ownerReferences?.find(({ controller }) => controller === true);
  const task = reference?.name ?? metadata.labels?.[LABELS.task] ?? '';
  if (reference === undefined) return { task, owner: { type: 'Orphan', why: 'it has no owner' } };
  const owner = byUid.get(reference.uid);
  if (owner !== undefined) return { task, owner: { type: 'Task', task: owner } };
  return { task, owner: isKnown ? { type: 'Orphan', why: 'its Task is gone' } : { type: 'Unknown' } };
}

/** Nobody is left to tell of an orphan's end. What its Task keeps is kept. */
function lossOf(pod: Pod, owner: Owner): Pick<HeldPod, 'loses'> {
  if (owner.type === 'Orphan') return {};
  const { phase } = pod.status ?? {};
  const attempts = owner.type === 'Task' ? (owner.task.status?.attempts ?? []) : [];
  if (attempts.some(({ podUID }) => podUID !== undefined && podUID === pod.metadata.uid)) return {};
  return { loses: phase === 'Succeeded' || phase === 'Failed' ? 'how it ended' : 'how it will end' };
}

/** What came of letting one Pod go. */
export type Released = { readonly type: 'Released' | 'WouldRelease' | 'Gone' } | { readonly type: 'Failed'; readonly message: string };

/** Takes our finalizer off a Pod, and no other. One that is gone, or whose name another has, needs nothing. */
export async function release(cluster: Pick<Cluster, 'patch'> & Reached, pod: Pod): Promise<Released> {
  const result = await letGo(cluster, pod);
  if (result.type !== 'Failed') return result;
  const { namespace = '', name } = pod.metadata;
  return { type: 'Failed', message: failureText({ verb: 'patch', kind: 'Pod', namespace, name }, result.error, cluster) };
}
