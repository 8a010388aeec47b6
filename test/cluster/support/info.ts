import { inject } from 'vitest';

/** The suite's control plane, as the global set-up hands it to the tests. */
export interface ClusterInfo {
  readonly server: string;
  /** PEM. */
  readonly certificateAuthority: string;
  /** Of a member of `system:masters`. */
  readonly token: string;
  readonly kubeconfig: string;
  /** Path of kubectl. */
  readonly kubectl: string;
  readonly auditLog: string;
  /** Of the host's ServiceAccount. */
  readonly hostToken: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    cluster: ClusterInfo;
  }
}

/** As host/manifests names it. */
export const HOST_ACCOUNT = { namespace: 'kubeopencode-system', name: 'kubeopencode-controller' } as const;

export function clusterInfo(): ClusterInfo {
  return inject('cluster');
}
