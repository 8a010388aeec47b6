import { findBinaries } from '#scripts/cluster/binaries.ts';
import { CLUSTER_COMPONENTS } from '#scripts/cluster/components.ts';
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from '#scripts/cluster/control-plane.ts';
import { applyManifests, CRDS, HOST_RBAC } from '#scripts/cluster/manifests.ts';
import { type ClusterInfo, HOST_ACCOUNT } from './info.ts';

/** A control plane with what `kubectl apply -k host/manifests` brings, but the Deployment. */
export async function startInstalled(
  options: Partial<ControlPlaneOptions> = {},
): Promise<{ readonly info: ClusterInfo; readonly controlPlane: ControlPlane }> {
  const binaries = await findBinaries(CLUSTER_COMPONENTS, report);
  const controlPlane = await startControlPlane({ binaries, report, crds: CRDS, ...options });
  try {
    await applyManifests(binaries.kubectl, controlPlane.kubeconfig, HOST_RBAC);
    const info: ClusterInfo = {
      ...controlPlane.access,
      kubeconfig: controlPlane.kubeconfig,
      kubectl: binaries.kubectl,
      auditLog: controlPlane.auditLog,
      hostToken: await tokenOf(controlPlane),
    };
    return { info, controlPlane };
  } catch (error) {
    await controlPlane.stop();
    throw error;
  }
}

/** A token of the host's own ServiceAccount, from the API server as a kubelet would ask for it. */
async function tokenOf({ api }: ControlPlane): Promise<string> {
  const path = `/api/v1/namespaces/${HOST_ACCOUNT.namespace}/serviceaccounts/${HOST_ACCOUNT.name}/token`;
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 7200 } };
  const { status } = (await api.expect('POST', path, request)) as { status: { token: string } };
  return status.token;
}

function report(line: string): void {
  console.error(`cluster: ${line}`);
}
