import type { KubernetesObject, ObjectMeta } from '#core/api/kubernetes.ts';
import { type Kind, RESOURCES } from '#core/contract/kinds.ts';

/** An object as the memory API server keeps it: whole, plain JSON, never changed in place. */
export interface StoredObject extends KubernetesObject {
  readonly apiVersion: string;
  readonly kind: Kind;
  readonly metadata: StoredMeta;
  readonly spec?: Json;
  readonly status?: Json;
}

export interface StoredMeta extends ObjectMeta {
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
}

export type Json = Readonly<Record<string, unknown>>;

/** How the API server treats objects of a kind. */
export interface KindRules {
  /** Whether `/status` exists, so that status and the rest are written apart. */
  readonly statusSubresource: boolean;
  /** Whether `metadata.generation` counts changes of the spec. */
  readonly hasGeneration: boolean;
  /** Custom resources know no strategic merge, and their status writes ignore metadata. */
  readonly custom: boolean;
  /** Whether a deletion may give time (`deletionGracePeriodSeconds`). */
  readonly gracefulDeletion: boolean;
  /** Whether PUT creates what is not there. */
  readonly createOnReplace: boolean;
  /** Fields, beside `metadata.name` and `metadata.namespace`, that a field selector may name. */
  readonly selectableFields: readonly string[];
}

const CUSTOM: KindRules = {
  statusSubresource: true,
  hasGeneration: true,
  custom: true,
  gracefulDeletion: false,
  createOnReplace: false,
  selectableFields: [],
};

const BUILTIN: KindRules = { ...CUSTOM, statusSubresource: false, hasGeneration: false, custom: false };

export const KIND_RULES: Readonly<Record<Kind, KindRules>> = {
  Task: { ...CUSTOM, selectableFields: ['spec.agentRef.name', 'spec.templateRef.name', 'status.phase'] },
  Agent: CUSTOM,
  AgentTemplate: CUSTOM,
  KubeOpenCodeConfig: { ...CUSTOM, statusSubresource: false },
  Pod: {
    ...BUILTIN,
    statusSubresource: true,
    hasGeneration: true,
    gracefulDeletion: true,
    // Source: kubernetes pkg/registry/core/pod/strategy.go, ToSelectableFields.
    selectableFields: [
      'spec.nodeName',
      'spec.restartPolicy',
      'spec.schedulerName',
      'spec.serviceAccountName',
      'spec.hostNetwork',
      'status.phase',
      'status.podIP',
      'status.nominatedNodeName',
    ],
  },
  ConfigMap: BUILTIN,
  Event: BUILTIN,
  Lease: { ...BUILTIN, createOnReplace: true },
};

/** Name of a kind's resource as the API server's errors print it: `pods`, `tasks.kubeopencode.io`. */
export function resourceName(kind: Kind): string {
  const { group, plural } = RESOURCES[kind];
  return group === '' ? plural : `${plural}.${group}`;
}

/** Name of a kind as the API server's errors print it: `Pod`, `Task.kubeopencode.io`. */
export function qualifiedKind(kind: Kind): string {
  const { group } = RESOURCES[kind];
  return group === '' ? kind : `${kind}.${group}`;
}

/** Deep copy of a JSON value without what JSON can't hold (undefined) and what the API server drops (null fields of maps). */
export function copyJson<T>(value: T): T {
  return copy(value) as T;
}

function copy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copy);
  const fields: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const field = (value as Readonly<Record<string, unknown>>)[key];
    if (field === undefined || field === null) continue;
    // A plain assignment would take this name for the prototype.
    if (key === '__proto__') continue;
    fields[key] = typeof field === 'object' ? copy(field) : field;
  }
  return fields;
}

let memo = { second: Number.NaN, text: '' };

/** RFC 3339 in whole seconds, as `metav1.Time` is written. The last answer is remembered: many times of one write are the same. */
export function metaTime(epochMs: number): string {
  const second = Math.floor(epochMs / 1_000);
  if (second !== memo.second) memo = { second, text: `${new Date(second * 1_000).toISOString().slice(0, 19)}Z` };
  return memo.text;
}
