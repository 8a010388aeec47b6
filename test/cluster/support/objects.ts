import type { Agent, AgentSpec } from '#core/api/agent.ts';
import type { AgentTemplate } from '#core/api/agent-template.ts';
import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import type { Task, TaskSpec } from '#core/api/task.ts';
import type { Kind } from '#core/contract/kinds.ts';
import type { Address, Cluster, Result } from '#host/cluster/cluster.ts';
import type { SIMULATION_LABELS } from '#host/cluster/memory/pod-script.ts';

const API_VERSION = 'kubeopencode.io/v1alpha1';

/** How the simulated kubelet is to end a Pod. */
export type Simulation = Readonly<Partial<Record<keyof typeof SIMULATION_LABELS, string>>>;

type Draft<T extends KubernetesObject> = T & { readonly kind: Kind };

/** An AgentTemplate whose Pods fare as told. */
export function template(
  namespace: string,
  name: string,
  simulation: Simulation = {},
  podSpec: AgentTemplate['spec']['podSpec'] = {},
): Draft<AgentTemplate> {
  return {
    apiVersion: API_VERSION,
    kind: 'AgentTemplate',
    metadata: { name, namespace },
    spec: { workspaceDir: '/workspace', serviceAccountName: 'default', podSpec: { ...podSpec, labels: labelsOf(simulation) } },
  };
}

export function agent(namespace: string, name: string, spec: Partial<AgentSpec> = {}, simulation: Simulation = {}): Draft<Agent> {
  return {
    apiVersion: API_VERSION,
    kind: 'Agent',
    metadata: { name, namespace },
    spec: { workspaceDir: '/workspace', serviceAccountName: 'default', podSpec: { labels: labelsOf(simulation) }, ...spec },
  };
}

/** A Task by the AgentTemplate of the same name, unless `spec` names another reference. */
export function task(namespace: string, name: string, spec: Partial<TaskSpec> = {}): Draft<Task> {
  const reference = spec.agentRef === undefined ? { templateRef: { name } } : {};
  return {
    apiVersion: API_VERSION,
    kind: 'Task',
    metadata: { name, namespace },
    spec: { description: 'say hello', ...reference, ...spec },
  };
}

export function labelsOf(simulation: Simulation): Record<string, string> {
  return Object.fromEntries(Object.entries(simulation).map(([name, value]) => [`sim.kubeopencode.io/${name}`, value]));
}

export function taskAt(namespace: string, name: string): Address {
  return { kind: 'Task', namespace, name };
}

export function podAt(namespace: string, name: string): Address {
  return { kind: 'Pod', namespace, name };
}

/** The value of a call that must succeed. */
export async function ok<T>(call: Promise<Result<T>>): Promise<T> {
  const result = await call;
  if (!result.ok) throw new Error(`expected success, got ${JSON.stringify(result.error)}`);
  return result.value;
}

/** Creates objects one after the other. */
export async function create(cluster: Cluster, ...objects: readonly Draft<KubernetesObject>[]): Promise<void> {
  for (const object of objects) await ok(cluster.create(object));
}

export function isFinished(task: Task): boolean {
  return task.status?.phase === 'Completed' || task.status?.phase === 'Failed';
}

export function isRunning(task: Task): boolean {
  return task.status?.phase === 'Running';
}

export function isPodRunning(pod: Pod): boolean {
  return pod.status?.phase === 'Running';
}

/** The condition of a type, as `status/reason`; empty when there is none. */
export function conditionOf(task: Task, type: string): string {
  const condition = task.status?.conditions?.find((candidate) => candidate.type === type);
  return condition === undefined ? '' : `${condition.status}/${condition.reason}`;
}

/** From now on Pods of the AgentTemplate fare as told; the rest of what it says stays. */
export async function fare(cluster: Cluster, namespace: string, name: string, simulation: Simulation): Promise<void> {
  const patch = { spec: { podSpec: { labels: labelsOf(simulation) } } };
  await ok(cluster.patch({ kind: 'AgentTemplate', namespace, name }, patch, { patchType: 'merge' }));
}

/** The kept end of the log of a Task's last attempt; rejects with what the status says of it when there is none. */
export async function keptLog(cluster: Cluster, { metadata, status }: Task, container = 'agent'): Promise<string> {
  const { log } = status?.attempts?.at(-1) ?? {};
  if (log?.configMapName === undefined)
    throw new Error(`expected a kept log of task ${metadata.name}, its status says ${JSON.stringify(log)}`);
  const address = { kind: 'ConfigMap', namespace: metadata.namespace ?? '', name: log.configMapName } as const;
  const { data = {} } = (await ok(cluster.get(address))) as KubernetesObject & { readonly data?: Readonly<Record<string, string>> };
  return data[container] ?? '';
}
