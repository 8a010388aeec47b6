import type { Agent } from '../api/agent.ts';
import type { Quota } from '../api/agent-parts.ts';
import type { AgentTemplate } from '../api/agent-template.ts';
import type { KubeOpenCodeConfigSpec } from '../api/config.ts';
import type { Execution, TaskDefaults } from '../api/task-parts.ts';
import { goQuote } from '../units/quote.ts';
import { given } from './given.ts';
import { DEFAULT_IMAGES } from './images.ts';
import { cleanPath } from './paths.ts';
import { agentError, isRefusal, type Refusal } from './refusal.ts';
import { isObject } from './shape.ts';
import { type AgentInput, agentInput, configInput, templateInput } from './shapes.ts';
import { durationFault } from './task-defaults.ts';

/** Where a Task's Pod comes from: an Agent with the template that it names, or a template alone. */
export type AgentSource = { readonly agent: Agent; readonly template: AgentTemplate | null } | { readonly template: AgentTemplate };

type Lists = Required<Pick<AgentInput, 'command' | 'contexts' | 'skills' | 'plugins' | 'credentials' | 'imagePullSecrets'>>;

/** Everything about Agent and template that a Task's Pod depends on: merged, with defaults, checked. */
export interface ResolvedAgent extends Lists, Pick<AgentInput, 'config' | 'podSpec' | 'caBundle' | 'proxy'> {
  /** Name of the Agent, or of the template where there is none. */
  readonly name: string;
  readonly execution: Execution;
  readonly agentImage: string;
  readonly executorImage: string;
  readonly attachImage: string;
  /** Clean absolute path. */
  readonly workspaceDir: string;
  readonly serviceAccountName: string;
  /** Base URL of the Agent's server; only where the execution is Attach. */
  readonly serverUrl?: string;
  /** Limits hold for Agents only, also those that an Agent inherits. Absent: none. */
  readonly maxConcurrentTasks?: number;
  readonly quota?: Quota;
  /** The cluster's defaults, overridden field by field by the Agent's. */
  readonly taskDefaults: TaskDefaults;
}

export type Resolved = { readonly type: 'Resolved'; readonly agent: ResolvedAgent } | Refusal;

/** Domain of the cluster's services when the configuration says nothing. */
export const DEFAULT_CLUSTER_DOMAIN = 'cluster.local';

const DEFAULT_SERVER_PORT = 4096;

/**
 * The one configuration that a Task's Pod is built from. Text and `command` of an Agent win over its template's when they are not empty; everything else wins as a whole
 * when it is there, an empty list too. The cluster's proxy is used when neither names one. Source: upstream's template merge.
 */
export function resolveAgent(source: AgentSource, clusterConfig: KubeOpenCodeConfigSpec): Resolved {
  const config = configInput(clusterConfig);
  if (isRefusal(config)) return config;
  const template = source.template === null ? {} : templateInput(source.template.spec, titleOf('agent template', source.template));
  if (isRefusal(template)) return template;
  if (!('agent' in source)) return resolved(source.template.metadata.name, template, config, 'Pod', missingIn(source));
  const agent = agentInput(source.agent.spec, titleOf('agent', source.agent));
  if (isRefusal(agent)) return agent;
  const execution = agent.execution ?? config.execution ?? 'Pod';
  if (execution !== 'Pod' && execution !== 'Attach') {
    return agentError(
      `${titleOf('agent', source.agent)} cannot be used: execution must be Pod or Attach, but is ${goQuote(String(execution))}`,
    );
  }
  const taskDefaults = { ...config.taskDefaults, ...agent.taskDefaults };
  const fault = durationFault(taskDefaults);
  if (fault !== null) return agentError(`${titleOf('agent', source.agent)} cannot be used: taskDefaults.${fault.path} ${fault.message}`);
  const merged: AgentInput = { ...template, ...filled(agent) };
  const result = resolved(source.agent.metadata.name, merged, config, execution, missingIn(source));
  if (isRefusal(result)) return result;
  return {
    type: 'Resolved',
    agent: {
      ...result.agent,
      ...given({ maxConcurrentTasks: merged.maxConcurrentTasks, quota: merged.quota }),
      ...(execution === 'Attach' ? { serverUrl: serverUrlOf(source.agent, agent, config) } : {}),
      taskDefaults,
    },
  };
}

