import type { Agent } from '#core/api/agent.ts';
import type { AgentTemplate } from '#core/api/agent-template.ts';
import type { ConfigMap, KubernetesObject } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import type { Kind } from '#core/contract/kinds.ts';
import { podQuota } from '#host/cluster/memory/admission.ts';
import type { World, WorldOptions } from '#host/cluster/memory/world.ts';
import { agent, agentTask, NAMESPACE, task, template } from '#test/support/builders.ts';
import { newObject } from '#test/support/new-object.ts';

/** A cluster in memory on which the real controller works, and the Task that is asked about. */
export interface Situation {
  readonly about: string;
  readonly world?: WorldOptions;
  /** Called with the controller running; between two of the steps the time given passes. */
  readonly steps: readonly ((world: World) => void)[];
  /** Between the steps and behind the last, in milliseconds. Default 10 s. */
  readonly passesMs?: number;
}

const put =
  (kind: Kind, object: KubernetesObject) =>
  (world: World): void =>
    void world.apply(newObject(kind, object));
const template_ = (spec: Partial<AgentTemplate['spec']> = {}) => put('AgentTemplate', template(spec));
const agent_ = (spec: Partial<Agent['spec']> = {}, status?: Agent['status']) => put('Agent', agent(spec, status));
const task_ = (options: Parameters<typeof task>[0] = {}) => put('Task', task(options));
const agentTask_ = (name: string, spec: Partial<Task['spec']> = {}) => put('Task', agentTask({ name, spec }));
const outcome = (value: string) => ({ podSpec: { labels: { 'sim.kubeopencode.io/outcome': value } } });
const configMap = (name: string, data: NonNullable<ConfigMap['data']>) =>
  put('ConfigMap', { metadata: { name, namespace: NAMESPACE }, data } as KubernetesObject);
const guide = { name: 'guide', type: 'ConfigMap', configMap: { name: 'guide', key: 'style.md' } } as const;
const annotate =
  (annotations: Readonly<Record<string, string>>) =>
  (world: World): void =>
    void world.server.patch({ kind: 'Task', namespace: NAMESPACE, name: 'fix-bug' }, { metadata: { annotations } }, { patchType: 'merge' });
const together =
  (...steps: readonly ((world: World) => void)[]) =>
  (world: World): void => {
    for (const step of steps) step(world);
  };

export const SITUATIONS: Readonly<Record<string, Situation>> = {
  running: { about: 'fix-bug', steps: [template_(outcome('never')), task_({ spec: { timeout: '1h' } })] },
  'queued-behind-two': {
    about: 'fourth',
    steps: [
      agent_({ maxConcurrentTasks: 1, ...outcome('never') }),
      agentTask_('first'),
      agentTask_('second'),
      agentTask_('third'),
      agentTask_('fourth'),
    ],
  },
  'queued-with-priority': {
    about: 'plain',
    steps: [
      agent_({ maxConcurrentTasks: 1, ...outcome('never') }),
      agentTask_('first'),
      together(agentTask_('plain'), agentTask_('urgent', { priority: 5 }), agentTask_('later', { priority: -5 })),
    ],
  },
  'agent-missing': { about: 'fix-bug', steps: [put('Task', agentTask())] },
  'agent-of-a-missing-template': { about: 'fix-bug', steps: [agent_({ templateRef: { name: 'base' } }), put('Task', agentTask())] },
  'agent-suspended': { about: 'fix-bug', steps: [agent_({ suspend: true }), put('Task', agentTask())] },
  'server-not-ready': {
    about: 'fix-bug',
    steps: [agent_({ execution: 'Attach' }, { url: 'http://coder:4096' }), put('Task', agentTask())],
  },
  'quota-used-up': {
    about: 'second',
    steps: [agent_({ quota: { maxTaskStarts: 1, windowSeconds: 3600 } }), agentTask_('first'), agentTask_('second')],
  },
  'refused-by-quota': {
    about: 'second',
    world: { admission: [podQuota(1)] },
    steps: [template_(outcome('never')), task_({ name: 'first' }), task_({ name: 'second' })],
    passesMs: 60_000,
  },
  'name-taken': {
    about: 'fix-bug',
    steps: [
      template_(),
      put('Pod', {
        metadata: { name: 'fix-bug-pod', namespace: NAMESPACE },
        spec: { containers: [{ name: 'x', image: 'x' }] },
      } as KubernetesObject),
      task_(),
    ],
  },
  'invalid-spec': { about: 'fix-bug', steps: [template_(), task_({ spec: { timeout: '1 hour' } })] },
  'two-references': { about: 'fix-bug', steps: [template_(), agent_(), task_({ spec: { agentRef: { name: 'coder' } } })] },
  suspended: { about: 'fix-bug', steps: [template_(), task_({ spec: { suspend: true } })] },
  'suspended-and-no-place-free': {
    about: 'held',
    steps: [agent_({ maxConcurrentTasks: 1, ...outcome('never') }), agentTask_('first'), agentTask_('held', { suspend: true })],
  },
  'context-missing': { about: 'fix-bug', steps: [template_(), task_({ spec: { contexts: [guide] } })] },
  'context-key-missing': {
    about: 'fix-bug',
    steps: [template_(), configMap('guide', { 'other.md': 'x' }), task_({ spec: { contexts: [guide] } })],
  },
  finished: { about: 'fix-bug', steps: [template_(), task_({ spec: { cleanup: { ttlSecondsAfterFinished: 3600 } } })] },
  failed: { about: 'fix-bug', steps: [template_(outcome('out-of-memory')), task_()] },
  unschedulable: { about: 'fix-bug', steps: [template_(outcome('unschedulable')), task_({ spec: { timeout: '30m' } })] },
  'image-pull': { about: 'fix-bug', steps: [template_(outcome('image-pull')), task_()] },
  stopping: {
    about: 'fix-bug',
    steps: [
      template_({ podSpec: { labels: { 'sim.kubeopencode.io/outcome': 'never', 'sim.kubeopencode.io/stop-after': '20s' } } }),
      task_(),
      annotate({ 'kubeopencode.io/stop': 'true' }),
    ],
  },
  'config-unusable': {
    about: 'fix-bug',
    steps: [put('KubeOpenCodeConfig', { metadata: { name: 'cluster' }, spec: { clusterDomain: 5 } } as never), template_(), task_()],
  },
  'managed-by-another': { about: 'fix-bug', steps: [template_(), task_({ spec: { managedBy: 'example.com/other' } })] },
};
