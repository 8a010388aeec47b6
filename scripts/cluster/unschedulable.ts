import type { ApiClient } from './api.ts';
import type { Report } from './binaries.ts';

const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
const API_VERSION = 'admissionregistration.k8s.io/v1';
const NAME = 'sim.kubeopencode.io';

/**
 * `sim.kubeopencode.io/outcome: unschedulable`: a node is chosen by the real scheduler, before kwok sees the Pod. So the API server adds a node selector
 * that no node fits. Servers without MutatingAdmissionPolicy (before 1.36) can't; that is said.
 */
export async function installUnschedulableOutcome(api: ApiClient, report: Report): Promise<void> {
  const expression = '[JSONPatch{op: "add", path: "/spec/nodeSelector", value: {"sim.kubeopencode.io/node": "none"}}]';
  const policy = await api.call('POST', `${ADMISSION}/mutatingadmissionpolicies`, {
    apiVersion: API_VERSION,
    kind: 'MutatingAdmissionPolicy',
    metadata: { name: NAME },
    spec: {
      matchConstraints: {
        objectSelector: { matchLabels: { 'sim.kubeopencode.io/outcome': 'unschedulable' } },
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      },
      failurePolicy: 'Fail',
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression } }],
    },
  });
  if (policy.code === 404) {
    report('this API server has no MutatingAdmissionPolicy: Pods with the outcome "unschedulable" are scheduled all the same');
    return;
  }
  if (policy.code !== 201) throw new Error(`installing the policy ${NAME}: expected 201, got ${policy.code}: ${policy.text.slice(0, 500)}`);
  const binding = { apiVersion: API_VERSION, kind: 'MutatingAdmissionPolicyBinding', metadata: { name: NAME }, spec: { policyName: NAME } };
  await api.expect('POST', `${ADMISSION}/mutatingadmissionpolicybindings`, binding);
}
