import type { KubernetesObject } from '../api/kubernetes.ts';
import type { Kind } from './kinds.ts';
import type { Ref, Timestamp } from './snapshot.ts';

/** Address of an object to write. */
export interface Target {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
}

/** POST of a whole object; its name is deterministic, so a repetition is answered 409 and harms nothing. */
export interface Create {
  readonly type: 'Create';
  readonly id: string;
  readonly object: KubernetesObject & { readonly kind: Kind };
}

/** PATCH, bound to the object's UID (the host writes `metadata.uid`, and `metadata.resourceVersion` where given, into the patch). */
export interface Patch {
  readonly type: 'Patch';
  readonly id: string;
  readonly ref: Target;
  readonly uid: string;
  /** With it, a write that overtook somebody else's is answered 409 instead of undoing it. */
  readonly resourceVersion?: string;
  readonly patchType: 'merge' | 'strategic';
  readonly subresource?: 'status';
  readonly patch: Readonly<Record<string, unknown>>;
}

/** DELETE with a UID precondition. */
export interface Delete {
  readonly type: 'Delete';
  readonly id: string;
  readonly ref: Target;
  readonly uid: string;
  /** Absent: whatever it has become meanwhile. */
  readonly resourceVersion?: string;
  /** Seconds; absent: the object's own. */
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

/** An Event (`events.k8s.io/v1`) about the subject. `name` is deterministic (UID, attempt, reason), so a repetition is answered 409. */
export interface Event {
  readonly type: 'Event';
  readonly id: string;
  /** `metadata.name` of the Event. */
  readonly name: string;
  readonly regarding: Target & { readonly uid: string };
  readonly eventType: 'Normal' | 'Warning';
  readonly reason: string;
  readonly action: string;
  /** At most 1,024 bytes, as the API server allows. */
  readonly note: string;
}

/** Work aside that never blocks a decision; its result comes back as an `Outcome` with `answer`. */
export type Effect =
  | {
      readonly type: 'Effect';
      readonly id: string;
      readonly kind: 'LogTail';
      readonly pod: Target & { readonly uid: string };
      readonly container: string;
      /** How much of the end of the log is kept, in bytes of UTF-8. */
      readonly limitBytes: number;
      /** A container that still runs is followed to its end, at most so long, in seconds; what has come by then is kept. */
      readonly followSeconds: number;
      /**
       * ConfigMap to keep it in, but for `data`: the host adds that under the container's name and creates the object, or, where it is there and has the same
       * controller, replaces its data by a longer text. An empty log makes none. The Outcome's `answer` is the JSON of a `KeptLog`; the text itself never
       * enters a snapshot.
       */
      readonly configMap: KubernetesObject & { readonly kind: 'ConfigMap' };
    }
  | {
      readonly type: 'Effect';
      readonly id: string;
      readonly kind: 'SessionSummary' | 'SessionAbort';
      /** Base URL of the Agent's server. */
      readonly url: string;
      readonly title: string;
    };

/** What became of a `LogTail`. */
export interface KeptLog {
  /** Size of what was kept, in bytes. */
  readonly bytes: number;
  /** Whether there was more before it. */
  readonly truncated: boolean;
}

/** One start to be kept in `Agent.status.taskStartHistory`; the host batches these per Agent and writes them before the Pod is created. */
export interface RecordStart {
  readonly type: 'RecordStart';
  readonly id: string;
  readonly agent: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly record: { readonly taskName: string; readonly taskNamespace: string; readonly startTime: Timestamp };
  /** Records older than this many seconds are dropped in the same write. */
  readonly windowSeconds: number;
}

export type Action = Create | Patch | Delete | Event | Effect | RecordStart;

/**
 * A place at an Agent. The host keeps one heap a key, ordered by `order` (plain string comparison), grants one at a time, and counts as taken the places of
 * those that hold and those that were granted and not decided since. It grants nothing before each Task it knows was decided once.
 */
export type QueuePlace =
  | {
      readonly state: 'Wants';
      readonly key: string;
      readonly order: string;
      /** How many may hold a place of this key; absent: no limit. */
      readonly slots?: number;
      /** No grant before this time (a quota window). */
      readonly notBefore?: Timestamp;
      /** The key may grant nothing at all now (Agent suspended, not ready). */
      readonly closed?: true;
    }
  | { readonly state: 'Holds'; readonly key: string };

/** One rule that fired, in order, with the facts that it used. */
export interface Reason {
  /** Stable identifier such as `task/stop`, one a rule. */
  readonly rule: string;
  readonly module: 'core';
  /** One sentence for people. */
  readonly says: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** "Call me again with these." At most `MAX_PASSES` passes; all else of the snapshot stays as it was. */
export interface Reads {
  readonly type: 'Reads';
  readonly refs: readonly Ref[];
}

export interface Decided {
  readonly type: 'Decided';
  /** In order: after a crash behind any prefix of them the next decision heals. The host stops at the first that is refused or unknown (Events and Effects excepted). */
  readonly actions: readonly Action[];
  readonly queue?: QueuePlace;
  /** When to decide again if nothing happens before. */
  readonly wakeAt?: Timestamp;
  /** Watched objects whose change asks for a new decision. */
  readonly dependsOn: readonly Ref[];
  readonly reasons: readonly Reason[];
}

/** The core's answer to a snapshot that it cannot work with: a fault of the host, never of a user. */
export interface Unusable {
  readonly type: 'Unusable';
  readonly contract: number;
  readonly message: string;
}

export type Decision = Reads | Decided | Unusable;

/** How often one decision may ask for reads. */
export const MAX_PASSES = 8;

/** Exhaustiveness check for the end of a `switch` over a union. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value ${JSON.stringify(value)}`);
}
