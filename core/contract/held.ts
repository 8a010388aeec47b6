import type { KubernetesObject } from '../api/kubernetes.ts';
import { POD_FINALIZER } from './names.ts';

/** Whether our finalizer holds a Pod. */
export function isHeld({ metadata }: KubernetesObject): boolean {
  return metadata.finalizers?.includes(POD_FINALIZER) === true;
}
