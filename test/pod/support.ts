import { expect } from 'vitest';
import type { Agent, AgentSpec } from '#core/api/agent.ts';
import type { AgentTemplate, AgentTemplateSpec } from '#core/api/agent-template.ts';
import type { KubeOpenCodeConfigSpec } from '#core/api/config.ts';
import type { ConfigMap, Container, Pod } from '#core/api/kubernetes.ts';
import type { Task, TaskSpec } from '#core/api/task.ts';
import type { ReadResult, Snapshot } from '#core/contract/snapshot.ts';
import { buildPod, type PodInput, type PodResult } from '#core/pod/build.ts';
import { type ResolvedAgent, resolveAgent } from '#core/pod/resolve.ts';

export const TASK_UID = '0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0';

export function task(spec: Partial<TaskSpec> = {}, name = 'fix-bug'): Task {
  return frozen({
    apiVersion: 'kubeopencode.io/v1alpha1',
    kind: 'Task',
    metadata: { name, namespace: 'team-a', uid: TASK_UID },
    spec: spec.agentRef === undefined ? { templateRef: { name: 'go' }, ...spec } : spec,
  });
}

export function template(spec: Partial<AgentTemplateSpec> = {}, name = 'go'): AgentTemplate {
  return frozen({
    apiVersion: 'kubeopencode.io/v1alpha1',
    kind: 'AgentTemplate',
    metadata: { name, namespace: 'team-a', uid: 'uid-template' },
    spec: { workspaceDir: '/workspace', serviceAccountName: 'runner', ...spec },
  });
}

export function agent(spec: Partial<AgentSpec> = {}, status: Agent['status'] = {}, name = 'coder'): Agent {
  return frozen({
    apiVersion: 'kubeopencode.io/v1alpha1',
    kind: 'Agent',
    metadata: { name, namespace: 'team-a', uid: 'uid-agent' },
    spec: { workspaceDir: '/workspace', serviceAccountName: 'runner', ...spec },
    status,
  });
}

export function configMap(name: string, data: Record<string, string>, more: Partial<ConfigMap> = {}): Snapshot['read'] {
  const found: ConfigMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'team-a', uid: `uid-${name}` },
    data,
    ...more,
  };
  return { [`ConfigMap/team-a/${name}`]: { found } };
}

export function answer(name: string, result: ReadResult): Snapshot['read'] {
  return { [`ConfigMap/team-a/${name}`]: result };
}

/** What a Pod is built from, in short: everything is optional. */
export interface Ingredients {
  readonly template?: Partial<AgentTemplateSpec>;
  readonly task?: Partial<TaskSpec>;
  readonly taskName?: string;
  /** With it the Task names an Agent instead of a template. */
  readonly agent?: Partial<AgentSpec>;
  readonly agentStatus?: Agent['status'];
  readonly config?: KubeOpenCodeConfigSpec;
  readonly read?: Snapshot['read'];
  readonly attempt?: number;
  readonly evidence?: PodInput['evidence'];
  readonly contextName?: string;
}

/** Resolve and build, as the rules do. */
export function outcome(given: Ingredients): PodResult {
  const config = frozen(given.config ?? {});
  const source =
    given.agent === undefined ? { template: template(given.template) } : { agent: agent(given.agent, given.agentStatus), template: null };
  const resolved = resolveAgent(source, config);
  if (resolved.type === 'Refused') return resolved;
  return buildPod({
    task: task(given.agent === undefined ? (given.task ?? {}) : withAgentRef(given.task), given.taskName),
    agent: frozen(resolved.agent),
    config,
    attempt: given.attempt ?? 1,
    read: frozen(given.read ?? {}),
    evidence: given.evidence ?? 'Finalizer',
    ...(given.contextName === undefined ? {} : { contextName: given.contextName }),
  });
}

export interface BuiltPod {
  readonly pod: Pod;
  readonly configMap: ConfigMap | null;
  /** The agent container. */
  readonly main: Container;
  readonly inits: readonly Container[];
  readonly init: (name: string) => Container;
  /** Volume names, in order. */
  readonly volumes: readonly string[];
  readonly volume: (name: string) => unknown;
}

/** A Pod that must come out. */
export function built(given: Ingredients): BuiltPod {
  const result = outcome(given);
  if (result.type !== 'Built') throw new Error(`expected a Pod, came ${JSON.stringify(result)}`);
  const { pod, configMap: files } = result;
  const [main] = pod.spec.containers;
  if (main === undefined) throw new Error('the Pod has no container');
  const inits = pod.spec.initContainers ?? [];
  return {
    pod,
    configMap: files,
    main,
    inits,
    init: (name) => inits.find((container) => container.name === name) ?? expect.fail(`no init container ${name}`),
    volumes: (pod.spec.volumes ?? []).map(({ name }) => name),
    volume: (name) => pod.spec.volumes?.find((volume) => volume.name === name),
  };
}

/** Message of a Pod that must be refused. */
export function refusal(given: Ingredients): { readonly reason: string; readonly message: string } {
  const result = outcome(given);
  if (result.type !== 'Refused') throw new Error(`expected a refusal, came ${JSON.stringify(result)}`);
  return { reason: result.reason, message: result.message };
}

export function resolvedTemplate(spec: Partial<AgentTemplateSpec> = {}, config: KubeOpenCodeConfigSpec = {}): ResolvedAgent {
  const resolved = resolveAgent({ template: template(spec) }, config);
  if (resolved.type === 'Refused') throw new Error(resolved.message);
  return resolved.agent;
}

export function envOf(container: Container): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value]));
}

export function envNames(container: Container): readonly string[] {
  return (container.env ?? []).map(({ name }) => name);
}

/** Mounts as `volume:path`, with `#sub path` and ` ro` behind. */
export function mounts(container: Container): readonly string[] {
  return (container.volumeMounts ?? []).map(
    ({ name, mountPath, subPath, readOnly }) =>
      `${name}:${mountPath}${subPath === undefined ? '' : `#${subPath}`}${readOnly === true ? ' ro' : ''}`,
  );
}

/** Frozen at every depth: a builder that changes its input throws. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) frozen(item);
  }
  return value;
}

function withAgentRef(spec: Partial<TaskSpec> = {}): Partial<TaskSpec> {
  const { templateRef: _, ...rest } = spec;
  return { ...rest, agentRef: { name: 'coder' } };
}
