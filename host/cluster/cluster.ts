import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Kind } from '#core/contract/kinds.ts';

/** Why a call did not do what was asked. Values, not exceptions: what throws here is a bug. */
export type ClusterError =
  /** The API server refused with a Status. */
  | {
      readonly type: 'Refused';
      /** HTTP code, 400 to 599. */
      readonly code: number;
      /** `reason` of the Status (`NotFound`, `AlreadyExists`, `Conflict`, `Invalid`, `Forbidden`, `Expired`, …); empty when the body was none. */
      readonly reason: string;
      readonly message: string;
      /** From `Retry-After`. */
      readonly retryAfterMs?: number;
      /** `details.causes[].field`, for 422. */
      readonly fields?: readonly string[];
    }
  /** No usable answer came (reset, timeout, abort, TLS, DNS); a write may have happened. */
  | { readonly type: 'Unreachable'; readonly message: string; readonly cause?: unknown }
  /** Credentials could not be had (exec plugin failed, token file unreadable): nothing was sent. */
  | { readonly type: 'Credentials'; readonly message: string; readonly cause?: unknown };

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ClusterError };

export interface Address {
  readonly kind: Kind;
  /** Empty for a cluster-scoped kind. */
  readonly namespace: string;
  readonly name: string;
}

export interface Scope {
  readonly kind: Kind;
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ListOptions extends Scope {
  /** Page size. */
  readonly limit?: number;
  readonly continueToken?: string;
  /** `0`: any version the server's cache has. Absent: the newest (quorum). */
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
}

export interface ObjectList {
  readonly resourceVersion: string;
  readonly continueToken?: string;
  readonly items: readonly KubernetesObject[];
}

export interface WatchOptions extends Scope {
  readonly resourceVersion: string;
  /** After this many seconds the server ends the watch. */
  readonly timeoutSeconds: number;
}

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubernetesObject }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }
  /** An ERROR frame, or the call itself was refused; the stream ends with it. */
  | { readonly type: 'ERROR'; readonly error: ClusterError };

export interface WriteOptions {
  /** How much of the object comes back: `Metadata` its kind and metadata, which is a fraction of it. Default: all of it. */
  readonly answer?: 'Metadata';
}

export interface PatchOptions extends WriteOptions {
  readonly patchType: 'merge' | 'strategic';
  readonly subresource?: 'status';
}

export interface DeleteOptions extends WriteOptions {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

export interface LogOptions {
  readonly container: string;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  /** Only what is at most so old; whole seconds from 1. */
  readonly sinceSeconds?: number;
  /** Only what is not older: RFC 3339, whole seconds; not beside `sinceSeconds`. */
  readonly sinceTime?: string;
  /** Each line begins with its time. */
  readonly timestamps?: boolean;
}

/** A part of a log, or what kept the rest from coming. */
export type LogPiece = { readonly type: 'TEXT'; readonly text: string } | { readonly type: 'ERROR'; readonly error: ClusterError };

/**
 * An API server, real (`rest/`) or in memory (`memory/`). Every call may be aborted. Retries nothing: that is the caller's affair. `metadata.managedFields` may be
 * left out of whatever it answers.
 */
export interface Cluster {
  list(options: ListOptions, signal?: AbortSignal): Promise<Result<ObjectList>>;
  /** Bookmarks are always asked for. Ends without an event when the server closes it or the signal aborts. */
  watch(options: WatchOptions, signal: AbortSignal): AsyncIterable<WatchEvent>;
  /** A quorum read. */
  get(address: Address, signal?: AbortSignal): Promise<Result<KubernetesObject>>;
  create(
    object: KubernetesObject & { readonly kind: Kind },
    options?: WriteOptions,
    signal?: AbortSignal,
  ): Promise<Result<KubernetesObject>>;
  /** PUT with the object's resourceVersion; Leases only. */
  replace(object: KubernetesObject & { readonly kind: Kind }, signal?: AbortSignal): Promise<Result<KubernetesObject>>;
  patch(
    address: Address,
    patch: Readonly<Record<string, unknown>>,
    options: PatchOptions,
    signal?: AbortSignal,
  ): Promise<Result<KubernetesObject>>;
  /** The object as it stands after the call: with a deletionTimestamp when something holds it; null when it is gone. */
  delete(address: Address, options: DeleteOptions, signal?: AbortSignal): Promise<Result<KubernetesObject | null>>;
  logs(address: Address, options: LogOptions, signal?: AbortSignal): Promise<Result<string>>;
  /** Text of a log as it comes, in whatever pieces. Ends when the container has ended, or the signal aborts; `ERROR` is the last. Waits for as long as the log is silent. */
  followLogs(address: Address, options: LogOptions, signal: AbortSignal): AsyncIterable<LogPiece>;
}
