import type { Agent } from '#core/api/agent.ts';
import type { AgentTemplate } from '#core/api/agent-template.ts';
import type { TaskSpec } from '#core/api/task.ts';
import { apiVersionOf } from '#core/contract/kinds.ts';
import { SIMULATION_PREFIX, type SimulationLabel } from '#host/cluster/memory/pod-script.ts';
import { type Manifest, NAMESPACE } from './manifests.ts';

/** How the Pods of an Agent or a template go; what is absent has the kubelet model's default. */
export type Behaviour = Partial<Readonly<Record<SimulationLabel, string>>> & {
  /** Default: that of the API, 30. */
  readonly graceSeconds?: number;
};

/** Only what every Agent and template needs, and how its Pods go. */
function base({ graceSeconds, ...behaviour }: Behaviour): Pick<Agent['spec'], 'workspaceDir' | 'serviceAccountName' | 'podSpec'> {
  const labels = Object.fromEntries(Object.entries(behaviour).map(([name, value]) => [`${SIMULATION_PREFIX}${name}`, value]));
  const grace = graceSeconds === undefined ? {} : { terminationGracePeriodSeconds: graceSeconds };
  return { workspaceDir: '/workspace', serviceAccountName: 'default', podSpec: { labels, ...grace } };
}

export function agent(name: string, behaviour: Behaviour, spec: Partial<Agent['spec']> = {}): Manifest {
  return manifest('Agent', name, { ...base(behaviour), ...spec });
}

export function template(name: string, behaviour: Behaviour, spec: Partial<AgentTemplate['spec']> = {}): Manifest {
  return manifest('AgentTemplate', name, { ...base(behaviour), ...spec });
}

/** A Task of an Agent or a template, and what is special about it. */
export function task(name: string, by: Pick<TaskSpec, 'agentRef'> | Pick<TaskSpec, 'templateRef'>, spec: Partial<TaskSpec> = {}): Manifest {
  return manifest('Task', name, { ...by, description: `Do ${name}.`, ...spec });
}

/** A template and the one Task that is made from it, both of one name. */
export function pair(name: string, behaviour: Behaviour, spec: Partial<TaskSpec> = {}): readonly Manifest[] {
  return [template(name, behaviour), task(name, { templateRef: { name } }, spec)];
}

function manifest(kind: 'Agent' | 'AgentTemplate' | 'Task', name: string, spec: object): Manifest {
  return { apiVersion: apiVersionOf(kind), kind, metadata: { name, namespace: NAMESPACE }, ...{ spec } };
}
