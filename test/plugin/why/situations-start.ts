import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { podQuota } from '#host/cluster/memory/admission.ts';
import { NAMESPACE, task } from '#test/support/builders.ts';
import {
  aConfigMap,
  aLease,
  anAgent,
  anAgentTask,
  aTask,
  aTemplate,
  outcome,
  put,
  refusesPods,
  type Situation,
  stop,
  stored,
  together,
} from './steps.ts';

const guide = { name: 'guide', type: 'ConfigMap', configMap: { name: 'guide', key: 'style.md' } } as const;

/** Tasks that have not started. */
export const STARTS: Readonly<Record<string, Situation>> = {
  'queued-first': {
    about: 'second',
    steps: [anAgent({ maxConcurrentTasks: 1, ...outcome('never') }), anAgentTask('first', { timeout: '30m' }), anAgentTask('second')],
  },
  'queued-behind-two': {
    about: 'fourth',
    steps: [
      anAgent({ maxConcurrentTasks: 1, ...outcome('never') }),
      anAgentTask('first'),
      anAgentTask('second'),
      anAgentTask('third'),
      anAgentTask('fourth'),
    ],
  },
  'queued-with-priority': {
    about: 'plain',
    steps: [
      anAgent({ maxConcurrentTasks: 1, ...outcome('never') }),
      anAgentTask('first'),
      together(anAgentTask('plain'), anAgentTask('urgent', { priority: 5 }), anAgentTask('later', { priority: -5 })),
    ],
  },
  'agent-missing': { about: 'fix-bug', steps: [anAgentTask()] },
  'agent-missing-for-good': { about: 'fix-bug', steps: [anAgentTask()], passesMs: 90_000 },
  'template-misspelt': { about: 'fix-bug', steps: [aTemplate(), aTask({ spec: { templateRef: { name: 'codre' } } })] },
  'agent-of-a-missing-template': { about: 'fix-bug', steps: [anAgent({ templateRef: { name: 'base' } }), anAgentTask()] },
  'agent-suspended': { about: 'fix-bug', steps: [anAgent({ suspend: true }), anAgentTask()] },
  'agent-unusable': { about: 'fix-bug', steps: [anAgent({ serviceAccountName: '' }), anAgentTask()] },
  'server-not-ready': { about: 'fix-bug', steps: [anAgent({ execution: 'Attach' }, { url: 'http://coder:4096' }), anAgentTask()] },
  'quota-used-up': {
    about: 'second',
    steps: [anAgent({ quota: { maxTaskStarts: 1, windowSeconds: 3600 } }), anAgentTask('first'), anAgentTask('second')],
  },
  'quota-of-a-template-behind-one': {
    about: 'third',
    steps: [
      aTemplate({ quota: { maxTaskStarts: 1, windowSeconds: 3600 } }),
      anAgent({ templateRef: { name: 'coder' } }),
      anAgentTask('first'),
      anAgentTask('second'),
      anAgentTask('third'),
    ],
  },
  'limit-and-quota': {
    about: 'second',
    steps: [
      anAgent({ maxConcurrentTasks: 1, quota: { maxTaskStarts: 1, windowSeconds: 3600 }, ...outcome('never') }),
      anAgentTask('first'),
      anAgentTask('second'),
    ],
  },
  'refused-by-quota': {
    about: 'second',
    world: { admission: [podQuota(1)] },
    steps: [aTemplate(outcome('never')), aTask({ name: 'first' }), aTask({ name: 'second' })],
    passesMs: 60_000,
  },
  'service-account-missing': {
    about: 'fix-bug',
    world: { admission: [refusesPods('error looking up service account team-a/agent: serviceaccount "agent" not found')] },
    steps: [aTemplate(), aTask()],
  },
  'webhook-denies': {
    about: 'fix-bug',
    world: { admission: [refusesPods('admission webhook "images.example.com" denied the request: image is not signed')] },
    steps: [aTemplate(), aTask()],
  },
  'pod-security': {
    about: 'fix-bug',
    world: { admission: [refusesPods('violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false')] },
    steps: [aTemplate(), aTask()],
  },
  'name-taken': {
    about: 'fix-bug',
    steps: [
      aTemplate(),
      put('Pod', {
        metadata: { name: 'fix-bug-pod', namespace: NAMESPACE },
        spec: { containers: [{ name: 'x', image: 'x' }] },
      } as KubernetesObject),
      aTask(),
    ],
  },
  'invalid-spec': { about: 'fix-bug', steps: [aTemplate(), stored('Task', task({ spec: { timeout: '1 hour' } }))] },
  'two-references': { about: 'fix-bug', steps: [aTemplate(), anAgent(), stored('Task', task({ spec: { agentRef: { name: 'coder' } } }))] },
  suspended: { about: 'fix-bug', steps: [aTemplate(), aTask({ spec: { suspend: true } })] },
  'suspended-and-no-place-free': {
    about: 'held',
    steps: [anAgent({ maxConcurrentTasks: 1, ...outcome('never') }), anAgentTask('first'), anAgentTask('held', { suspend: true })],
  },
  'context-missing': { about: 'fix-bug', steps: [aTemplate(), aTask({ spec: { contexts: [guide] } })] },
  'context-key-missing': {
    about: 'fix-bug',
    steps: [aTemplate(), aConfigMap('guide', { 'other.md': 'x' }), aTask({ spec: { contexts: [guide] } })],
  },
  'config-unusable': {
    about: 'fix-bug',
    steps: [
      stored('KubeOpenCodeConfig', { metadata: { name: 'cluster' }, spec: { clusterDomain: 5 } } as KubernetesObject),
      aTemplate(),
      aTask(),
    ],
  },
  'managed-by-another': { about: 'fix-bug', steps: [aTemplate(), aTask({ spec: { managedBy: 'example.com/other' } })] },
  'no-controller': { about: 'fix-bug', steps: [], alone: { forMs: 60_000, steps: [aTemplate(), aTask()] } },
  'controller-gone': {
    about: 'fix-bug',
    steps: [aLease('host-1', '2026-01-01T00:00:05.000000Z')],
    alone: { forMs: 300_000, steps: [aTemplate(), aTask()] },
  },
  'stopped-before-the-controller-came': {
    about: 'fix-bug',
    steps: [aLease('host-1', '2026-01-01T00:00:50.000000Z')],
    alone: { forMs: 50_000, steps: [aTemplate(), aTask(), stop()] },
  },
};
