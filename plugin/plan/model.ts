import type { PlannedAction } from './actions.ts';
import type { Change } from './changes.ts';
import type { PlanNext } from './next.ts';
import type { Applied, Lacked, PlanRun } from './record.ts';
import type { PlanSummary } from './summary.ts';

/** The contract of `plan -o json`. Fields are added within a version, never changed or removed. */
export interface Plan {
  readonly formatVersion: 1;
  readonly core: string;
  readonly source: PlanRun['source'];
  readonly assume: PlanRun['assume'];
  readonly horizon: string;
  /** The moment that times inside objects and patches count from; made up when no cluster was asked. */
  readonly startsAt: string;
  /** What applying the files changes in the cluster, in their order; absent without a cluster or files. */
  readonly applies?: readonly PlannedApply[];
  readonly tasks: readonly PlannedTask[];
  readonly summary: PlanSummary;
  /** What could not be read. */
  readonly lacked: readonly Lacked[];
}

/** What applying one object of the files does to what is live. */
export interface PlannedApply extends Pick<Applied, 'kind' | 'namespace' | 'name'> {
  readonly verb: 'create' | 'patch' | 'none';
  /** Of `patch`. */
  readonly changes?: readonly Change[];
}

export interface PlannedTask {
  readonly namespace: string;
  readonly name: string;
  /** Where the first moment of the plan leaves it. */
  readonly outlook: Outlook;
  readonly steps: readonly PlanStep[];
  readonly end: PlanEnd;
  /** What it waits for where the plan stops: no end before the horizon, or a clean-up that is still to come. */
  readonly next?: PlanNext;
  /** Why it can't go ahead: no Pod is ever created for it, and not because it was told to wait. */
  readonly blocked?: string;
}

/**
 * `Starts` a Pod, `Runs` on one, `Waits` for its turn or for something that lacks, `Ends`; `Blocked` for as long as the plan looks ahead; `Finished` before
 * the plan began, `Deleted` then or at once.
 */
export type Outlook = 'Starts' | 'Runs' | 'Ends' | 'Waits' | 'Blocked' | 'Finished' | 'Deleted';

export interface PlanStep {
  /** Since the plan's beginning, a Go duration with a plus: `+0s`, `+1m30s`. */
  readonly at: string;
  readonly actions: readonly PlannedStepAction[];
  /** Why, in words. */
  readonly says: string;
  readonly rules: readonly string[];
  /** The same was tried again and refused again. */
  readonly again?: { readonly times: number; readonly last: string };
  /** What is waited for before anything more happens, where this is the last step of its moment and the Task has not ended. */
  readonly next?: PlanNext;
}

export interface PlannedStepAction extends PlannedAction {
  /** As in the journal of the controller. */
  readonly id: string;
  /** Of a patch: what it changes in the object as it stands at that step. */
  readonly changes?: readonly Change[];
}

export interface PlanEnd {
  /** Phase at the end of the plan; not a final one when the horizon came first. `Deleted` for a Task that was gone before. */
  readonly phase: string;
  readonly cause?: string;
  readonly message?: string;
  /** Absent: it has not ended before the horizon. */
  readonly at?: string;
  /** When the Task itself was deleted. */
  readonly deletedAt?: string;
}

/** Whether carrying the plan out would change anything but Events. */
export function hasChanges({ tasks }: Pick<Plan, 'tasks'>): boolean {
  return tasks.some(({ steps }) =>
    steps.some(({ actions }) => actions.some(({ verb }) => verb === 'create' || verb === 'patch' || verb === 'delete')),
  );
}
