import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { isFinished } from '#core/contract/ended.ts';
import type { Subject } from '#core/contract/snapshot.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import type { World } from '#host/cluster/memory/world.ts';
import type { PlanSubject } from './record.ts';

type StoredTask = StoredObject & Task;

/** The Tasks of the plan while it runs. */
export interface Followed {
  /** Whether each of them has ended or is gone. */
  isOver(): boolean;
  /** In the order in which they were named. */
  tasks(): readonly PlanSubject[];
}

/** Follows Tasks by UID: their last state, when they ended and when they went. Of one that is gone already, its Pods are followed. */
export function followTasks({ server, clock }: World, subjects: readonly Subject[], beginMs: number): Followed {
  const followed = new Map<string, PlanSubject>();
  /** Those that have not ended. */
  const left = new Set<string>();
  for (const { namespace, name, uid } of subjects) {
    const task = server.find({ kind: 'Task', namespace, name }) as StoredTask | undefined;
    const isThere = task?.metadata.uid === uid;
    const hasEnded = isThere && isFinished(task);
    followed.set(uid, { namespace, name, uid, final: isThere ? task : null, ...(hasEnded ? { endedAtMs: 0 } : {}) });
    if (!hasEnded) left.add(uid);
  }
  server.store.listen('Task', ({ type, object }) => {
    const task = object as StoredTask;
    const { uid } = task.metadata;
    const before = followed.get(uid);
    if (before === undefined) return;
    const atMs = clock.now() - beginMs;
    const ended = before.endedAtMs === undefined && isFinished(task) ? { endedAtMs: atMs } : {};
    followed.set(uid, { ...before, final: task, ...ended, ...(type === 'DELETED' ? { deletedAtMs: atMs } : {}) });
    if (isFinished(task) || type === 'DELETED') left.delete(uid);
  });
  server.store.listen('Pod', ({ type, object }) => {
    if (type !== 'DELETED') return;
    for (const uid of ownersOf(object)) {
      if (followed.get(uid)?.final === null) left.delete(uid);
    }
  });
  return { isOver: () => left.size === 0, tasks: () => [...followed.values()] };
}

function ownersOf({ metadata }: KubernetesObject): readonly string[] {
  return (metadata.ownerReferences ?? []).map(({ uid }) => uid);
}
