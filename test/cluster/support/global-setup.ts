import type { TestProject } from 'vitest/node';
import { buildIfStale } from '#scripts/build.ts';
import { findBinaries } from '#scripts/cluster/binaries.ts';
import { CLUSTER_COMPONENTS } from '#scripts/cluster/components.ts';
import { startControlPlane } from '#scripts/cluster/control-plane.ts';
import { applyManifests, CRDS, HOST_RBAC } from '#scripts/cluster/manifests.ts';
import { type ClusterInfo, HOST_ACCOUNT } from './info.ts';

/** One control plane for the whole suite, with the CRDs and the host's RBAC as they are deployed. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await buildIfStale();
  const binaries = await findBinaries(CLUSTER_COMPONENTS, report);
  const cluster = await startControlPlane({ binaries, report, crds: CRDS });
  try {
    await applyManifests(binaries.kubectl, cluster.kubeconfig, HOST_RBAC);
    const info: ClusterInfo = {
      ...cluster.access,
      etcd: cluster.etcd,
      kubeconfig: cluster.kubeconfig,
      kubectl: binaries.kubectl,
      auditLog: cluster.auditLog,
      hostToken: await tokenOf(cluster),
    };
    project.provide('cluster', info);
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return () => cluster.stop();
}

/** A token of the host's own ServiceAccount, from the API server as a kubelet would ask for it. */
async function tokenOf({ api }: Pick<Awaited<ReturnType<typeof startControlPlane>>, 'api'>): Promise<string> {
  const path = `/api/v1/namespaces/${HOST_ACCOUNT.namespace}/serviceaccounts/${HOST_ACCOUNT.name}/token`;
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 7200 } };
  const { status } = (await api.expect('POST', path, request)) as { status: { token: string } };
  return status.token;
}

function report(line: string): void {
  console.error(`cluster: ${line}`);
}
