import type { KubernetesObject } from '../api/kubernetes.ts';
import type { TaskStatus } from '../api/task.ts';

/** Whether a Pod says that its containers have ended. */
export function hasEnded(pod: KubernetesObject): boolean {
  const phase = phaseOf(pod);
  return phase === 'Succeeded' || phase === 'Failed';
}

/** Whether a Task says that it has ended. */
export function isFinished(task: KubernetesObject): boolean {
  const phase = phaseOf(task);
  return phase === 'Completed' || phase === 'Failed';
}

/** Id of the creation of an attempt's Pod. */
export function podCreationId(attempt: number): string {
  return `pod/${attempt}`;
}

/**
 * Whether a Task's status tells of the Pod whose creation had this id: of the attempt that runs, or of one that is over. Phase Running alone does not: upstream's controller writes
 * that before it creates one.
 */
export function tellsOfPod(task: KubernetesObject, creationId: string): boolean {
  const { podName, attempts } = (task as Told).status ?? {};
  if (isFinished(task) || (phaseOf(task) === 'Running' && Boolean(podName))) return true;
  // What people may have written in the place of attempts tells of nothing.
  return Array.isArray(attempts) && attempts.some((attempt) => podCreationId(attempt?.number) === creationId);
}

type Told = KubernetesObject & { readonly status?: Pick<TaskStatus, 'podName' | 'attempts'> };

function phaseOf(object: KubernetesObject & { readonly status?: { readonly phase?: string } }): string | undefined {
  return object.status?.phase;
}
