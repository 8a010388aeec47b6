import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { isFinished } from '#core/contract/ended.ts';
import { ANNOTATIONS } from '#core/contract/names.ts';
import type { Ref } from '#core/contract/snapshot.ts';
import type { StoreChange } from '../cluster/store-change.ts';
import { keyOfOrphan, keyOfOwner, keyOfTask, type SubjectKey } from './subject.ts';
import type { Priority } from './work-queue.ts';

/** What a change of the store asks for. */
export interface Routes {
  /** Subjects that the object is part of. */
  readonly subjects: readonly { readonly key: SubjectKey; readonly priority: Priority }[];
  /** What others may depend on. */
  readonly ref: Ref | null;
}

/** Who has to do with a change. Both states count: a Pod whose owner changed concerns the old one too. */
export function routesOf(change: StoreChange): Routes {
  const { kind } = change;
  const states = [...(change.type === 'Added' ? [] : [change.before]), ...(change.type === 'Removed' ? [] : [change.after])];
  const latest = states.at(-1);
  if (latest === undefined || kind === 'ConfigMap' || kind === 'Event' || kind === 'Lease' || kind === 'KubeOpenCodeConfig') {
    return { subjects: [], ref: null };
  }
  const ref: Ref = { kind, namespace: latest.metadata.namespace ?? '', name: latest.metadata.name };
  const keyOf = kind === 'Task' ? keyOfTask : kind === 'Pod' ? (pod: KubernetesObject) => keyOfOwner(pod) ?? keyOfOrphan(pod) : undefined;
  if (keyOf === undefined) return { subjects: [], ref };
  const keys = new Set(states.map(keyOf).filter((key) => key !== undefined));
  const priority = change.type === 'Removed' ? 'end' : kind === 'Task' ? taskPriority(latest as Task) : podPriority(latest as Pod);
  return { subjects: [...keys].map((key) => ({ key, priority })), ref };
}

/** What ends, or is to end, goes first; what has ended has time. */
export function taskPriority(task: Task): Priority {
  if (isFinished(task)) return 'settled';
  const isEnding = task.metadata.deletionTimestamp !== undefined || task.metadata.annotations?.[ANNOTATIONS.stop] === 'true';
  return isEnding || task.status?.phase === 'Running' ? 'end' : 'start';
}

function podPriority(pod: Pod): Priority {
  const phase = pod.status?.phase;
  return phase === 'Succeeded' || phase === 'Failed' || pod.metadata.deletionTimestamp !== undefined ? 'end' : 'start';
}
