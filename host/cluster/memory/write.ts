import type { KubernetesObject, ObjectMeta, Pod, PodSpec } from '#core/api/kubernetes.ts';
import { apiVersionOf, type Kind, RESOURCES } from '#core/contract/kinds.ts';
import type { ClusterError, Result } from '../cluster.ts';
import { fieldsEqual, jsonEqual } from '../json.ts';
import { validateBuiltin } from './builtin-rules.ts';
import { conform } from './custom-resource.ts';
import { type FieldError, invalid, modified } from './errors.ts';
import { copyJson, KIND_RULES, metaTime, type StoredObject } from './kinds.ts';
import { updateMetadata, validateMetadata, withoutEmpty } from './metadata.ts';
import { defaultPodSpec, initialPodStatus, validatePodSpec, validatePodUpdate } from './pod-rules.ts';

type Draft = KubernetesObject & { readonly kind: Kind };

/**
 * What of custom resources is judged by the schemas of their CRDs. `Everything`: as the API server does. `Specs`: but not what is written to their status, which
 * only controllers do. `Nothing`: for those who know that all is well and have no time to see it confirmed (about 60 µs an object), or whose CRDs accept anything.
 */
export type Judged = 'Everything' | 'Specs' | 'Nothing';

/** A new object as it would be stored, but for its version; 422 when the API server would refuse it. */
export function prepareCreate(wanted: Draft, uid: string, nowMs: number, judged: Judged): Result<StoredObject> {
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
  if (rules.custom && judged !== 'Nothing') {
    const conformed = conform(object);
    return checked(conformed.object, [...errors, ...conformed.errors]);
  }
  if (kind !== 'Pod') return checked(object, [...errors, ...validateBuiltin(object)]);
  const spec = (fields as Partial<Pod>).spec ?? { containers: [] };
  errors.push(...validatePodSpec(spec));
  const defaulted = defaultPodSpec(spec);
  return checked(withFields(object, { spec: defaulted, status: initialPodStatus(defaulted) }), errors);
}

/**
 * An update (or a write of the status) as it would be stored, made of parts of `wanted` and `old`; `old` itself when nothing changes. 409 and 422 as the API
 * server answers.
 */
export function prepareUpdate(wanted: KubernetesObject, old: StoredObject, judged: Judged, subresource?: 'status'): Result<StoredObject> {
  const { kind } = old;
  const fields = wanted as StoredObject;
  const asked: ObjectMeta = fields.metadata;
  if (asked.resourceVersion !== undefined && !/^\d*$/.test(asked.resourceVersion)) {
    const message = `strconv.ParseUint: parsing "${asked.resourceVersion}": invalid syntax`;
    return { ok: false, error: { type: 'Refused', code: 500, reason: '', message } };
  }
  if (asked.resourceVersion !== undefined && asked.resourceVersion !== '' && asked.resourceVersion !== old.metadata.resourceVersion) {
    return { ok: false, error: modified(kind, old.metadata.name) };
  }
  const updated = subresource === 'status' ? updateStatus(fields, old, judged) : updateObject(fields, old, judged);
  if (updated.errors.length > 0) return { ok: false, error: invalid(kind, old.metadata.name, updated.errors) };
  return { ok: true, value: jsonEqual(updated.object, old) ? old : updated.object };
}

interface Updated {
  readonly object: StoredObject;
  readonly errors: readonly FieldError[];
}

function updateStatus(fields: StoredObject, old: StoredObject, judged: Judged): Updated {
  // Of a custom resource nothing but the status is taken: a wrong uid in metadata is not even looked at.
  if (KIND_RULES[old.kind].custom) {
    const object = withFields(old, { status: fields.status });
    return judged === 'Everything' ? conform(object, old) : { object, errors: [] };
  }
  const { metadata, errors } = updateMetadata(fields.metadata, old.metadata);
  const { ownerReferences } = old.metadata;
  const kept = ownerReferences === undefined ? metadata : { ...metadata, ownerReferences };
  // The class of service is the server's.
  const qosClass = old.status?.qosClass;
  const status = { ...fields.status, ...(qosClass === undefined ? {} : { qosClass }) };
  return { object: withFields({ ...old, metadata: kept }, { status }), errors: [...errors, ...validateMetadata(metadata)] };
}

function updateObject(fields: StoredObject, old: StoredObject, judged: Judged): Updated {
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
  else errors.push(...validateBuiltin(object, old));
  const ignored = rules.statusSubresource ? ['metadata', 'status'] : ['metadata'];
  if (!rules.hasGeneration || fieldsEqual(object, old, ignored)) return { object, errors };
  if (!rules.custom || judged === 'Nothing') return renewed(object, old, errors);
  const conformed = conform(object, old);
  return renewed(conformed.object, old, [...errors, ...conformed.errors]);
}

/** With the next generation, unless only what is not kept was changed. */
function renewed(object: StoredObject, old: StoredObject, errors: readonly FieldError[]): Updated {
  const { metadata } = object;
  if (fieldsEqual(object, old, ['metadata', 'status'])) return { object, errors };
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
