import { createRestCluster, type RestCluster } from '#host/cluster/rest/rest-cluster.ts';
import { realClock } from '#host/real-clock.ts';
import type { ClusterFlags } from '../flags.ts';
import type { Io } from '../io.ts';
import type { Reached } from './failure.ts';
import { targetOptions, targetWords } from './target.ts';
import { createTrace } from './trace.ts';

export type ReachedCluster = RestCluster & Required<Reached>;

export interface OpenCluster {
  readonly cluster: ReachedCluster;
  /** `-n`, else that of the context. */
  readonly namespace: string;
}

/** The cluster that kubectl would talk to; to be closed. Rejects with an error that says what to change where there is no usable kubeconfig. */
export async function openCluster(flags: ClusterFlags, io: Pick<Io, 'err'>): Promise<ReachedCluster> {
  const trace = createTrace(flags.v ?? 0, io.err);
  const cluster = await createRestCluster({
    ...targetOptions(flags),
    clock: realClock,
    userAgent: 'kubectl-opencode',
    // As kubectl: what older CRDs do not know is an error, and not as if it had never been said.
    fieldValidation: 'Strict',
    ...(trace === undefined ? {} : { onExchange: trace }),
  });
  if (trace !== undefined) io.err(`context "${cluster.context}" of the kubeconfig: API server ${cluster.server}\n`);
  return Object.assign(cluster, { access: targetWords(flags) });
}

/** Works with that cluster, and lets its connections go. Rejects as `openCluster` does. */
export async function withCluster<T>(flags: ClusterFlags, io: Pick<Io, 'err'>, work: (open: OpenCluster) => Promise<T>): Promise<T> {
  const cluster = await openCluster(flags, io);
  try {
    return await work({ cluster, namespace: flags.namespace || cluster.namespace });
  } finally {
    await cluster.close();
  }
}
