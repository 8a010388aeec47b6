import type { KubernetesObject } from '../api/kubernetes.ts';

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

/** Whether a Task's status tells that the current attempt has come to have a Pod. Phase Running alone does not: upstream's controller writes that before it creates one. */
export function tellsOfPod(task: KubernetesObject & { readonly status?: { readonly phase?: string; readonly podName?: string } }): boolean {
  return isFinished(task) || (phaseOf(task) === 'Running' && Boolean(task.status?.podName));
}

function phaseOf(object: KubernetesObject & { readonly status?: { readonly phase?: string } }): string | undefined {
  return object.status?.phase;
}
