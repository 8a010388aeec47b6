import type { Container, EnvVar, VolumeMount } from '../api/kubernetes.ts';
import type { AgentPodSpec, SystemContainer } from '../api/pod-spec.ts';
import { pullPolicyOf } from './images.ts';
import { TOOLS } from './layout.ts';
import { DEFAULT_SECURITY_CONTEXT } from './security.ts';

/** What every container gets behind its own. */
export interface Everywhere {
  readonly env: readonly EnvVar[];
  readonly volumeMounts: readonly VolumeMount[];
}

/** The container that brings the opencode binary: its image's entrypoint copies it into the tools volume. */
export function openCodeInit(image: string): Container {
  return {
    name: 'opencode-init',
    image,
    imagePullPolicy: pullPolicyOf(image),
    env: [{ name: 'TOOLS_DIR', value: TOOLS.path }],
    volumeMounts: [{ name: TOOLS.volume, mountPath: TOOLS.path }],
  };
}

/** An init container with what every container gets, then with people's additions for its kind: later variables win. */
export function completed(container: Container, everywhere: Everywhere, systemContainers: AgentPodSpec['systemContainers']): Container {
  const additions = additionsFor(container.name, systemContainers ?? {});
  return {
    ...container,
    env: [...(container.env ?? []), ...everywhere.env, ...(additions.extraEnv ?? [])],
    volumeMounts: [...(container.volumeMounts ?? []), ...everywhere.volumeMounts, ...(additions.extraVolumeMounts ?? [])],
    securityContext: DEFAULT_SECURITY_CONTEXT,
  };
}

function additionsFor(name: string, systemContainers: NonNullable<AgentPodSpec['systemContainers']>): SystemContainer {
  const additions = {
    'opencode-init': systemContainers.openCodeInit,
    'context-init': systemContainers.contextInit,
    'plugin-init': systemContainers.pluginInit,
  }[name];
  return (name.startsWith('git-init-') ? systemContainers.gitInit : additions) ?? {};
}
