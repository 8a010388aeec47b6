/** Everything that this system ever touches through the API server, by kind: the addresses of the REST calls and the rows of the RBAC. */
export interface Resource {
  /** API group; empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** Plural, lower case, as it stands in the path. */
  readonly plural: string;
  readonly namespaced: boolean;
}

export const RESOURCES = {
  Task: { group: 'kubeopencode.io', version: 'v1alpha1', plural: 'tasks', namespaced: true },
  Agent: { group: 'kubeopencode.io', version: 'v1alpha1', plural: 'agents', namespaced: true },
  AgentTemplate: { group: 'kubeopencode.io', version: 'v1alpha1', plural: 'agenttemplates', namespaced: true },
  KubeOpenCodeConfig: { group: 'kubeopencode.io', version: 'v1alpha1', plural: 'kubeopencodeconfigs', namespaced: false },
  Pod: { group: '', version: 'v1', plural: 'pods', namespaced: true },
  ConfigMap: { group: '', version: 'v1', plural: 'configmaps', namespaced: true },
  Event: { group: 'events.k8s.io', version: 'v1', plural: 'events', namespaced: true },
  Lease: { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true },
} as const satisfies Record<string, Resource>;

export type Kind = keyof typeof RESOURCES;

/** `apiVersion` of a kind, as it stands in manifests. */
export function apiVersionOf(kind: Kind): string {
  const { group, version } = RESOURCES[kind];
  return group === '' ? version : `${group}/${version}`;
}
