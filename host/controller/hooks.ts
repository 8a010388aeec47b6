import type { Action } from '#core/contract/decision.ts';
import type { Outcome, Subject } from '#core/contract/snapshot.ts';
import type { TaskOutcome } from '#core/contract/task-outcome.ts';
import type { Deliberation } from './deliberate.ts';

/** controller-runtime's counters of one controller; `host/observe` has them. */
export interface ControllerMetrics {
  reconciled(result: 'success' | 'error' | 'requeue' | 'requeue_after', seconds: number): void;
  queueAdded(): void;
  queueRetried(): void;
  queueWaited(seconds: number): void;
  maxConcurrentReconciles(count: number): void;
  /** A reconciliation threw: a bug of the host. It is told as an error besides. */
  panicked(): void;
  /** A Task began to run, so long after its creation. */
  taskStarted(owner: TaskOwner, waitedSeconds: number): void;
  /** An attempt ended; `cause` empty: it succeeded. */
  attemptEnded(owner: TaskOwner, cause: string): void;
  /** `seconds` from its start, or from its creation where it never started; null where its times do not tell. */
  taskFinished(end: TaskEnd, seconds: number | null): void;
}

/** Whose Task it is. */
export interface TaskOwner {
  readonly namespace: string;
  /** Empty: a Task of an AgentTemplate. */
  readonly agent: string;
}

/** A Task's end as it is counted. */
export interface TaskEnd extends TaskOwner {
  readonly outcome: TaskOutcome;
  /** Empty: it succeeded. */
  readonly cause: string;
}

/** For whoever wants to see each step: the plan, the timeline of the demo, the simulation's invariants. Called synchronously; must not throw. */
export interface ControllerHooks {
  /** A subject was decided, or could not be. Before anything of it is done. */
  decided?(subject: Subject, deliberation: Deliberation): void;
  /** An action has come to something. */
  acted?(subject: Subject, action: Action, outcome: Outcome): void;
}

/** Runs the work on a subject, for whoever wants to see it as one thing (a trace). */
export type AroundReconcile = <T extends { readonly type: string }>(
  subject: Subject,
  reconcileID: number,
  work: () => Promise<T>,
) => Promise<T>;

export const NO_METRICS: ControllerMetrics = {
  reconciled: () => {},
  queueAdded: () => {},
  queueRetried: () => {},
  queueWaited: () => {},
  maxConcurrentReconciles: () => {},
  panicked: () => {},
  taskStarted: () => {},
  attemptEnded: () => {},
  taskFinished: () => {},
};
