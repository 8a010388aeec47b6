import type { KubeOpenCodeConfigSpec } from '../api/config.ts';
import type { ConfigMap, Pod, PodSpec } from '../api/kubernetes.ts';
import type { AgentPodSpec } from '../api/pod-spec.ts';
import type { Task } from '../api/task.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { goQuote } from '../units/quote.ts';
import { agentContainer, agentEnv } from './agent-container.ts';
import { caBundleParts } from './ca-bundle.ts';
import { contextConflict, podConflict } from './conflicts.ts';
import { contextConfigMap } from './context-config-map.ts';
import { contextInit, contextVolumes } from './context-init.ts';
import { type ContextsPending, resolveContexts } from './contexts.ts';
import { credentialParts } from './credentials.ts';
import { filePlan } from './file-plan.ts';
import { gitConfig, gitVolume, gitVolumeMounts } from './git.ts';
import { gitInit } from './git-init.ts';
import { given } from './given.ts';
import { systemImageOf } from './images.ts';
import { completed, type Everywhere, openCodeInit } from './init-containers.ts';
import { CONTEXT_FILE, PLUGINS, TOOLS, WORKSPACE_VOLUME } from './layout.ts';
import { podName, usualContextName } from './names.ts';
import { activeTelemetry, telemetryEnv } from './open-telemetry.ts';
import { openCodeConfig } from './opencode-config.ts';
import { pluginEntries, pluginInit } from './plugins.ts';
import { type Evidence, podMeta } from './pod-meta.ts';
import { proxyEnv } from './proxy.ts';
import { isRefusal, type Refusal } from './refusal.ts';
import { DEFAULT_CLUSTER_DOMAIN, type ResolvedAgent } from './resolve.ts';
import { configInput, taskInput } from './shapes.ts';
import { skillMounts } from './skills.ts';

export interface PodInput {
  readonly task: Task;
  readonly agent: ResolvedAgent;
  /** Spec of the cluster's configuration. */
  readonly config: KubeOpenCodeConfigSpec;
  /** From 1. */
  readonly attempt: number;
  readonly read: Snapshot['read'];
  readonly evidence: Evidence;
  /** Name of the ConfigMap with the files, when the usual one is taken. Default: `<task>-context`. */
  readonly contextName?: string;
}

export type PodResult =
  /** ConfigMaps to be read first (`Reads`: all of them at once), that are not there (`Waits`), or that the API server could not be asked for (`Unavailable`: never final). */
  | ContextsPending
  | Refusal
  /** `configMap` carries the Pod's files and is created before it; null when it needs none. */
  | { readonly type: 'Built'; readonly pod: Pod; readonly configMap: ConfigMap | null };

