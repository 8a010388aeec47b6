import type * as z from 'zod';
import { agentSchema } from '#core/api/agent.ts';
import { agentTemplateSchema } from '#core/api/agent-template.ts';
import { kubeOpenCodeConfigSchema } from '#core/api/config.ts';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { taskSchema } from '#core/api/task.ts';
import { apiVersionOf, type Kind, RESOURCES } from '#core/contract/kinds.ts';
import type { SourceObject } from './documents.ts';
import type { Fault } from './fault.ts';
import { isUnknownKind, unknownKindFault } from './kinds.ts';
import { check } from './schema-faults.ts';

export type PlannedKind = 'Task' | 'Agent' | 'AgentTemplate' | 'KubeOpenCodeConfig' | 'ConfigMap';
/** An object as the API server would keep it: defaults filled in, namespace set. */
export type PlannedObject = KubernetesObject & { readonly kind: PlannedKind };

export interface Manifests {
  /** In the order of the files. */
  readonly objects: readonly PlannedObject[];
  readonly faults: readonly Fault[];
  /** `Kind/name` of what has a fault. */
  readonly faulty: readonly string[];
  /** `Kind/name` of what a plan has no use for. */
  readonly leftOut: readonly string[];
}

const SCHEMAS = {
  Task: taskSchema,
  Agent: agentSchema,
  AgentTemplate: agentTemplateSchema,
  KubeOpenCodeConfig: kubeOpenCodeConfigSchema,
} as const satisfies Partial<Record<Kind, z.ZodType>>;

/** Sorts out what files hold: checks our kinds by their schemas, every fault at its line; takes ConfigMaps; names the rest. `namespace` is for objects that bear none; with `isForced` others are a fault, as in kubectl. */
export function readManifests(documents: readonly SourceObject[], namespace: string, isForced: boolean): Manifests {
  const results = documents.map((document) => readOne(document, namespace, isForced));
  const objects: PlannedObject[] = [];
  const faults: Fault[] = [];
  const seen = new Set<string>();
  for (const [index, result] of results.entries()) {
    faults.push(...result.faults);
    const document = documents[index];
    if (result.object === undefined || document === undefined) continue;
    const key = keyOf(result.object);
    if (key !== undefined && seen.has(key))
      faults.push(document.fault(['metadata', 'name'], `${key} is there twice; a name may be used once`));
    else objects.push(result.object);
    if (key !== undefined) seen.add(key);
  }
  return {
    objects,
    faults,
    faulty: results.flatMap(({ faults: own, title }) => (own.length > 0 ? [title] : [])),
    leftOut: results.flatMap(({ object, faults: own, title }) => (object === undefined && own.length === 0 ? [title] : [])),
  };
}

interface ReadResult {
  readonly title: string;
  readonly object?: PlannedObject;
  readonly faults: readonly Fault[];
}

function readOne(document: SourceObject, namespace: string, isForced: boolean): ReadResult {
  const { value } = document;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { title: document.source, faults: [document.fault([], 'expected an object of Kubernetes with apiVersion, kind and metadata')] };
  }
  const fields: Readonly<Record<string, unknown>> = { ...value };
  const kind = typeof fields.kind === 'string' ? fields.kind : '';
  const title = `${kind || 'object'}/${nameOf(fields)}`;
  if (kind === '' || typeof fields.apiVersion !== 'string') {
    const missing = kind === '' ? 'kind' : 'apiVersion';
    return { title, faults: [document.fault([missing], `${missing} is missing; every object of Kubernetes has one`)] };
  }
  if (isUnknownKind(kind, fields.apiVersion)) return { title, faults: [unknownKindFault(document, kind)] };
  if (!isPlanned(kind) || !belongs(kind, fields.apiVersion)) return { title, faults: [] };
  const faults = [...placeFaults(document, kind, fields, namespace, isForced)];
  const checked = kind === 'ConfigMap' ? { data: fields, faults: [] } : check(document, SCHEMAS[kind]);
  faults.push(...checked.faults);
  if (faults.length > 0 || checked.data === undefined) return { title, faults };
  return { title, faults, object: placed(checked.data, kind, namespace) };
}

/** kubectl's words where it has some. */
function placeFaults(
  document: SourceObject,
  kind: PlannedKind,
  fields: Readonly<Record<string, unknown>>,
  namespace: string,
  isForced: boolean,
): readonly Fault[] {
  const metadata: Readonly<Record<string, unknown>> =
    typeof fields.metadata === 'object' && fields.metadata !== null ? { ...fields.metadata } : {};
  const faults: Fault[] = [];
  if (typeof metadata.name !== 'string' && typeof metadata.generateName !== 'string')
    faults.push(document.fault(['metadata', 'name'], 'metadata.name is missing'));
  if (isForced && RESOURCES[kind].namespaced && typeof metadata.namespace === 'string' && metadata.namespace !== namespace) {
    faults.push(
      document.fault(
        ['metadata', 'namespace'],
        `the namespace from the object, ${JSON.stringify(metadata.namespace)}, does not match ${JSON.stringify(namespace)}; pass --namespace=${metadata.namespace}, or leave -n out`,
      ),
    );
  }
  return faults;
}

function placed(data: unknown, kind: PlannedKind, namespace: string): PlannedObject {
  const object = data as KubernetesObject;
  const { status: _status, ...rest } = object as KubernetesObject & { readonly status?: unknown };
  const { resourceVersion: _version, uid: _uid, ...metadata } = object.metadata;
  const where = RESOURCES[kind].namespaced ? { namespace: metadata.namespace ?? namespace } : {};
  return { ...rest, kind, apiVersion: apiVersionOf(kind), metadata: { ...metadata, ...where } };
}

function isPlanned(kind: string): kind is PlannedKind {
  return kind === 'ConfigMap' || Object.hasOwn(SCHEMAS, kind);
}

/** `Agent` may be somebody else's kind too. A wrong version of our own group is left to the schema, which names the right one. */
function belongs(kind: PlannedKind, apiVersion: string): boolean {
  const { group } = RESOURCES[kind];
  return group === '' ? apiVersion === apiVersionOf(kind) : apiVersion.startsWith(`${group}/`);
}

function nameOf(fields: Readonly<Record<string, unknown>>): string {
  const metadata = typeof fields.metadata === 'object' && fields.metadata !== null ? fields.metadata : {};
  if ('name' in metadata && typeof metadata.name === 'string') return metadata.name;
  return 'generateName' in metadata && typeof metadata.generateName === 'string' ? `${metadata.generateName}…` : 'without a name';
}

/** undefined where the API server makes the name. */
function keyOf({ kind, metadata }: PlannedObject): string | undefined {
  const name: string | undefined = metadata.name;
  if (name === undefined) return undefined;
  return metadata.namespace === undefined ? `${kind}/${name}` : `${kind}/${metadata.namespace}/${name}`;
}
