import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll } from 'vitest';
import type { Cluster } from '#host/cluster/cluster.ts';
import { createRestCluster, type RestCluster } from '#host/cluster/rest/rest-cluster.ts';
import { realClock } from '#host/real-clock.ts';
import { type ApiClient, apiClient } from '#scripts/cluster/api.ts';
import { type ClusterInfo, clusterInfo } from './info.ts';

const execFileAsync = promisify(execFile);

/** The suite's cluster as an administrator sees it. */
export interface Kube {
  /** The host's own client. */
  readonly cluster: Cluster;
  /** For what the host never touches (Namespaces, quotas, …). */
  readonly api: ApiClient;
  /** Creates a namespace that nobody else uses; gone after the file's tests. */
  namespace(): Promise<string>;
  /** Runs kubectl; `input` is its stdin. Rejects with its stderr when it fails. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
}

let count = 0;

type Access = Pick<ClusterInfo, 'server' | 'certificateAuthority' | 'token' | 'kubeconfig' | 'kubectl'>;

/** Opens a cluster (default: the suite's) for one test file; closed, and its namespaces deleted, after the file's last test. */
export async function openKube(info: Access = clusterInfo()): Promise<Kube> {
  const cluster: RestCluster = await createRestCluster({ clock: realClock, kubeconfig: info.kubeconfig });
  const api = apiClient(info);
  const namespaces: string[] = [];
  afterAll(async () => {
    await Promise.all(namespaces.map((name) => api.call('DELETE', `/api/v1/namespaces/${name}`)));
    await Promise.all([cluster.close(), api.close()]);
  });
  return {
    cluster,
    api,
    async namespace() {
      count += 1;
      const name = `test-${process.pid}-${count}`;
      namespaces.push(name);
      await api.expect('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
      await serviceAccountOf(api, name);
      return name;
    },
    kubectl: (args, input) => kubectl(info, args, input),
  };
}

/** Pods are refused until the controller manager has made the namespace's ServiceAccount. */
async function serviceAccountOf(api: ApiClient, namespace: string): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if ((await api.call('GET', `/api/v1/namespaces/${namespace}/serviceaccounts/default`)).code === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`waiting for the ServiceAccount default of ${namespace}: expected it within 10 s, it did not come`);
}

async function kubectl(info: Access, args: readonly string[], input?: string): Promise<string> {
  const running = execFileAsync(info.kubectl, ['--kubeconfig', info.kubeconfig, ...args], { timeout: 60_000, maxBuffer: 64 << 20 });
  running.child.stdin?.end(input ?? '');
  const { stdout } = await running;
  return stdout;
}