/** The Pod of one attempt of a Task, in a fixed order throughout: the same input gives the same bytes. */
export function buildPod(input: PodInput): PodResult {
  const { task, agent, attempt, evidence } = input;
  const spec = taskInput(task.spec, `task ${goQuote(task.metadata.name)}`);
  if (isRefusal(spec)) return spec;
  const config = configInput(input.config);
  if (isRefusal(config)) return config;
  const podSpec: AgentPodSpec = agent.podSpec ?? {};
  const metadata = podMeta(task, attempt, podSpec, evidence);
  if (isRefusal(metadata)) return metadata;

  const credentials = credentialParts(agent.credentials);
  if (isRefusal(credentials)) return credentials;
  const caBundle = caBundleParts(agent.caBundle);
  if (isRefusal(caBundle)) return caBundle;
  const skills = skillMounts(agent.skills);
  if (isRefusal(skills)) return skills;
  const openCode = openCodeConfig(agent.config, skills.paths, pluginEntries(agent.plugins));
  if (isRefusal(openCode)) return openCode;
  const contexts = resolveContexts(agent, spec, task.metadata.namespace ?? '', input.read);
  if (contexts.type !== 'Contexts') return contexts;

  const contextName = input.contextName ?? usualContextName(task.metadata.name, attempt);
  const plan = filePlan(contexts, openCode, spec.description ?? '', agent.workspaceDir, contextName);
  if (isRefusal(plan)) return plan;
  const git = [...contexts.git, ...skills.git];
  const conflict = contextConflict(plan.files, plan.directories, git);
  if (conflict !== null) return conflict;
  const configMap = contextConfigMap(task, contextName, plan.files, spec.description ?? '');
  if (configMap !== null && isRefusal(configMap)) return configMap;

  const system = systemImageOf(config.systemImage);
  const telemetry = activeTelemetry(config);
  const hasPlugins = agent.plugins.length > 0;
  const trust = gitConfig(git);
  const everywhere: Everywhere = {
    env: [
      ...caBundle.env,
      ...proxyEnv(agent.proxy, config.clusterDomain || DEFAULT_CLUSTER_DOMAIN),
      ...telemetryEnv(telemetry, {
        taskName: task.metadata.name,
        namespace: task.metadata.namespace ?? '',
        agentName: agent.name,
        podName: podName(task.metadata.name, attempt),
      }),
      ...(podSpec.extraEnv ?? []),
    ],
    volumeMounts: caBundle.volumeMounts,
  };

  const built: PodSpec = {
    serviceAccountName: agent.serviceAccountName,
    restartPolicy: 'Never',
    initContainers: [
      openCodeInit(agent.agentImage),
      ...contextInit(plan, system),
      ...git.map((mount, index) => gitInit(mount, index, agent.workspaceDir, system)),
      ...(hasPlugins ? [pluginInit(agent.plugins, system)] : []),
    ].map((container) => completed(container, everywhere, podSpec.systemContainers)),
    containers: [
      agentContainer(task, agent, {
        env: [
          ...agentEnv(task, agent, {
            hasConfig: openCode.config !== null,
            hasTuiConfig: openCode.tui !== null,
            hasPermission: openCode.hasPermission,
            hasContextFile: plan.files.some(({ path }) => path === `${agent.workspaceDir}/${CONTEXT_FILE}`),
            traces: telemetry?.enableLLMTraces === true,
          }),
          ...credentials.env,
          ...trust.env,
          ...everywhere.env,
        ],
        envFrom: credentials.envFrom,
        volumeMounts: [
          { name: TOOLS.volume, mountPath: TOOLS.path },
          { name: WORKSPACE_VOLUME, mountPath: agent.workspaceDir },
          ...credentials.volumeMounts,
          ...plan.shared.folders.map(({ volume, path }) => ({ name: volume, mountPath: path })),
          ...gitVolumeMounts(git, agent.workspaceDir),
          ...(hasPlugins ? [{ name: PLUGINS.volume, mountPath: PLUGINS.path, readOnly: true }] : []),
          ...trust.volumeMounts,
          ...everywhere.volumeMounts,
          ...(podSpec.extraVolumeMounts ?? []),
        ],
      }),
    ],
    volumes: [
      { name: TOOLS.volume, emptyDir: {} },
      { name: WORKSPACE_VOLUME, emptyDir: {} },
      ...credentials.volumes,
      ...contextVolumes(plan),
      ...plan.shared.folders.map(({ volume }) => ({ name: volume, emptyDir: {} })),
      ...git.map((_, index) => ({ name: gitVolume(index), emptyDir: {} })),
      ...(hasPlugins ? [{ name: PLUGINS.volume, emptyDir: {} }] : []),
      ...caBundle.volumes,
      ...(podSpec.extraVolumes ?? []),
    ],
    ...(agent.imagePullSecrets.length === 0 ? {} : { imagePullSecrets: agent.imagePullSecrets }),
    ...given({
      nodeSelector: podSpec.scheduling?.nodeSelector,
      tolerations: podSpec.scheduling?.tolerations,
      affinity: podSpec.scheduling?.affinity,
      runtimeClassName: podSpec.runtimeClassName,
      priorityClassName: podSpec.priorityClassName,
      terminationGracePeriodSeconds: podSpec.terminationGracePeriodSeconds,
      securityContext: podSpec.podSecurityContext,
    }),
  };
  return podConflict(built) ?? { type: 'Built', pod: { apiVersion: 'v1', kind: 'Pod', metadata, spec: built }, configMap };
}