type RequiredField = 'workspaceDir' | 'serviceAccountName';

function resolved(
  name: string,
  merged: AgentInput,
  config: KubeOpenCodeConfigSpec,
  execution: Execution,
  missing: (field: RequiredField) => Refusal,
): Resolved {
  const { workspaceDir = '', serviceAccountName = '' } = merged;
  if (workspaceDir === '') return missing('workspaceDir');
  if (serviceAccountName === '') return missing('serviceAccountName');
  if (!workspaceDir.startsWith('/') || cleanPath(workspaceDir) === '/') {
    return agentError(
      `workspaceDir ${goQuote(workspaceDir)} of ${goQuote(name)} cannot be used: it must be an absolute path below /, such as /workspace`,
    );
  }
  return {
    type: 'Resolved',
    agent: {
      name,
      execution,
      agentImage: merged.agentImage || DEFAULT_IMAGES.agent,
      executorImage: merged.executorImage || DEFAULT_IMAGES.executor,
      attachImage: merged.attachImage || DEFAULT_IMAGES.attach,
      workspaceDir: cleanPath(workspaceDir),
      serviceAccountName,
      command: merged.command ?? [],
      contexts: merged.contexts ?? [],
      skills: merged.skills ?? [],
      plugins: merged.plugins ?? [],
      credentials: merged.credentials ?? [],
      imagePullSecrets: merged.imagePullSecrets ?? [],
      ...given({ config: merged.config, podSpec: merged.podSpec, caBundle: merged.caBundle, proxy: merged.proxy ?? config.proxy }),
      taskDefaults: config.taskDefaults ?? {},
    },
  };
}

/** Without what counts as not said: empty text, and a command without words. */
function filled(agent: AgentInput): AgentInput {
  return Object.fromEntries(
    Object.entries(agent).filter(([key, value]) => value !== '' && !(key === 'command' && Array.isArray(value) && value.length === 0)),
  );
}

/** Where the server of an Agent is; null when the Agent, or the cluster's configuration, can't be used. */
export function attachedServerUrl(agent: Agent, clusterConfig: KubeOpenCodeConfigSpec): string | null {
  const config = configInput(clusterConfig);
  const input = agentInput(agent.spec, titleOf('agent', agent));
  return isRefusal(config) || isRefusal(input) ? null : serverUrlOf(agent, input, config);
}

function serverUrlOf(agent: Agent, spec: AgentInput, config: KubeOpenCodeConfigSpec): string {
  const known: unknown = isObject(agent.status) ? agent.status.url : undefined;
  if (typeof known === 'string' && known !== '') return known;
  const { name, namespace = '' } = agent.metadata;
  return `http://${name}.${namespace}.svc.${config.clusterDomain || DEFAULT_CLUSTER_DOMAIN}:${spec.port ?? DEFAULT_SERVER_PORT}`;
}

function missingIn(source: AgentSource): (field: RequiredField) => Refusal {
  return (field) => {
    if (!('agent' in source)) return agentError(`${titleOf('agent template', source.template)} has empty ${field}; set spec.${field}`);
    const agent = titleOf('agent', source.agent);
    if (source.template !== null)
      return agentError(`${agent} has empty ${field} after template merge; set spec.${field} in the agent or in its template`);
    return agentError(
      `${agent} is missing required field ${field}; set spec.${field}, or spec.templateRef to take it from an AgentTemplate`,
    );
  };
}

function titleOf(kind: string, object: { readonly metadata: { readonly name: string } }): string {
  return `${kind} ${goQuote(object.metadata.name)}`;
}
