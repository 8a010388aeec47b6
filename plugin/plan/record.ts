import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import type { Decided } from '#core/contract/decision.ts';
import type { Kind } from '#core/contract/kinds.ts';
import type { Snapshot, Subject } from '#core/contract/snapshot.ts';
import type { Assumption } from './assumptions.ts';

/** What came of an action on the memory cluster. */
export type ActionResult =
  | { readonly type: 'Refused'; readonly message: string }
  /** The object just before and just after. */
  | { readonly type: 'Patched'; readonly before: KubernetesObject; readonly after: KubernetesObject };

/** One decision of the run, or the core's failure to make one. */
export interface PlanRecord {
  /** Milliseconds since the run began. */
  readonly atMs: number;
  readonly subject: Subject;
  readonly snapshot: Snapshot;
  readonly decided: Decided | { readonly fault: string };
  /** By id of the action; absent where nothing is to be told. */
  readonly results: ReadonlyMap<string, ActionResult>;
}

/** An object of the files, applied before the run began. */
export interface Applied {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  /** Absent: it was not there. */
  readonly before?: KubernetesObject;
  readonly after: KubernetesObject;
}

/** What a run on the memory cluster left behind. */
export interface PlanRun {
  readonly core: string;
  readonly source: 'files' | 'files and cluster' | 'cluster';
  readonly assume: Assumption | 'as labelled';
  readonly horizonMs: number;
  /** RFC 3339. */
  readonly startsAt: string;
  /** UIDs that the cluster has given out already; every other one is made up by the plan. */
  readonly knownUids: ReadonlySet<string>;
  readonly applied: readonly Applied[];
  /** In the order in which they were decided; of every Task, also of those that are not planned but stand in the same queue. */
  readonly records: readonly PlanRecord[];
  /** The Tasks to be planned, as they stand at the end. */
  readonly tasks: readonly PlanSubject[];
}

export interface PlanSubject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Last state that was seen of it; null: the Task was gone before the plan began, and only its Pod was left. */
  readonly final: Task | null;
  /** When it came to its final phase, in milliseconds since the run began. */
  readonly endedAtMs?: number;
  readonly deletedAtMs?: number;
}
