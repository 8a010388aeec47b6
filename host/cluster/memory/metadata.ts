import type { ObjectMeta } from '#core/api/kubernetes.ts';
import type { FieldError } from './errors.ts';
import type { StoredMeta } from './kinds.ts';

const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED_NAME = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;
/** Source: apimachinery pkg/api/validation, TotalAnnotationSizeLimitB. */
const ANNOTATIONS_LIMIT_BYTES = 262_144;
/** Finalizers without a domain that Kubernetes itself uses. */
const STANDARD_FINALIZERS = ['orphan', 'foregroundDeletion', 'kubernetes'];

/** What a real API server refuses in metadata. Source: apimachinery pkg/api/validation/objectmeta.go. */
export function validateMetadata(metadata: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  if (!NAME.test(metadata.name) || metadata.name.length > 253) {
    const rule =
      metadata.name.length > 253
        ? 'must be no more than 253 bytes'
        : "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    errors.push({ field: 'metadata.name', message: `Invalid value: "${metadata.name}": ${rule}` });
  }
  return [...errors, ...validateLabels(metadata), ...validateAnnotations(metadata), ...validateReferences(metadata)];
}

function validateLabels({ labels = {} }: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(labels)) {
    if (!QUALIFIED_NAME.test(key)) errors.push({ field: 'metadata.labels', message: `Invalid value: "${key}": name part must be valid` });
    if (value.length > 63) errors.push({ field: 'metadata.labels', message: `Invalid value: "${value}": must be no more than 63 bytes` });
    else if (!LABEL_VALUE.test(value)) {
      errors.push({
        field: 'metadata.labels',
        message: `Invalid value: "${value}": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`,
      });
    }
  }
  return errors;
}

function validateAnnotations({ annotations = {} }: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  let sizeBytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    sizeBytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    if (!QUALIFIED_NAME.test(key))
      errors.push({ field: 'metadata.annotations', message: `Invalid value: "${key}": name part must be valid` });
  }
  if (sizeBytes > ANNOTATIONS_LIMIT_BYTES)
    errors.push({ field: 'metadata.annotations', message: `Too long: may not be more than ${ANNOTATIONS_LIMIT_BYTES} bytes` });
  return errors;
}

function validateReferences({ ownerReferences = [], finalizers = [] }: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  const controllers = ownerReferences.filter(({ controller }) => controller === true);
  if (controllers.length > 1) {
    const names = controllers.slice(0, 2).map(({ kind, name }) => `${kind}/${name}`);
    const text = `Only one reference can have Controller set to true. Found "true" in references for ${names.join(' and ')}`;
    errors.push({ field: 'metadata.ownerReferences', message: `Invalid value: ${JSON.stringify(ownerReferences)}: ${text}` });
  }
  for (const [index, { uid }] of ownerReferences.entries()) {
    if (uid === '') errors.push({ field: `metadata.ownerReferences[${index}].uid`, message: 'Required value: must not be empty' });
  }
  for (const [index, finalizer] of finalizers.entries()) {
    if (QUALIFIED_NAME.test(finalizer) && (finalizer.includes('/') || STANDARD_FINALIZERS.includes(finalizer))) continue;
    errors.push({
      field: `metadata.finalizers[${index}]`,
      message: `Invalid value: "${finalizer}": name is neither a standard finalizer name nor is it fully qualified`,
    });
  }
  return errors;
}

/** Metadata of an update: what the system owns is kept from `old`; what was asked for and may not change is an error. */
export function updateMetadata(
  wanted: ObjectMeta,
  old: StoredMeta,
): { readonly metadata: StoredMeta; readonly errors: readonly FieldError[] } {
  const errors: FieldError[] = [];
  for (const field of ['uid', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const) {
    const value = wanted[field];
    if (value === undefined || value === old[field]) continue;
    // Of what is being deleted the time stays as it is, whatever is asked.
    if (field === 'deletionTimestamp' && old.deletionTimestamp !== undefined) continue;
    errors.push({ field: `metadata.${field}`, message: `Invalid value: ${JSON.stringify(value)}: field is immutable` });
  }
  const added = (wanted.finalizers ?? []).filter((finalizer) => !old.finalizers?.includes(finalizer));
  if (old.deletionTimestamp !== undefined && added.length > 0) {
    const list = added.map((finalizer) => `"${finalizer}"`).join(', ');
    const text = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
    errors.push({ field: 'metadata.finalizers', message: `Forbidden: ${text}` });
  }
  const { uid, creationTimestamp, resourceVersion, generation, deletionTimestamp, deletionGracePeriodSeconds } = old;
  const metadata: StoredMeta = {
    ...withoutEmpty(wanted),
    uid,
    creationTimestamp,
    resourceVersion,
    ...(generation === undefined ? {} : { generation }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    ...(deletionGracePeriodSeconds === undefined ? {} : { deletionGracePeriodSeconds }),
  };
  return { metadata, errors };
}

/** The API server does not print empty maps and lists of metadata. */
export function withoutEmpty(metadata: ObjectMeta): ObjectMeta {
  const {
    labels,
    annotations,
    finalizers,
    ownerReferences,
    generation: _,
    deletionTimestamp: __,
    deletionGracePeriodSeconds: ___,
    ...rest
  } = metadata;
  return {
    ...rest,
    ...(labels === undefined || Object.keys(labels).length === 0 ? {} : { labels }),
    ...(annotations === undefined || Object.keys(annotations).length === 0 ? {} : { annotations }),
    ...(finalizers === undefined || finalizers.length === 0 ? {} : { finalizers }),
    ...(ownerReferences === undefined || ownerReferences.length === 0 ? {} : { ownerReferences }),
  };
}
