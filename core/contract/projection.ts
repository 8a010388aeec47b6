/**
 * What of each watched kind the core reads. The host's store keeps these paths and drops the rest; a change elsewhere causes no decision.
 * A path names a field and all below it; `[]` goes into each item of a list; `*` stands for each key of a map that begins with the text before it.
 */
export const PROJECTIONS: Readonly<Record<'Task' | 'Pod', readonly string[]>> = {
  Task: ['apiVersion', 'kind', ...metadata(['labels', 'generation']), 'metadata.annotations.kubeopencode.io/*', 'spec', 'status'],
  Pod: [
    ...metadata(['generation']),
    'metadata.labels.kubeopencode.io/*',
    'metadata.annotations.kubeopencode.io/*',
    'spec.nodeName',
    'spec.activeDeadlineSeconds',
    'spec.terminationGracePeriodSeconds',
    'spec.containers[].name',
    'spec.containers[].image',
    'spec.containers[].resources.limits',
    'spec.initContainers[].name',
    'spec.initContainers[].restartPolicy',
    'status.phase',
    'status.reason',
    'status.message',
    'status.observedGeneration',
    'status.startTime',
    'status.conditions',
    'status.initContainerStatuses[].name',
    'status.initContainerStatuses[].state',
    'status.containerStatuses[].name',
    'status.containerStatuses[].image',
    'status.containerStatuses[].state',
    'status.containerStatuses[].lastState',
  ],
};

function metadata(more: readonly string[]): string[] {
  return [
    'name',
    'namespace',
    'uid',
    'resourceVersion',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'finalizers',
    'ownerReferences',
    ...more,
  ].map((field) => `metadata.${field}`);
}
