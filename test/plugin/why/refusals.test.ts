import { expect, test } from 'vitest';
import type { Reach } from '#plugin/contract/why-changes.ts';
import { play } from './play.ts';
import { aTask, aTemplate, refusesPods } from './steps.ts';

const K = 'kubectl -n team-a';

/** What the API server’s own plugins say (Kubernetes 1.33), behind `pods "fix-bug-pod" is forbidden: `, and what is told to lift it. */
test.each<[text: string, reach: Reach, change: string, told: { command?: string; look?: string }]>([
  [
    'exceeded quota: few, requested: count/pods=1,pods=1, used: count/pods=4,pods=9, limited: count/pods=4,pods=9',
    'Cluster',
    'ResourceQuota few has room for this Pod (count/pods: 5, pods: 10)',
    { command: `${K} patch resourcequota few --type merge -p '{"spec":{"hard":{"count/pods":"5","pods":"10"}}}'` },
  ],
  [
    'exceeded quota: memory, requested: limits.memory=4Gi, used: limits.memory=2Gi, limited: limits.memory=4Gi',
    'Cluster',
    'ResourceQuota memory has room for this Pod',
    { look: `${K} describe resourcequota memory` },
  ],
  [
    'failed quota: compute: must specify limits.cpu for: agent; limits.memory for: agent',
    'Cluster',
    'the Pod’s containers say limits.cpu, as ResourceQuota compute demands',
    { look: `${K} describe resourcequota compute` },
  ],
  [
    '[maximum memory usage per Container is 1Gi, but limit is 4Gi, maximum cpu usage per Container is 1, but limit is 2]',
    'Cluster',
    'the LimitRange allows what the Pod asks for (now maximum memory per Container: 1Gi)',
    { look: `${K} describe limitrange` },
  ],
  [
    'error looking up service account team-a/agent: serviceaccount "agent" not found',
    'NewObject',
    'ServiceAccount agent is there',
    { command: `${K} create serviceaccount agent` },
  ],
  [
    'no PriorityClass with name high was found',
    'Cluster',
    'PriorityClass high is there',
    { command: `kubectl create priorityclass high --value=0` },
  ],
  [
    'admission webhook "images.example.com" denied the request: image is not signed',
    'Cluster',
    'admission webhook images.example.com lets the object pass',
    { look: `kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations` },
  ],
  [
    'Internal error occurred: failed calling webhook "images.example.com": failed to call webhook: Post "https://x.y.svc:443/": connection refused',
    'Cluster',
    'admission webhook images.example.com answers',
    { look: `kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations` },
  ],
  [
    "ValidatingAdmissionPolicy 'signed' with binding 'signed-all' denied request: expression false",
    'Cluster',
    'ValidatingAdmissionPolicy signed lets the object pass',
    { look: `kubectl get validatingadmissionpolicy/signed validatingadmissionpolicybinding/signed-all -o yaml` },
  ],
  [
    'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
    'Cluster',
    'the namespace takes Pods of level baseline (PodSecurity, now restricted)',
    { command: `kubectl label namespace team-a --overwrite pod-security.kubernetes.io/enforce=baseline` },
  ],
  [
    'unable to create new content in namespace team-a because it is being terminated',
    'Cluster',
    'the namespace, which is being deleted, is made anew',
    { look: `kubectl get namespace team-a -o yaml` },
  ],
  [
    'User "system:serviceaccount:kubeopencode-system:kubeopencode-controller" cannot create resource "pods" in API group "" in the namespace "team-a"',
    'Cluster',
    'the controller (system:serviceaccount:kubeopencode-system:kubeopencode-controller) may create pods',
    { look: `${K} auth can-i create pods --as system:serviceaccount:kubeopencode-system:kubeopencode-controller` },
  ],
  ['something that nobody foresaw', 'Cluster', 'the API server accepts the next try', {}],
])('%s', async (text, reach, change, told) => {
  const { why, end } = await play({ about: 'fix-bug', world: { admission: [refusesPods(text)] }, steps: [aTemplate(), aTask()] });
  const { changes, refusal } = await why();
  end();
  expect(refusal?.message).toContain(text);
  const { command, look } = told;
  expect(changes).toEqual([
    {
      kind: 'Refusal',
      change,
      reach,
      ...(command === undefined ? {} : { command }),
      ...(look === undefined ? {} : { look }),
      goesOn: true,
      leadsTo: 'creates pod fix-bug-pod',
    },
  ]);
});
