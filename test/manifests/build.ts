import type { OwnKind } from '#core/api/manifest.ts';

/** A manifest as it stands in a file: plain JSON, right or wrong. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: OwnKind;
  readonly metadata: { readonly name: string };
  readonly spec: unknown;
}

function manifest(kind: OwnKind, name: string, spec: unknown): Manifest {
  return { apiVersion: 'kubeopencode.io/v1alpha1', kind, metadata: { name }, spec };
}

/** A Task with an agentRef, and more. */
export function task(spec: Readonly<Record<string, unknown>>): Manifest {
  return manifest('Task', 'case', { agentRef: { name: 'coder' }, ...spec });
}

/** A Task with nothing but `spec`. */
export function bareTask(spec: unknown): Manifest {
  return manifest('Task', 'case', spec);
}

/** A Task with one context. */
export function taskWithContext(context: unknown): Manifest {
  return task({ contexts: [context] });
}

export function agent(spec: unknown): Manifest {
  return manifest('Agent', 'case', spec);
}

/** An AgentTemplate with what it needs, and more. */
export function agentTemplate(spec: Readonly<Record<string, unknown>>): Manifest {
  return manifest('AgentTemplate', 'case', { workspaceDir: '/workspace', serviceAccountName: 'default', ...spec });
}

export function bareAgentTemplate(spec: unknown): Manifest {
  return manifest('AgentTemplate', 'case', spec);
}

export function config(spec: unknown, name = 'cluster'): Manifest {
  return manifest('KubeOpenCodeConfig', name, spec);
}
