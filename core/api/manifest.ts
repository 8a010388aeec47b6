import type * as z from 'zod';
import { agentSchema } from './agent.ts';
import { agentTemplateSchema } from './agent-template.ts';
import { kubeOpenCodeConfigSchema } from './config.ts';
import type { KubernetesObject } from './kubernetes.ts';
import { taskSchema } from './task.ts';

/** The schema of each kind that this project owns. */
export const SCHEMAS = {
  Task: taskSchema,
  Agent: agentSchema,
  AgentTemplate: agentTemplateSchema,
  KubeOpenCodeConfig: kubeOpenCodeConfigSchema,
} as const;

export type OwnKind = keyof typeof SCHEMAS;

/** One thing that the API server would refuse in a manifest. */
export interface Problem {
  /** Such as `spec.contexts[0].mountPath`; empty for the object as a whole. */
  readonly path: string;
  readonly message: string;
}

/** A manifest as the API server would store it, defaults filled in, or why it would refuse it. */
export type CheckedManifest =
  | { readonly ok: true; readonly object: KubernetesObject }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export function isOwnKind(kind: unknown): kind is OwnKind {
  return typeof kind === 'string' && Object.hasOwn(SCHEMAS, kind);
}

/**
 * Judges a manifest of one of our kinds as the API server does with strict field validation: schema, defaults and the CEL rules, save those about
 * the object's earlier form. Fields that are null count as absent.
 */
export function checkManifest(kind: OwnKind, manifest: unknown): CheckedManifest {
  const schema: z.ZodType = SCHEMAS[kind];
  const first = schema.safeParse(manifest);
  const nulls = first.success ? [] : first.error.issues.map((issue) => issue.path).filter((path) => isNullField(manifest, path));
  const result = nulls.length === 0 ? first : schema.safeParse(nulls.reduce(without, manifest));
  if (result.success) return { ok: true, object: result.data as KubernetesObject };
  return { ok: false, problems: result.error.issues.map((issue) => ({ path: fieldPath(issue.path), message: issue.message })) };
}

/** `['spec', 'contexts', 0, 'git']` as people read it: `spec.contexts[0].git`. */
function fieldPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}${text === '' ? '' : '.'}${String(key)}`),
    '',
  );
}

function isNullField(value: unknown, path: readonly PropertyKey[]): boolean {
  const last = path.at(-1);
  return typeof last === 'string' && path.reduce(child, value) === null;
}

function child(value: unknown, key: PropertyKey): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<PropertyKey, unknown>>)[key] : undefined;
}

function without(value: unknown, [key, ...rest]: readonly PropertyKey[]): unknown {
  if (typeof value !== 'object' || value === null || key === undefined) return value;
  if (Array.isArray(value)) return value.map((item, index) => (index === key ? without(item, rest) : item));
  const entries = Object.entries(value);
  if (rest.length === 0) return Object.fromEntries(entries.filter(([name]) => name !== key));
  return Object.fromEntries(entries.map(([name, item]) => [name, name === key ? without(item, rest) : item]));
}
