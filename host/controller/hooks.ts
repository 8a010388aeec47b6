import type { Action } from '#core/contract/decision.ts';
import type { Outcome, Subject } from '#core/contract/snapshot.ts';
import type { Deliberation } from './deliberate.ts';

/** controller-runtime's counters of one controller; `host/observe` has them. */
export interface ControllerMetrics {
  reconciled(result: 'success' | 'error' | 'requeue' | 'requeue_after', seconds: number): void;
  queueAdded(): void;
  queueRetried(): void;
  queueWaited(seconds: number): void;
  maxConcurrentReconciles(count: number): void;
  taskFinished(labels: { readonly namespace: string; readonly agent: string }, seconds: number): void;
}

/** For whoever wants to see each step: the plan, the timeline of the demo, the simulation's invariants. Called synchronously; must not throw. */
export interface ControllerHooks {
  /** A subject was decided, or could not be. Before anything of it is done. */
  decided?(subject: Subject, deliberation: Deliberation): void;
  /** An action has come to something. */
  acted?(subject: Subject, action: Action, outcome: Outcome): void;
}

export const NO_METRICS: ControllerMetrics = {
  reconciled: () => {},
  queueAdded: () => {},
  queueRetried: () => {},
  queueWaited: () => {},
  maxConcurrentReconciles: () => {},
  taskFinished: () => {},
};
