/** Kinds that the host watches and keeps in its store. */
export type WatchedKind = 'Task' | 'Pod' | 'Agent' | 'AgentTemplate' | 'KubeOpenCodeConfig';

/**
 * What of each watched kind the core reads. The host's store keeps these paths and drops the rest; a change elsewhere causes no decision.
 * A path is field names joined by `.` and keeps the last field with all below it. Behind a field, `[]` goes into each item of a list, and `[text]` into
 * the key `text` of a map (for keys with dots), or with `[text*]` into each key that begins with it. A map of which nothing is kept is left out.
 */
export const PROJECTIONS: Readonly<Record<WatchedKind, readonly string[]>> = {
  Task: whole(),
  Pod: [
    ...metadata(['generation']),
    'metadata.labels[kubeopencode.io/*]',
    'metadata.annotations[kubeopencode.io/*]',
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
    ...fields('status.conditions[]', ['type', 'status', 'reason', 'message', 'lastTransitionTime', 'observedGeneration']),
    'status.initContainerStatuses[].name',
    ...containerState('status.initContainerStatuses[].state'),
    'status.containerStatuses[].name',
    'status.containerStatuses[].image',
    ...containerState('status.containerStatuses[].state'),
    ...containerState('status.containerStatuses[].lastState'),
  ],
  Agent: whole(),
  AgentTemplate: whole(),
  KubeOpenCodeConfig: whole(),
};

/** Kinds of our own: all but what the API server and `kubectl apply` keep for themselves (managedFields, the last applied manifest). */
function whole(): string[] {
  return ['apiVersion', 'kind', ...metadata(['labels', 'generation']), 'metadata.annotations[kubeopencode.io/*]', 'spec', 'status'];
}

/** Of a container's end not the containerID: it is long, unlike any other, and tells nothing. */
function containerState(path: string): string[] {
  return [
    ...fields(path, ['waiting', 'running']),
    ...fields(`${path}.terminated`, ['exitCode', 'signal', 'reason', 'message', 'startedAt', 'finishedAt']),
  ];
}

function fields(path: string, names: readonly string[]): string[] {
  return names.map((name) => `${path}.${name}`);
}

function metadata(more: readonly string[]): string[] {
  return fields('metadata', [
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
  ]);
}
