import type { Container, EnvFromSource, EnvVar, VolumeMount } from '../api/kubernetes.ts';
import type { AgentPodSpec } from '../api/pod-spec.ts';
import type { Task } from '../api/task.ts';
import { AGENT_CONTAINER } from '../contract/names.ts';
import { agentCommand, agentImage } from './command.ts';
import { given } from './given.ts';
import { pullPolicyOf } from './images.ts';
import { CONTEXT_FILE, HOME_AND_SHELL, OPENCODE_CONFIG_FILE, TUI_CONFIG_FILE } from './layout.ts';
import { sessionTitle } from './names.ts';
import { canonicalJson } from './opencode-config.ts';
import type { ResolvedAgent } from './resolve.ts';
import { DEFAULT_RESOURCES, DEFAULT_SECURITY_CONTEXT } from './security.ts';

/** Parts of the agent container that others worked out, in their final order. */
export interface AgentContainerParts {
  readonly env: readonly EnvVar[];
  readonly envFrom: readonly EnvFromSource[];
  readonly volumeMounts: readonly VolumeMount[];
}

export function agentContainer(task: Task, agent: ResolvedAgent, parts: AgentContainerParts): Container {
  const image = agentImage(agent);
  const podSpec: AgentPodSpec = agent.podSpec ?? {};
  return {
    name: AGENT_CONTAINER,
    image,
    imagePullPolicy: pullPolicyOf(image),
    command: agentCommand(agent, sessionTitle(task)),
    workingDir: agent.workspaceDir,
    env: parts.env,
    ...(parts.envFrom.length === 0 ? {} : { envFrom: parts.envFrom }),
    volumeMounts: parts.volumeMounts,
    resources: podSpec.resources === undefined ? DEFAULT_RESOURCES : resourcesOf(podSpec.resources),
    securityContext: podSpec.securityContext ?? DEFAULT_SECURITY_CONTEXT,
    ...given({ lifecycle: podSpec.lifecycle }),
  };
}

/** What decides about OpenCode's own variables. */
export interface OpenCodeSettings {
  readonly hasConfig: boolean;
  readonly hasTuiConfig: boolean;
  readonly hasPermission: boolean;
  readonly hasContextFile: boolean;
  readonly traces: boolean;
}

/** The first variables of the agent container. */
export function agentEnv(task: Task, agent: ResolvedAgent, settings: OpenCodeSettings): readonly EnvVar[] {
  const content = {
    ...(settings.hasContextFile ? { instructions: [CONTEXT_FILE] } : {}),
    ...(settings.traces ? { experimental: { openTelemetry: true } } : {}),
  };
  return [
    ...HOME_AND_SHELL,
    { name: 'PATH', value: '/tools:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
    { name: 'TASK_NAME', value: task.metadata.name },
    { name: 'TASK_NAMESPACE', value: task.metadata.namespace ?? '' },
    { name: 'WORKSPACE_DIR', value: agent.workspaceDir },
    ...(settings.hasConfig ? [{ name: 'OPENCODE_CONFIG', value: OPENCODE_CONFIG_FILE }] : []),
    ...(settings.hasTuiConfig ? [{ name: 'OPENCODE_TUI_CONFIG', value: TUI_CONFIG_FILE }] : []),
    // Nobody is there to answer a question, so everything is allowed unless people say otherwise in the configuration.
    ...(settings.hasPermission ? [] : [{ name: 'OPENCODE_PERMISSION', value: '{"*":"allow"}' }]),
    ...(Object.keys(content).length === 0 ? [] : [{ name: 'OPENCODE_CONFIG_CONTENT', value: canonicalJson(content) }]),
  ];
}

type Resources = NonNullable<AgentPodSpec['resources']>;

/** Quantities may be written as numbers; a Pod of ours has them as text, as the API server answers with. */
function resourcesOf(resources: Resources): NonNullable<Container['resources']> {
  const { limits, requests, ...others } = resources;
  return { ...others, ...given({ limits: asText(limits), requests: asText(requests) }) };
}

function asText(quantities: Resources['limits']): Readonly<Record<string, string>> | undefined {
  if (quantities === undefined) return undefined;
  return Object.fromEntries(Object.entries(quantities).map(([name, quantity]) => [name, String(quantity)]));
}
