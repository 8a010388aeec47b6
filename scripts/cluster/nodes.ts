import type { ApiClient } from './api.ts';
import type { Report } from './binaries.ts';

/** Nodes that kwok looks after, without a taint, so that any Pod runs there. */
export async function createFakeNodes(api: ApiClient, count: number): Promise<void> {
  for (let number = 1; number <= count; number++) {
    const name = `fake-${number}`;
    const resources = { cpu: '64', memory: '512Gi', pods: '1000' };
    await api.expect('POST', '/api/v1/nodes', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name,
        annotations: { 'kwok.x-k8s.io/node': 'fake' },
        labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' },
      },
      status: { capacity: resources, allocatable: resources },
    });
  }
}

const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
const NAME = 'sim.kubeopencode.io';

/**
 * `sim.kubeopencode.io/outcome: unschedulable`: a node is chosen by the real scheduler, before kwok sees the Pod. So the API server adds a node selector
 * that no node fits. Servers without MutatingAdmissionPolicy (before 1.36) can't.
 */
export async function installUnschedulableOutcome(api: ApiClient, report: Report): Promise<void> {
  const policy = await api.call('POST', `${ADMISSION}/mutatingadmissionpolicies`, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicy',
    metadata: { name: NAME },
    spec: {
      matchConstraints: {
        objectSelector: { matchLabels: { 'sim.kubeopencode.io/outcome': 'unschedulable' } },
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      },
      failurePolicy: 'Fail',
      reinvocationPolicy: 'Never',
      mutations: [
        {
          patchType: 'JSONPatch',
          jsonPatch: { expression: '[JSONPatch{op: "add", path: "/spec/nodeSelector", value: {"sim.kubeopencode.io/node": "none"}}]' },
        },
      ],
    },
  });
  if (policy.code === 404) {
    report('this API server has no MutatingAdmissionPolicy: Pods with the outcome "unschedulable" are scheduled all the same');
    return;
  }
  if (policy.code !== 201)
    throw new Error(`installing the outcome "unschedulable": the API server answered ${policy.code}: ${policy.text.slice(0, 500)}`);
  await api.expect('POST', `${ADMISSION}/mutatingadmissionpolicybindings`, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicyBinding',
    metadata: { name: NAME },
    spec: { policyName: NAME },
  });
}
