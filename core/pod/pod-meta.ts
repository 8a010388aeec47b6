import type { ObjectMeta, OwnerReference } from '../api/kubernetes.ts';
import type { AgentPodSpec } from '../api/pod-spec.ts';
import type { Task } from '../api/task.ts';
import { apiVersionOf } from '../contract/kinds.ts';
import { ANNOTATIONS, LABELS, POD_FINALIZER } from '../contract/names.ts';
import { podName, taskLabel } from './names.ts';
import { agentError, type Refusal } from './refusal.ts';

/** Whether the Pod stays until its end is recorded in the Task. */
export type Evidence = 'Finalizer' | 'BestEffort';

/** Name, labels, annotations, owner and finalizer of an attempt's Pod. */
export function podMeta(task: Task, attempt: number, podSpec: AgentPodSpec, evidence: Evidence): ObjectMeta | Refusal {
  const ours = [ANNOTATIONS.endedFor, ANNOTATIONS.stopReason].find((name) => Object.hasOwn(podSpec.annotations ?? {}, name));
  if (ours !== undefined) {
    return agentError(`podSpec.annotations must not set ${ours}: it says that the controller ended the Pod; remove it`);
  }
  return {
    name: podName(task.metadata.name, attempt),
    namespace: task.metadata.namespace ?? '',
    // Last, so that nobody can overwrite it: the Pod watch selects by this label.
    labels: { ...taskLabels(task), ...podSpec.labels, [LABELS.taskUid]: task.metadata.uid ?? '' },
    annotations: { ...podSpec.annotations, [ANNOTATIONS.attempt]: String(attempt) },
    ...(evidence === 'Finalizer' ? { finalizers: [POD_FINALIZER] } : {}),
    ownerReferences: [ownerOf(task)],
  };
}

/** Labels that everything of a Task bears. */
export function taskLabels(task: Task): Readonly<Record<string, string>> {
  return { app: 'kubeopencode', [LABELS.task]: taskLabel(task.metadata.name) };
}

/** The Task as controller; its deletion in the foreground waits for what it owns. */
export function ownerOf(task: Task): OwnerReference {
  const { name, uid = '' } = task.metadata;
  return { apiVersion: apiVersionOf('Task'), kind: 'Task', name, uid, controller: true, blockOwnerDeletion: true };
}
