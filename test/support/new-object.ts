import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { apiVersionOf, type Kind } from '#core/contract/kinds.ts';

/** An object as somebody would create it: without what only the API server gives. */
export function newObject(kind: Kind, object: KubernetesObject): KubernetesObject & { readonly kind: Kind } {
  const { uid: _, resourceVersion: __, creationTimestamp: ___, generation: ____, ...metadata } = object.metadata;
  return { ...object, apiVersion: apiVersionOf(kind), kind, metadata };
}
