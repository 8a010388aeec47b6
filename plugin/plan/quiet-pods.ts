import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import type { Faults } from '#host/cluster/memory/faults.ts';

/** What every container waits for on its way. */
const ON_THE_WAY = ['ContainerCreating', 'PodInitializing'];

/**
 * Keeps from the controller what a Pod goes through before its agent runs, as long as nothing is amiss: a node, a sandbox, one init container after the
 * other. A controller may miss any event of a watch, for the next one tells the whole object, and the core has nothing to do about these; of a plan of many
 * Tasks they are a third of the decisions.
 */
export function quietPods(): Pick<Faults, 'onDelivery'> {
  const told = new Map<string, string>();
  return {
    onDelivery: ({ kind }, event) => {
      if (kind !== 'Pod' || event.type === 'BOOKMARK' || event.type === 'ERROR') return undefined;
      const pod = event.object as Pod;
      const { uid = '' } = pod.metadata;
      const before = told.get(uid);
      const now = isOnTheWay(pod) ? essenceOf(pod) : undefined;
      if (event.type === 'MODIFIED' && now !== undefined && now === before) return { type: 'Drop' };
      if (now === undefined || event.type === 'DELETED') told.delete(uid);
      else told.set(uid, now);
      return undefined;
    },
  };
}

function isOnTheWay({ status }: Pod): boolean {
  const waits = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].flatMap(
    ({ state }) => state?.waiting?.reason ?? [],
  );
  const isRefused = status?.conditions?.some(({ type, status: is }) => type === 'PodScheduled' && is === 'False') === true;
  return (
    (status?.phase ?? 'Pending') === 'Pending' &&
    status?.reason === undefined &&
    !isRefused &&
    waits.every((reason) => ON_THE_WAY.includes(reason))
  );
}

/** All of it that others write: not the status, the node and the version. */
function essenceOf({ metadata, spec }: KubernetesObject & Pick<Pod, 'spec'>): string {
  const { resourceVersion: _, generation: __, ...kept } = metadata as KubernetesObject['metadata'] & { readonly generation?: number };
  const { nodeName: ___, ...wanted } = spec;
  return JSON.stringify([kept, wanted]);
}
