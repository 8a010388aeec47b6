import type { KubernetesObject, ObjectMeta, Pod, PodSpec } from '#core/api/kubernetes.ts';
import { apiVersionOf, type Kind, RESOURCES } from '#core/contract/kinds.ts';
import type { ClusterError, Result } from '../cluster.ts';
import { fieldsEqual, jsonEqual } from '../json.ts';
import { type FieldError, invalid, modified } from './errors.ts';
import { copyJson, KIND_RULES, metaTime, type StoredObject } from './kinds.ts';
import { updateMetadata, validateMetadata, withoutEmpty } from './metadata.ts';
import { defaultPodSpec, initialPodStatus, validatePodSpec, validatePodUpdate } from './pod-rules.ts';

type Draft = KubernetesObject & { readonly kind: Kind };

/** A new object as it would be stored, but for its version; 422 when the API server would refuse it. */
export function prepareCreate(wanted: Draft, uid: string, nowMs: number): Result<StoredObject> {
  const { kind } = wanted;
  const rules = KIND_RULES[kind];
  const { status: _, ...fields } = copyJson(wanted) as Draft & { readonly status?: unknown };
  const { namespace: wantedNamespace, ...wantedMetadata } = fields.metadata;
  const { name } = wantedMetadata;
  const namespace = RESOURCES[kind].namespaced ? wantedNamespace : undefined;
  const errors = validateMetadata(fields.metadata);
  const metadata = {
    ...withoutEmpty(wantedMetadata),
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid,
    resourceVersion: '',
    creationTimestamp: metaTime(nowMs),
    ...(rules.hasGeneration ? { generation: 1 } : {}),
  };
  const object: StoredObject = { ...fields, apiVersion: apiVersionOf(kind), kind, metadata };
  if (kind !== 'Pod') return checked(object, errors);
  const spec = (fields as Partial<Pod>).spec ?? { containers: [] };
  errors.push(...validatePodSpec(spec));
  const defaulted = defaultPodSpec(spec);
  return checked(withFields(object, { spec: defaulted, status: initialPodStatus(defaulted) }), errors);
}

/**
 * An update (or a write of the status) as it would be stored, made of parts of `wanted` and `old`; `old` itself when nothing changes. 409 and 422 as the API
 * server answers.
 */
export function prepareUpdate(wanted: KubernetesObject, old: StoredObject, subresource?: 'status'): Result<StoredObject> {
  const { kind } = old;
  const fields = wanted as StoredObject;
  const asked: ObjectMeta = fields.metadata;
  if (asked.resourceVersion !== undefined && asked.resourceVersion !== '' && asked.resourceVersion !== old.metadata.resourceVersion) {
    return { ok: false, error: modified(kind, old.metadata.name) };
  }
  const updated = subresource === 'status' ? updateStatus(fields, old) : updateObject(fields, old);
  if (updated.errors.length > 0) return { ok: false, error: invalid(kind, old.metadata.name, updated.errors) };
  return { ok: true, value: jsonEqual(updated.object, old) ? old : updated.object };
}

interface Updated {
  readonly object: StoredObject;
  readonly errors: readonly FieldError[];
}

function updateStatus(fields: StoredObject, old: StoredObject): Updated {
  // Of a custom resource nothing but the status is taken: a wrong uid in metadata is not even looked at.
  if (KIND_RULES[old.kind].custom) return { object: withFields(old, { status: fields.status }), errors: [] };
  const { metadata, errors } = updateMetadata(fields.metadata, old.metadata);
  const { ownerReferences } = old.metadata;
  const kept = ownerReferences === undefined ? metadata : { ...metadata, ownerReferences };
  // The class of service is the server's.
  const qosClass = old.status?.qosClass;
  const status = { ...fields.status, ...(qosClass === undefined ? {} : { qosClass }) };
  return { object: withFields({ ...old, metadata: kept }, { status }), errors: [...errors, ...validateMetadata(metadata)] };
}

function updateObject(fields: StoredObject, old: StoredObject): Updated {
  const rules = KIND_RULES[old.kind];
  const { metadata, errors: metadataErrors } = updateMetadata(fields.metadata, old.metadata);
  const errors = [...metadataErrors, ...validateMetadata(metadata)];
  // A builtin without a status takes none; a custom resource keeps what its schema would.
  const ownStatus = rules.custom ? fields.status : undefined;
  const status = rules.statusSubresource ? old.status : ownStatus;
  const hasOtherSpec = fields.spec !== old.spec;
  const spec = hasOtherSpec && old.kind === 'Pod' ? defaultPodSpec(specOf(fields)) : fields.spec;
  const object = withFields(
    { ...fields, apiVersion: old.apiVersion, kind: old.kind, metadata },
    { status, ...(spec === undefined ? {} : { spec }) },
  );
  if (old.kind === 'Pod') errors.push(...validatePodUpdate(specOf(object), specOf(old)));
  const ignored = rules.statusSubresource ? ['metadata', 'status'] : ['metadata'];
  const isNewGeneration = rules.hasGeneration && !fieldsEqual(object, old, ignored);
  if (!isNewGeneration) return { object, errors };
  return { object: { ...object, metadata: { ...metadata, generation: (old.metadata.generation ?? 0) + 1 } }, errors };
}

function specOf(object: StoredObject): PodSpec {
  return (object as StoredObject & Pod).spec;
}

/** Sets or, where undefined, leaves out. */
function withFields(object: StoredObject, fields: { readonly spec?: unknown; readonly status?: unknown }): StoredObject {
  const { status: _, ...rest } = object;
  const { status, ...others } = fields;
  return { ...rest, ...others, ...(status === undefined ? {} : { status }) } as StoredObject;
}

function checked(object: StoredObject, errors: readonly FieldError[]): Result<StoredObject> {
  if (errors.length === 0) return { ok: true, value: object };
  const error: ClusterError = invalid(object.kind, object.metadata.name, errors);
  return { ok: false, error };
}
