import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { ApiAccess, ApiClient } from '#scripts/cluster/api.ts';
import { writeKubeconfig } from '#scripts/cluster/kubeconfig.ts';
import { type Member, openProcessGroup } from '#scripts/cluster/process-group.ts';

/** A Pod as a kubelet would start it, as far as the host is concerned. */
export interface DeployedPod {
  readonly namespace: string;
  readonly name: string;
  readonly spec: {
    readonly serviceAccountName: string;
    readonly containers: readonly [
      {
        readonly args: readonly string[];
        readonly env?: readonly { name: string; value?: string; valueFrom?: { fieldRef?: { fieldPath: string } } }[];
      },
    ];
  };
}

/** The Pod of a Deployment of the cluster, the first of its replicas. */
export async function podOfDeployment(api: ApiClient, namespace: string, name: string): Promise<DeployedPod> {
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;
  const { spec } = (await api.expect('GET', path)) as { spec: { template: { spec: DeployedPod['spec'] } } };
  return { namespace, name: `${name}-0`, spec: spec.template.spec };
}

/** Starts `dist/host.mjs` as a Pod says: with its arguments and its environment, by its ServiceAccount. Its ports are any free ones, on this machine only. */
export type StartDeployed = (pod: DeployedPod) => Promise<Member>;

/** To be called at the top of a test file; everything that was started ends after it. */
export function deployed(access: ApiAccess, api: ApiClient): StartDeployed {
  const directory = mkdtempSync(join(tmpdir(), 'kubeopencode-deployed-'));
  const group = openProcessGroup(directory);
  afterAll(() => group.end());
  let count = 0;
  return async ({ namespace, name, spec }) => {
    count += 1;
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${spec.serviceAccountName}/token`;
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } };
    const { status } = (await api.expect('POST', path, request)) as { status: { token: string } };
    const kubeconfig = writeKubeconfig(directory, `pod-${count}`, { ...access, token: status.token });
    const [container] = spec.containers;
    const fields: Readonly<Record<string, string>> = { 'metadata.namespace': namespace, 'metadata.name': name };
    const env = (container.env ?? []).map(({ name: key, value, valueFrom }) => [
      key,
      value ?? fields[valueFrom?.fieldRef?.fieldPath ?? ''] ?? '',
    ]);
    // A journal of its own would need the folder that the Pod mounts.
    const args = container.args
      .filter((arg) => !arg.startsWith('--journal'))
      .map((arg) => arg.replace(/^(--[a-z-]+-bind-address)=:\d+$/, '$1=127.0.0.1:0'));
    return group.start(`deployed-${count}`, process.execPath, ['dist/host.mjs', '--kubeconfig', kubeconfig, ...args], {
      env: { PATH: process.env.PATH, ...Object.fromEntries(env) },
    });
  };
}
