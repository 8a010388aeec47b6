import type { KubeOpenCodeConfigSpec } from '../api/config.ts';
import type { Container, PodSpec, Volume } from '../api/kubernetes.ts';
import type { Task } from '../api/task.ts';
import { agentContainer, agentEnv } from './agent-container.ts';
import type { CaBundleParts } from './ca-bundle.ts';
import { contextInit, contextVolumes, type FilePlan } from './context-init.ts';
import type { Credentials } from './credentials.ts';
import { type GitMount, gitConfig, gitVolume, gitVolumeMounts } from './git.ts';
import { gitInit } from './git-init.ts';
import { given } from './given.ts';
import { systemImageOf } from './images.ts';
import { completed, type Everywhere, openCodeInit } from './init-containers.ts';
import { CONTEXT_FILE, PLUGINS, TOOLS, WORKSPACE_VOLUME } from './layout.ts';
import { activeTelemetry, telemetryEnv } from './open-telemetry.ts';
import type { OpenCodeConfig } from './opencode-config.ts';
import { pluginInit } from './plugins.ts';
import { proxyEnv } from './proxy.ts';
import { DEFAULT_CLUSTER_DOMAIN, type ResolvedAgent } from './resolve.ts';
import { type StopFile, saidStop, stopFile } from './stop-file.ts';

/** Everything that a Pod is put together from, each worked out by its own file. */
export interface PodParts {
  readonly task: Task;
  readonly agent: ResolvedAgent;
  readonly config: KubeOpenCodeConfigSpec;
  readonly podName: string;
  readonly files: FilePlan;
  readonly git: readonly GitMount[];
  readonly credentials: Credentials;
  readonly caBundle: CaBundleParts;
  readonly openCode: OpenCodeConfig;
}

/** The Pod's spec. The order of init containers, variables, mounts and volumes is part of the API: later variables win, and people's own stand last. */
export function podSpecOf(parts: PodParts): PodSpec {
  const { agent } = parts;
  const { podSpec = {} } = agent;
  const stop = saidStop(parts.task, agent);
  const everywhere: Everywhere = { env: everywhereEnv(parts), volumeMounts: parts.caBundle.volumeMounts };
  return {
    serviceAccountName: agent.serviceAccountName,
    restartPolicy: 'Never',
    initContainers: initContainers(parts).map((container) => completed(container, everywhere, podSpec.systemContainers)),
    containers: [mainContainer(parts, everywhere, stopFile(stop))],
    volumes: volumes(parts, stopFile(stop)),
    ...(agent.imagePullSecrets.length === 0 ? {} : { imagePullSecrets: agent.imagePullSecrets }),
    ...given({
      nodeSelector: podSpec.scheduling?.nodeSelector,
      tolerations: podSpec.scheduling?.tolerations,
      affinity: podSpec.scheduling?.affinity,
      runtimeClassName: podSpec.runtimeClassName,
      priorityClassName: podSpec.priorityClassName,
      terminationGracePeriodSeconds: podSpec.terminationGracePeriodSeconds ?? stop?.gracePeriodSeconds,
      securityContext: podSpec.podSecurityContext,
    }),
  };
}

/** Variables of every container, behind its own. */
function everywhereEnv({ task, agent, config, podName, caBundle }: PodParts): Everywhere['env'] {
  const { name: taskName, namespace = '' } = task.metadata;
  return [
    ...caBundle.env,
    ...proxyEnv(agent.proxy, config.clusterDomain || DEFAULT_CLUSTER_DOMAIN),
    ...telemetryEnv(activeTelemetry(config), { taskName, namespace, agentName: agent.name, podName }),
    ...(agent.podSpec?.extraEnv ?? []),
  ];
}

function initContainers({ agent, config, files, git }: PodParts): readonly Container[] {
  const system = systemImageOf(config.systemImage);
  return [
    openCodeInit(agent.agentImage),
    ...contextInit(files, system),
    ...git.map((mount, index) => gitInit(mount, index, agent.workspaceDir, system)),
    ...(agent.plugins.length > 0 ? [pluginInit(agent.plugins, system)] : []),
  ];
}

function mainContainer(
  { task, agent, config, files, git, credentials, openCode }: PodParts,
  everywhere: Everywhere,
  stop: StopFile,
): Container {
  const trust = gitConfig(git);
  const settings = {
    hasConfig: openCode.config !== null,
    hasTuiConfig: openCode.tui !== null,
    hasPermission: openCode.hasPermission,
    hasContextFile: files.files.some(({ path }) => path === `${agent.workspaceDir}/${CONTEXT_FILE}`),
    traces: activeTelemetry(config)?.enableLLMTraces === true,
  };
  return agentContainer(task, agent, {
    env: [...agentEnv(task, agent, settings), ...stop.env, ...credentials.env, ...trust.env, ...everywhere.env],
    envFrom: credentials.envFrom,
    volumeMounts: [
      { name: TOOLS.volume, mountPath: TOOLS.path },
      { name: WORKSPACE_VOLUME, mountPath: agent.workspaceDir },
      ...credentials.volumeMounts,
      ...files.shared.folders.map(({ volume, path }) => ({ name: volume, mountPath: path })),
      ...gitVolumeMounts(git, agent.workspaceDir),
      ...(agent.plugins.length > 0 ? [{ name: PLUGINS.volume, mountPath: PLUGINS.path, readOnly: true }] : []),
      ...trust.volumeMounts,
      ...stop.volumeMounts,
      ...everywhere.volumeMounts,
      ...(agent.podSpec?.extraVolumeMounts ?? []),
    ],
  });
}

function volumes({ agent, files, git, credentials, caBundle }: PodParts, stop: StopFile): readonly Volume[] {
  return [
    emptyVolume(TOOLS.volume),
    emptyVolume(WORKSPACE_VOLUME),
    ...credentials.volumes,
    ...contextVolumes(files),
    ...files.shared.folders.map(({ volume }) => emptyVolume(volume)),
    ...git.map((_, index) => emptyVolume(gitVolume(index))),
    ...(agent.plugins.length > 0 ? [emptyVolume(PLUGINS.volume)] : []),
    ...caBundle.volumes,
    ...stop.volumes,
    ...(agent.podSpec?.extraVolumes ?? []),
  ];
}

function emptyVolume(name: string): Volume {
  return { name, emptyDir: {} };
}
