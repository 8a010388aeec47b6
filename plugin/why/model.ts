import type { Reason } from '#core/contract/decision.ts';
import type { Lack } from '../cluster/readings.ts';
import type { PlannedAction } from '../plan/actions.ts';
import type { ChangeKind } from './changes.ts';
import type { Course } from './course.ts';

/** The contract of `why -o json`. Fields are added within a version, never changed or removed. */
export interface Why {
  readonly formatVersion: 1;
  /** Digest of the core that explains. */
  readonly core: string;
  /** RFC 3339: the moment that is explained. */
  readonly at: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** As the Task's status has it; `Pending` for one that was not looked at yet. */
  readonly phase: string;
  readonly cause?: string;
  readonly message?: string;
  readonly course: Course;
  /** What the core asked for could not be read, for this user or just now: `says` and `reasons` are about that alone, and the status is what is known. */
  readonly isBlind?: true;
  /** In one sentence, by the core. */
  readonly says: string;
  readonly since?: WhySince;
  readonly until?: WhyUntil;
  readonly reasons: readonly Reason[];
  /** What the controller has to do now, in order; Events are left out. */
  readonly actions: readonly Omit<PlannedAction, 'object' | 'reason'>[];
  readonly refusal?: { readonly message: string /** Where it stands. */; readonly condition: string };
  readonly queue?: WhyQueue;
  readonly pod?: WhyPod;
  /** Single changes that were tried, nearest first. */
  readonly changes: readonly WhyChange[];
  /** What this user may not read: the explanation goes without it. */
  readonly lacks: readonly Pick<Lack, 'what' | 'message'>[];
}

export interface WhySince {
  readonly at: string;
  /** Go duration. */
  readonly ago: string;
  /** Who says so, such as `Queued=True/AgentAtCapacity` or `startTime`. */
  readonly by: string;
}

/** When the core looks again if nothing happens before, and what it does then. */
export interface WhyUntil {
  readonly at: string;
  /** Go duration. */
  readonly in: string;
  /** It may be sooner: when the last try was is not known. */
  readonly isLatest?: true;
  readonly leadsTo: string;
  readonly course: Course;
}

export interface WhyQueue {
  /** From 1; absent where the others can't be listed. */
  readonly position?: number;
  /** How many wait, this one included. */
  readonly waiting?: number;
  /** How many may hold a place at once; absent: no limit. */
  readonly slots?: number;
  readonly holding?: readonly string[];
  /** Who goes before, first first. */
  readonly ahead?: readonly string[];
  /** The Agent gives no place at all now. */
  readonly isClosed?: true;
  readonly notBefore?: string;
  /** A place is free and nobody is ahead: the controller gives it as soon as it looks. */
  readonly isFree?: true;
}

export interface WhyPod {
  readonly name: string;
  readonly phase: string;
  readonly node?: string;
  readonly deletionTimestamp?: string;
  /** What of it is not as it should be: conditions that are not True and say why, containers that wait. */
  readonly troubles: readonly string[];
}

export interface WhyChange {
  readonly kind: ChangeKind;
  readonly change: string;
  /** What was put in its place to try it. */
  readonly standIn?: string;
  /** Alone it is enough. */
  readonly goesOn: boolean;
  readonly leadsTo: string;
}
