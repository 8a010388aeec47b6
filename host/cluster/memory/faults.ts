import type { Kind } from '#core/contract/kinds.ts';
import type { ClusterError, WatchEvent } from '../cluster.ts';

/** A call on its way to the memory API server. */
export interface Call {
  /** Name of the `MemoryCluster` that makes it. */
  readonly client: string;
  readonly verb: 'list' | 'watch' | 'get' | 'create' | 'replace' | 'patch' | 'delete' | 'logs';
  readonly kind: Kind;
  /** Empty: all namespaces, or a cluster-scoped kind. */
  readonly namespace: string;
  /** Empty for list and watch. */
  readonly name: string;
  readonly subresource?: 'status';
}

/** What befalls a call. Everything absent: nothing. */
export interface CallFault {
  /** Before the API server sees it. */
  readonly delayMs?: number;
  /** The API server never sees it; this is the answer. */
  readonly refuse?: ClusterError;
  /** The API server does it, but this is the answer. */
  readonly lose?: ClusterError;
  /** After the API server did it. */
  readonly responseDelayMs?: number;
  /** A list that allows a cache is answered from this older version. */
  readonly staleRevision?: number;
}

/** What befalls one event of a watch. Events of a watch never overtake each other. */
export type Delivery =
  | { readonly type: 'Deliver'; readonly delayMs?: number /** How often. Default 1. */; readonly copies?: number }
  | { readonly type: 'Drop' }
  /** The server ends the watch instead. */
  | { readonly type: 'Close' }
  /** An ERROR frame instead; the watch ends. */
  | { readonly type: 'Fail'; readonly error: ClusterError };

/** Hooks through which every call and every watch event pass. They must be deterministic: chance comes from the clock. */
export interface Faults {
  readonly onCall?: (call: Call) => CallFault | undefined;
  readonly onDelivery?: (watch: Call, event: WatchEvent) => Delivery | undefined;
}
