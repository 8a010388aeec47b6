import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { decide } from '#core/decide.ts';
import { template as agentTemplate, found, snapshot, task as taskNamed } from '#test/support/builders.ts';
import { RUN_FOR, type RunFor } from './stages.ts';

const API_VERSION = 'kubeopencode.io/v1alpha1';
const IMAGE = 'example.com/agent:1';

type Made = KubernetesObject & { readonly apiVersion: string; readonly kind: string; readonly spec: Readonly<Record<string, unknown>> };

export const nameOf = (index: number): string => `x-${String(index).padStart(5, '0')}`;
/** Of the object that a Pod's name begins with. */
export const tasksOf = (namespace: string): string => `/apis/${API_VERSION}/namespaces/${namespace}/tasks`;
export const jobsOf = (namespace: string): string => `/apis/batch/v1/namespaces/${namespace}/jobs`;
export const podsOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`;

const RUNS = { workspaceDir: '/workspace', serviceAccountName: 'default', agentImage: IMAGE, executorImage: IMAGE, attachImage: IMAGE };

/** An AgentTemplate named `coder`, whose Pods run so long. */
export function template(runFor: RunFor): Made {
  return { apiVersion: API_VERSION, kind: 'AgentTemplate', metadata: { name: 'coder' }, spec: { ...RUNS, podSpec: podSpec(runFor) } };
}

/** An Agent named `coder` with so many slots. */
export function agent(runFor: RunFor, slots: number): Made {
  const spec = { ...RUNS, maxConcurrentTasks: slots, podSpec: podSpec(runFor) };
  return { apiVersion: API_VERSION, kind: 'Agent', metadata: { name: 'coder' }, spec };
}

export function task(index: number, reference: 'agentRef' | 'templateRef'): Made {
  const spec = { description: `task ${index}`, [reference]: { name: 'coder' } };
  return { apiVersion: API_VERSION, kind: 'Task', metadata: { name: nameOf(index) }, spec };
}

/** As plain as a Task: no retry. */
export function job(index: number, runFor: RunFor): Made {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: nameOf(index) },
    spec: { backoffLimit: 0, template: podTemplate(runFor) },
  };
}

/** One Job for all: the Job controller's way to run `completions` Pods, `parallelism` at a time. */
export function parallelJob(completions: number, parallelism: number, runFor: RunFor): Made {
  const spec = { completions, parallelism, completionMode: 'NonIndexed', backoffLimit: 0, template: podTemplate(runFor) };
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'all' }, spec };
}

function podSpec(runFor: RunFor) {
  return { labels: { [RUN_FOR]: runFor } };
}

/**
 * The Pod that our host makes of the same Task, so that what scheduler, kubelet and API server do for a Pod is the same for both. The ConfigMap of the
 * context, which a Job has nobody to make for, is only named.
 */
function podTemplate(runFor: RunFor) {
  const read = found({ template: agentTemplate({ ...RUNS, podSpec: podSpec(runFor) }) });
  const decision = decide(snapshot({ task: taskNamed({ name: nameOf(0) }), read }));
  const actions = decision.type === 'Decided' ? decision.actions : [];
  for (const action of actions) {
    if (action.type !== 'Create' || action.object.kind !== 'Pod') continue;
    const { metadata, spec } = action.object as KubernetesObject & { readonly spec?: object };
    return { metadata: { labels: metadata.labels }, spec };
  }
  throw new Error(`make the rival's Pod: expected that the core makes one, it answered ${JSON.stringify(decision)}`);
}
