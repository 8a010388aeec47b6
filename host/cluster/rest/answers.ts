import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { apiVersionOf, type Kind } from '#core/contract/kinds.ts';
import type { ClusterError, ObjectList, WatchEvent } from '../cluster.ts';
import { withoutManagedFields } from './managed-fields.ts';

type Refused = Extract<ClusterError, { type: 'Refused' }>;
type Fields = Readonly<Record<string, unknown>>;

/** How much of a body that is no Status is worth showing. */
const SHOWN_CHARS = 300;

/** What an API server's Status (`metav1.Status`), or whatever a proxy sent in its place, says. `code` is used where the body has none. */
export function refusal(code: number, body: string, retryAfterMs?: number): Refused {
  const status = parsed(body);
  if (status === undefined || status.kind !== 'Status') {
    const text = body.trim().slice(0, SHOWN_CHARS) || 'empty body';
    return {
      type: 'Refused',
      code,
      reason: '',
      message: `HTTP ${code} without a Status: ${text}`,
      ...optional('retryAfterMs', retryAfterMs),
    };
  }
  return refusalOfStatus(status, code, retryAfterMs);
}

function refusalOfStatus(status: Fields, code: number, retryAfterMs?: number): Refused {
  const details = asFields(status.details);
  const seconds = details?.retryAfterSeconds;
  const asked = retryAfterMs ?? (typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined);
  const causes = Array.isArray(details?.causes) ? details.causes : [];
  const fields = causes.map((cause) => asFields(cause)?.field).filter((field) => typeof field === 'string');
  return {
    type: 'Refused',
    code: typeof status.code === 'number' ? status.code : code,
    reason: typeof status.reason === 'string' ? status.reason : '',
    message: typeof status.message === 'string' ? status.message : `HTTP ${code}`,
    ...optional('retryAfterMs', asked),
    ...optional('fields', fields.length > 0 ? fields : undefined),
  };
}

/** `Retry-After` (seconds, or an HTTP date) in milliseconds from `nowMs`; undefined when there is none or it makes no sense. */
export function retryAfter(header: string | readonly string[] | undefined, nowMs: number): number | undefined {
  const text = (typeof header === 'string' ? header : header?.[0])?.trim();
  if (text === undefined || text === '') return undefined;
  if (/^[0-9]+$/.test(text)) return Number(text) * 1000;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

/** An object of the API; undefined when the text is something else. */
export function decodeObject(text: string): KubernetesObject | undefined {
  const value = parsed(text);
  return asFields(value?.metadata) === undefined ? undefined : (value as unknown as KubernetesObject);
}

/** Kind and metadata of an object that was written, whether or not more of it came; undefined when the text is something else. */
export function decodeMetadata(text: string, kind: Kind): KubernetesObject | undefined {
  const object = decodeObject(withoutManagedFields(text));
  return object === undefined ? undefined : metadataOf(object, kind);
}

/** As `decodeDeleted`, but kind and metadata alone of what is left. */
export function decodeDeletedMetadata(text: string, kind: Kind): KubernetesObject | null | undefined {
  const object = decodeDeleted(withoutManagedFields(text));
  return object ? metadataOf(object, kind) : object;
}

function metadataOf({ metadata }: KubernetesObject, kind: Kind): KubernetesObject {
  return { apiVersion: apiVersionOf(kind), kind, metadata };
}

/** A page of a list; undefined when the text is something else. Items get the kind that the API server leaves out of lists, so that they are like watched ones. */
export function decodeList(text: string, kind: Kind): ObjectList | undefined {
  const value = parsed(text);
  const metadata = asFields(value?.metadata);
  const resourceVersion = metadata?.resourceVersion;
  // A server without any object of a kind may answer `items: null`.
  const items = value?.items ?? [];
  if (typeof resourceVersion !== 'string' || !Array.isArray(items)) return undefined;
  const apiVersion = apiVersionOf(kind);
  for (const item of items) {
    item.kind ??= kind;
    item.apiVersion ??= apiVersion;
  }
  const token = metadata?.continue;
  return { resourceVersion, items, ...optional('continueToken', typeof token === 'string' && token !== '' ? token : undefined) };
}

/**
 * What is left after a DELETE: null when the object is gone. The API server answers with a Status where it is gone at once, but for Pods always with the
 * object, so one that nothing holds (no finalizer, no grace to run) is gone too. undefined when the text is neither.
 */
export function decodeDeleted(text: string): KubernetesObject | null | undefined {
  const value = parsed(text);
  if (value?.kind === 'Status') return null;
  const object = decodeObject(text);
  if (object === undefined) return undefined;
  const { finalizers = [], deletionTimestamp, deletionGracePeriodSeconds = 0 } = object.metadata;
  const isHeld = finalizers.length > 0 || (deletionTimestamp !== undefined && deletionGracePeriodSeconds > 0);
  return isHeld ? object : null;
}

/** One frame of a watch; undefined when the text is none. Without `managedFields`. */
export function decodeFrame(text: string): WatchEvent | undefined {
  const frame = parsed(withoutManagedFields(text));
  const object = asFields(frame?.object);
  if (frame === undefined || object === undefined) return undefined;
  const metadata = asFields(object.metadata);
  switch (frame.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return metadata === undefined ? undefined : { type: frame.type, object: object as unknown as KubernetesObject };
    case 'BOOKMARK': {
      const resourceVersion = metadata?.resourceVersion;
      return typeof resourceVersion === 'string' ? { type: 'BOOKMARK', resourceVersion } : undefined;
    }
    case 'ERROR':
      return { type: 'ERROR', error: refusalOfStatus(object, 500) };
    default:
      return undefined;
  }
}

function parsed(text: string): Fields | undefined {
  try {
    return asFields(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function asFields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [key in K]: V });
}
