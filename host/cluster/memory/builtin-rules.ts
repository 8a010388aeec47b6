import { jsonEqual } from '../json.ts';
import type { FieldError } from './errors.ts';
import type { Json, StoredObject } from './kinds.ts';

/** All values of a ConfigMap together. Source: kubernetes pkg/apis/core/types.go, MaxSecretSize. */
const CONFIG_MAP_LIMIT_BYTES = 1_048_576;
const IMMUTABLE = 'Forbidden: field is immutable when `immutable` is set';

/** What a real API server refuses in a ConfigMap, Event or Lease. Source: kubernetes pkg/apis/{core,coordination}/validation. */
export function validateBuiltin(object: StoredObject, old?: StoredObject): FieldError[] {
  switch (object.kind) {
    case 'ConfigMap':
      return [...(old === undefined ? [] : validateImmutable(object as Bag, old as Bag)), ...validateConfigMap(object as Bag)];
    case 'Event':
      return old === undefined ? validateEvent(object as StoredObject & Json) : [];
    case 'Lease':
      return validateLease(object);
    default:
      return [];
  }
}

interface Bag extends StoredObject {
  readonly immutable?: boolean;
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

function validateConfigMap({ data = {}, binaryData = {} }: Bag): FieldError[] {
  const errors: FieldError[] = [];
  let sizeBytes = 0;
  for (const [field, bag] of [['data', data] as const, ['binaryData', binaryData] as const]) {
    for (const [key, value] of Object.entries(bag)) {
      if (!isKey(key))
        errors.push({
          field: `${field}[${key}]`,
          message: `Invalid value: "${key}": a valid config key must consist of alphanumeric characters, '-', '_' or '.'`,
        });
      sizeBytes += field === 'data' ? Buffer.byteLength(value) : Buffer.from(value, 'base64').length;
    }
  }
  for (const key of Object.keys(data).filter((each) => Object.hasOwn(binaryData, each))) {
    errors.push({ field: `data[${key}]`, message: `Invalid value: "${key}": duplicate of key present in binaryData` });
  }
  // The API server names no field: it is about the whole object.
  if (sizeBytes > CONFIG_MAP_LIMIT_BYTES)
    errors.push({ field: '[]', message: `Too long: may not be more than ${CONFIG_MAP_LIMIT_BYTES} bytes` });
  return errors;
}

function isKey(key: string): boolean {
  return /^[-._a-zA-Z0-9]{1,253}$/.test(key) && key !== '.' && !key.startsWith('..');
}

function validateImmutable(object: Bag, old: Bag): FieldError[] {
  if (old.immutable !== true) return [];
  const changed = (['data', 'binaryData'] as const).filter((field) => !jsonEqual(object[field], old[field]));
  const fields = object.immutable === true ? changed : ['immutable', ...changed];
  return fields.map((field) => ({ field, message: IMMUTABLE }));
}

/** Longest texts of an Event, in bytes; all are required but the note. */
const EVENT_TEXTS = { reportingController: 253, reportingInstance: 128, action: 128, reason: 128 } as const;
const NOTE_LIMIT_BYTES = 1_024;

function validateEvent(event: StoredObject & Json): FieldError[] {
  if (event.eventTime === undefined) {
    return [...agreement(event), { field: 'eventTime', message: 'Required value' }, ...validateType(event)];
  }
  const errors: FieldError[] = [];
  for (const [field, limit] of Object.entries(EVENT_TEXTS)) {
    const text = String(event[field] ?? '');
    if (text === '') errors.push({ field, message: 'Required value' });
    if (text === '' && field === 'reportingController') errors.push({ field, message: 'Invalid value: "": name part must be non-empty' });
    if (Buffer.byteLength(text) > limit) errors.push({ field, message: `Invalid value: "": can have at most ${limit} characters` });
  }
  if (Buffer.byteLength(String(event.note ?? '')) > NOTE_LIMIT_BYTES) {
    errors.push({ field: 'message', message: `Invalid value: "": can have at most ${NOTE_LIMIT_BYTES} characters` });
  }
  return [...errors, ...(regardingNamespace(event) === '' ? agreement(event) : []), ...validateType(event)];
}

function validateType({ type }: Json): FieldError[] {
  return type === 'Normal' || type === 'Warning' ? [] : [{ field: 'type', message: `Invalid value: "": has invalid value: ${type ?? ''}` }];
}

/** An Event lies in the namespace of what it regards; of what has none, in `default` (or `kube-system`). */
function agreement(event: StoredObject & Json): FieldError[] {
  const regarded = regardingNamespace(event);
  const { namespace = '' } = event.metadata;
  const isFine =
    regarded === '' ? namespace === 'default' || (namespace === 'kube-system' && event.eventTime !== undefined) : regarded === namespace;
  return isFine ? [] : [{ field: 'involvedObject.namespace', message: `Invalid value: "${regarded}": does not match event.namespace` }];
}

function regardingNamespace({ regarding }: Json): string {
  return String((regarding as Json | undefined)?.namespace ?? '');
}

function validateLease({ spec = {} }: StoredObject): FieldError[] {
  const errors: FieldError[] = [];
  const { leaseDurationSeconds: seconds, leaseTransitions: transitions } = spec;
  if (typeof seconds === 'number' && seconds <= 0) {
    errors.push({ field: 'spec.leaseDurationSeconds', message: `Invalid value: ${seconds}: must be greater than 0` });
  }
  if (typeof transitions === 'number' && transitions < 0) {
    errors.push({ field: 'spec.leaseTransitions', message: `Invalid value: ${transitions}: must be greater than or equal to 0` });
  }
  return errors;
}
