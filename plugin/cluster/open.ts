import { createRestCluster, type RestCluster } from '#host/cluster/rest/rest-cluster.ts';
import { realClock } from '#host/real-clock.ts';
import { type ClusterFlags, durationMs } from '../flags.ts';

export interface OpenCluster {
  readonly cluster: RestCluster;
  /** `-n`, else that of the context. */
  readonly namespace: string;
}

/** The cluster that kubectl would talk to; to be closed. Rejects with an error that says what to change where there is no usable kubeconfig. */
export function openCluster({ kubeconfig, context, requestTimeout }: ClusterFlags): Promise<RestCluster> {
  return createRestCluster({
    clock: realClock,
    userAgent: 'kubectl-opencode',
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
    ...(requestTimeout === undefined || requestTimeout === '0' ? {} : { requestTimeoutMs: durationMs(requestTimeout) }),
  });
}

/** Works with that cluster, and lets its connections go. Rejects as `openCluster` does. */
export async function withCluster<T>(flags: ClusterFlags, work: (open: OpenCluster) => Promise<T>): Promise<T> {
  const cluster = await openCluster(flags);
  try {
    return await work({ cluster, namespace: flags.namespace ?? cluster.namespace });
  } finally {
    await cluster.close();
  }
}
