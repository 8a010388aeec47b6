import { createRestCluster, type RestCluster } from '#host/cluster/rest/rest-cluster.ts';
import { realClock } from '#host/real-clock.ts';
import { type ClusterFlags, durationMs } from '../flags.ts';

export interface OpenCluster {
  readonly cluster: RestCluster;
  /** `-n`, else that of the context. */
  readonly namespace: string;
}

/** Works with the cluster that kubectl would talk to, and lets its connections go. Rejects with an error that says what to change where there is no usable kubeconfig. */
export async function withCluster<T>(flags: ClusterFlags, work: (open: OpenCluster) => Promise<T>): Promise<T> {
  const { kubeconfig, context, requestTimeout } = flags;
  const cluster = await createRestCluster({
    clock: realClock,
    userAgent: 'kubectl-opencode',
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
    ...(requestTimeout === undefined || requestTimeout === '0' ? {} : { requestTimeoutMs: durationMs(requestTimeout) }),
  });
  try {
    return await work({ cluster, namespace: flags.namespace ?? cluster.namespace });
  } finally {
    await cluster.close();
  }
}
