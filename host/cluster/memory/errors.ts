import type { Kind } from '#core/contract/kinds.ts';
import type { ClusterError } from '../cluster.ts';
import { qualifiedKind, resourceName } from './kinds.ts';

/** Refusals with the codes, reasons and texts of a real API server (1.37). */
type Refused = Extract<ClusterError, { type: 'Refused' }>;

export interface FieldError {
  readonly field: string;
  readonly message: string;
}

export function refused(code: number, reason: string, message: string): Refused {
  return { type: 'Refused', code, reason, message };
}

export function notFound(kind: Kind, name: string): Refused {
  return refused(404, 'NotFound', `${resourceName(kind)} "${name}" not found`);
}

export function namespaceNotFound(namespace: string): Refused {
  return refused(404, 'NotFound', `namespaces "${namespace}" not found`);
}

export function resourceNotFound(): Refused {
  return refused(404, 'NotFound', 'the server could not find the requested resource');
}

export function alreadyExists(kind: Kind, name: string, isBeingDeleted: boolean): Refused {
  const prefix = isBeingDeleted ? 'object is being deleted: ' : '';
  return refused(409, 'AlreadyExists', `${prefix}${resourceName(kind)} "${name}" already exists`);
}

export function modified(kind: Kind, name: string): Refused {
  return conflict(resourceName(kind), name, 'the object has been modified; please apply your changes to the latest version and try again');
}

export function preconditionFailed(kind: Kind, name: string, field: 'UID' | 'ResourceVersion', wanted: string, found: string): Refused {
  const guess = field === 'UID' ? 'deleted and then recreated' : 'modified';
  const text = `the ${field} in the precondition (${wanted}) does not match the ${field} in record (${found}). The object might have been ${guess}`;
  return conflict(qualifiedKind(kind), name, text);
}

function conflict(resource: string, name: string, text: string): Refused {
  return refused(409, 'Conflict', `Operation cannot be fulfilled on ${resource} "${name}": ${text}`);
}

export function invalid(kind: Kind, name: string, errors: readonly FieldError[]): Refused {
  const texts = errors.map(({ field, message }) => `${field}: ${message}`);
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  return { ...refused(422, 'Invalid', `${qualifiedKind(kind)} "${name}" is invalid: ${list}`), fields: errors.map(({ field }) => field) };
}

export function forbidden(kind: Kind, name: string, text: string): Refused {
  return refused(403, 'Forbidden', `${resourceName(kind)} "${name}" is forbidden: ${text}`);
}

export function badRequest(message: string): Refused {
  return refused(400, 'BadRequest', message);
}

export function unsupportedMediaType(): Refused {
  const accepted = 'application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml';
  return refused(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
  );
}

/** A watch from, or a list at, a version that compaction has removed. */
export function expired(wanted: number, oldest: number): Refused {
  return refused(410, 'Expired', `too old resource version: ${wanted} (${oldest})`);
}

/** A page of a list whose version compaction has removed. */
export function continueExpired(): Refused {
  return refused(
    410,
    'Expired',
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter',
  );
}

export function versionTooLarge(wanted: string, current: number): Refused {
  return { ...refused(504, 'Timeout', `Timeout: Too large resource version: ${wanted}, current: ${current}`), retryAfterMs: 1_000 };
}
