import { parseAllDocuments } from 'yaml';
import type { Pod } from '#core/api/kubernetes.ts';
import { ROOT } from '#scripts/build/paths.ts';
import { HOST_ACCOUNT } from '../support/info.ts';
import type { Kube } from '../support/kube.ts';
import { podAt } from '../support/objects.ts';
import { until } from '../support/watch.ts';

const TIMEOUT_MS = 180_000;

interface Deployment {
  readonly kind: 'Deployment';
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: { readonly containers: readonly { readonly image: string; readonly args: readonly string[] }[] };
    };
  };
}

/**
 * Runs the host as the Pod that `kubectl apply -k host/manifests` would bring (this control plane has no controller of Deployments), for one namespace: another host
 * works in the rest of the suite. Waits until it is ready, which is when it has listed all that it watches.
 */
export async function startHostPod({ cluster, api, kubectl }: Kube, image: string, namespace: string): Promise<void> {
  const manifests = parseAllDocuments(await kubectl(['kustomize', `${ROOT}host/manifests`])).map((document): unknown => document.toJS());
  const deployment = manifests.find(isDeployment);
  const container = deployment?.spec.template.spec.containers[0];
  if (deployment === undefined || container === undefined)
    throw new Error('reading host/manifests: expected a Deployment with a container');
  const { metadata, spec } = deployment.spec.template;
  const ofTheNode = { ...container, image, args: [...container.args, `--namespace=${namespace}`] };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: HOST_ACCOUNT.name, namespace: HOST_ACCOUNT.namespace, labels: metadata.labels },
    spec: { ...spec, containers: [ofTheNode] },
  };
  await api.expect('POST', `/api/v1/namespaces/${HOST_ACCOUNT.namespace}/pods`, pod);
  try {
    await until<Pod>(cluster, podAt(HOST_ACCOUNT.namespace, HOST_ACCOUNT.name), 'to be ready', isReady, TIMEOUT_MS);
  } catch (cause) {
    const log = await kubectl(['-n', HOST_ACCOUNT.namespace, 'logs', HOST_ACCOUNT.name]).catch(String);
    throw new Error(`starting the host as a Pod: it is not ready; its log:\n${log}`, { cause });
  }
}

function isDeployment(object: unknown): object is Deployment {
  return typeof object === 'object' && object !== null && 'kind' in object && object.kind === 'Deployment';
}

/** Whether a Pod answers its probes. */
export function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}
