import type { KubeOpenCodeConfigSpec } from '../api/config.ts';
import type { ConfigMap, Pod } from '../api/kubernetes.ts';
import type { Task } from '../api/task.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { goQuote } from '../units/quote.ts';
import { caBundleParts } from './ca-bundle.ts';
import { contextConflict, podConflict } from './conflicts.ts';
import { contextConfigMap } from './context-config-map.ts';
import { type ContextsPending, resolveContexts } from './contexts.ts';
import { credentialParts } from './credentials.ts';
import { filePlan } from './file-plan.ts';
import { usualContextName } from './names.ts';
import { openCodeConfig } from './opencode-config.ts';
import { pluginEntries } from './plugins.ts';
import { type Evidence, podMeta } from './pod-meta.ts';
import { podSpecOf } from './pod-spec.ts';
import { isRefusal, type Refusal } from './refusal.ts';
import type { ResolvedAgent } from './resolve.ts';
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

/** The Pod of one attempt of a Task, in a fixed order throughout: the same input gives the same bytes. What can never work is refused before anything is read. */
export function buildPod(input: PodInput): PodResult {
  const { task, agent, attempt } = input;
  const spec = taskInput(task.spec, `task ${goQuote(task.metadata.name)}`);
  if (isRefusal(spec)) return spec;
  const config = configInput(input.config);
  if (isRefusal(config)) return config;
  const metadata = podMeta(task, attempt, agent.podSpec ?? {}, input.evidence);
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

  const prompt = spec.description ?? '';
  const contextName = input.contextName ?? usualContextName(task.metadata.name, attempt);
  const files = filePlan(contexts, openCode, prompt, agent.workspaceDir, contextName);
  if (isRefusal(files)) return files;
  const git = [...contexts.git, ...skills.git];
  const conflict = contextConflict(files.files, files.directories, git);
  if (conflict !== null) return conflict;
  const configMap = contextConfigMap(task, contextName, files.files, prompt);
  if (configMap !== null && isRefusal(configMap)) return configMap;

  const podSpec = podSpecOf({ task, agent, config, podName: metadata.name, files, git, credentials, caBundle, openCode });
  return podConflict(podSpec) ?? { type: 'Built', pod: { apiVersion: 'v1', kind: 'Pod', metadata, spec: podSpec }, configMap };
}
