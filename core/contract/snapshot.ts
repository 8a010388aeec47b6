import type { KubeOpenCodeConfigSpec } from '../api/config.ts';
import type { KubernetesObject, Pod } from '../api/kubernetes.ts';
import type { Task } from '../api/task.ts';

/** RFC 3339, UTC, with milliseconds: `2026-01-02T03:04:05.678Z`. */
export type Timestamp = string;

/** The object that a decision is about. */
export interface Subject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Kinds that the core may ask the host to read. */
export type ReadKind = 'Task' | 'Pod' | 'Agent' | 'AgentTemplate' | 'ConfigMap';

/** An object that the core wants to see. `live` asks the API server itself (a quorum GET), because a cache can't prove absence. */
export interface Ref {
  readonly kind: ReadKind;
  readonly namespace: string;
  readonly name: string;
  readonly live?: true;
}

/** `Kind/namespace/name`, with `?live` behind it for a live read: the keys of `Snapshot.read`. */
export type RefKey = string;

export function refKey(ref: Ref): RefKey {
  return `${ref.kind}/${ref.namespace}/${ref.name}${ref.live ? '?live' : ''}`;
}

/** What came of a read. `unavailable` carries the HTTP code (0 when no answer came) and says nothing about the object. */
export type ReadResult =
  | { readonly found: KubernetesObject }
  | { readonly absent: true }
  | { readonly unavailable: { readonly code: number; readonly message: string } };

/** What became of an action or effect of an earlier decision. The host keeps it until the core has seen the object that settles it. */
export interface Outcome {
  /** `id` of the action. */
  readonly actionId: string;
  /** `unknown`: no answer came, the write may have happened. */
  readonly result: 'ok' | 'refused' | 'unknown';
  /** HTTP code of a refusal. */
  readonly code?: number;
  /** `reason` of the API server's Status, such as `Forbidden`, `AlreadyExists`. */
  readonly reason?: string;
  /** The API server's text, for people. */
  readonly message?: string;
  /** What the API server asked for in `Retry-After`, in milliseconds. */
  readonly retryAfterMs?: number;
  /** How often this action came to this result in a row, from 1. */
  readonly count: number;
  readonly firstAt: Timestamp;
  readonly lastAt: Timestamp;
  /** Answer of an `Effect`: the JSON of a `KeptLog`, or of the session that goes into `Task.status.session`. Of a `RecordStart` that failed: the `startTime` that it had. */
  readonly answer?: string;
}

/** What `KubeOpenCodeConfig` and the host's flags amount to. */
export interface Settings {
  /** Spec of the KubeOpenCodeConfig named `cluster`; empty when there is none. */
  readonly config: KubeOpenCodeConfigSpec;
  /** How long a missing Agent, template or ConfigMap is waited for before it is final, in seconds, counted from the condition that says so. Default 60. */
  readonly referenceGraceSeconds: number;
  /** How long past its grace period a Pod on an unreachable node may stay before its Task ends as NodeLost, in seconds. Default 300. */
  readonly unreachableAfterSeconds: number;
}

/** All that a decision may depend on. Two equal snapshots give byte-identical decisions. */
export interface Snapshot {
  readonly contract: 1;
  /** One reconciler a kind. */
  readonly kind: 'Task';
  /** The only clock that the core knows. */
  readonly now: Timestamp;
  readonly subject: Subject;
  /** null: confirmed gone by a live read, but a Pod of its still bears our finalizer. */
  readonly task: Task | null;
  /** Every Pod whose controller owner is the subject's UID, projected to `PROJECTIONS.Pod`, ordered by name. */
  readonly pods: readonly Pod[];
  /**
   * Absent: the Task holds no place that the host knows of, or one that it was to give back. false: it waits in the queue that it asked for.
   * true: the host gave it a slot; the next decision takes it (by creating the Pod) or gives it back.
   */
  readonly granted?: boolean;
  /**
   * How many finished Tasks of the namespace ended after this one (by `completionTime`, then name). Only for a finished Task, and only while the config's
   * `cleanup.maxRetainedTasks` is set: when it reaches that number, this Task is one too many.
   */
  readonly finishedRank?: number;
  /** The same among those of the namespace with the same outcome (`outcomeOfTask`), while one of the config's limits an outcome is set. */
  readonly finishedRankOfOutcome?: number;
  readonly read: Readonly<Record<RefKey, ReadResult>>;
  readonly outcomes: readonly Outcome[];
  readonly settings: Settings;
}
