import type { Pod } from '#core/api/kubernetes.ts';
import { POD_FINALIZER } from '#core/contract/names.ts';
import type { Address, Cluster, ClusterError } from '../cluster/cluster.ts';

/** What came of letting go of a Pod. `Gone`: it is not there any more, or its name is another's. */
export type LetGo = { readonly type: 'Released' | 'Gone' } | { readonly type: 'Failed'; readonly error: ClusterError };

/** Takes our finalizer off a Pod, and no other. Nothing of its end is recorded: for when no controller will come back. */
export async function letGo(cluster: Pick<Cluster, 'patch'>, { metadata }: Pod, signal?: AbortSignal): Promise<LetGo> {
  const address: Address = { kind: 'Pod', namespace: metadata.namespace ?? '', name: metadata.name };
  const patch = { metadata: { uid: metadata.uid, '$deleteFromPrimitiveList/finalizers': [POD_FINALIZER] } };
  const result = await cluster.patch(address, patch, { patchType: 'strategic', answer: 'Metadata' }, signal);
  if (result.ok) return { type: 'Released' };
  const { error } = result;
  const isGone = error.type === 'Refused' && error.code === 404;
  const isOther = error.type === 'Refused' && (error.code === 409 || error.code === 422) && /\buid\b/i.test(error.message);
  return isGone || isOther ? { type: 'Gone' } : { type: 'Failed', error };
}
