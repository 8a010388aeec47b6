import type { Attempt } from '#core/api/task.ts';
import type { Reason } from '#core/contract/decision.ts';
import type { TaskOutcome } from '#core/contract/task-outcome.ts';
import type { Lack } from '../cluster/readings.ts';
import type { PlannedAction } from '../plan/actions.ts';
import type { RetryBudget } from '../retries.ts';
import type { ChangeKind, Reach } from './changes/change.ts';
import type { WhyController } from './controller.ts';
import type { Course } from './course.ts';
import type { WhyQuota } from './quota.ts';

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
  /** In one sentence, for people: the first thing to know. */
  readonly answer: string;
  /** In one sentence, by the core. */
  readonly says: string;
  readonly since?: WhySince;
  readonly until?: WhyUntil;
  /** What comes, in order, when nothing but time changes. */
  readonly coming: readonly WhyMoment[];
  readonly reasons: readonly Reason[];
  /** What the controller has to do now, in order; Events are left out. */
  readonly actions: readonly Omit<PlannedAction, 'object' | 'reason'>[];
  readonly refusal?: { readonly message: string /** Where it stands. */; readonly condition: string };
  readonly queue?: WhyQueue;
  readonly pod?: WhyPod;
  /** What keeps the Pod from running, as the controller has told it. */
  readonly blocked?: WhyBlocked;
  /** Only between two attempts: the one that comes. */
  readonly next?: WhyNext;
  /** Attempts that have ended, of a Task that has not; the last 10. */
  readonly attempts?: readonly Attempt[];
  /** Absent where no retry is wanted, and none was spent. */
  readonly retries?: readonly RetryBudget[];
  /** Who waits for whom where the Task or its Pod is being deleted. */
  readonly waits: readonly WhyWait[];
  /** Only of a Task that has ended. */
  readonly end?: WhyEnd;
  /** Only of a Task that has ended: how long it is kept. Without fields: until somebody deletes it. */
  readonly kept?: WhyKept;
  /** Only of a Task that has ended otherwise than by success: what one more attempt would come to. */
  readonly again?: WhyAgain;
  /** Single changes that were tried: those that are enough first, of each the smaller ones first. */
  readonly changes: readonly WhyChange[];
  readonly controller?: WhyController;
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

export interface WhyMoment extends Omit<WhyUntil, 'isLatest'> {
  readonly by: 'Controller' | 'Kubelet';
}

export interface WhyQueue {
  /** Name of the Agent. */
  readonly agent: string;
  /** From 1; absent where the others can't be listed. */
  readonly position?: number;
  /** How many wait, this one included. */
  readonly waiting?: number;
  /** How many may hold a place at once; absent: no limit. */
  readonly slots?: number;
  readonly holding?: readonly string[];
  /** Who goes before, first first. */
  readonly ahead?: readonly string[];
  /** What is known of those that hold a place, in the order of `holding`. */
  readonly holders?: readonly WhyHolder[];
  /** What is known of those that go before, in the order of `ahead`. */
  readonly before?: readonly WhyAhead[];
  /** The Agent gives no place at all now. */
  readonly isClosed?: true;
  readonly notBefore?: string;
  readonly quota?: WhyQuota;
  /** A place is free for it and for all ahead of it: the controller gives it as soon as it looks. */
  readonly isFree?: true;
}

export interface WhyHolder {
  readonly name: string;
  readonly phase: string;
  /** Since when it holds the place: the creation of its Pod. */
  readonly since?: WhySince;
  readonly pod?: string;
  /** When its timeout ends it, RFC 3339; absent: no time is set. */
  readonly timesOutAt?: string;
  /** Somebody asked it to end. */
  readonly isEnding?: true;
}

export interface WhyAhead {
  readonly name: string;
  readonly priority: number;
  readonly createdAt?: string;
  /** Why it goes before: a higher priority, or because it is older (with its name, among equals). Asked of the core. */
  readonly by: 'Priority' | 'Age';
}

export interface WhyPod {
  readonly name: string;
  readonly uid?: string;
  readonly phase: string;
  readonly node?: string;
  readonly deletionTimestamp?: string;
  /** When the kubelet ends it: its `activeDeadlineSeconds`. */
  readonly deadlineAt?: string;
  /** What of it is not as it should be: conditions that are not True and say why, containers that wait. */
  readonly troubles: readonly string[];
  /** How its containers have ended, init containers first. */
  readonly ended: readonly string[];
}

export interface WhyBlocked {
  /** `SchedulingGated`, `Unschedulable`, `ImagePull`, `Configuration`. */
  readonly reason: string;
  readonly message: string;
  readonly since: string;
  /** When the attempt ends for it; absent: never. */
  readonly givenUpAt?: string;
}

export interface WhyNext {
  readonly attempt: number;
  /** How the one before ended, and what the next is paid from. */
  readonly because: string;
  /** At the earliest; absent: as soon as it can. */
  readonly dueAt?: string;
  /** Go duration. */
  readonly in?: string;
}

export interface WhyWait {
  readonly who: string;
  readonly waitsFor: string;
  /** RFC 3339. */
  readonly until?: string;
}

export interface WhyEnd {
  readonly phase: string;
  readonly cause?: string;
  readonly message?: string;
  readonly at?: string;
  /** As the status keeps them: cause, container, exit code, signal, node, times. */
  readonly attempts: readonly Attempt[];
  readonly result?: unknown;
  /** The rules by which it ended, with the facts of its Pod; absent where the Pod is gone, or no longer shows it. */
  readonly reasons?: readonly Reason[];
  /** With this in its spec it would have been tried again by itself. */
  readonly retriedWith?: Pick<WhyChange, 'change' | 'command'>;
}

export interface WhyKept {
  /** Its time after the end is over then. */
  readonly deletedAt?: string;
  /** Only those that ended like it count. */
  readonly ofOutcome?: TaskOutcome;
  /** So many of the namespace ended after it, of `limit` that are kept. */
  readonly rank?: number;
  readonly limit?: number;
  /** It is deleted when so many more have ended. */
  readonly deletedAfter?: number;
}

export interface WhyAgain {
  /** Asks for one more attempt. */
  readonly command: string;
  /** Its number. */
  readonly attempt: number;
  readonly leadsTo: string;
  readonly course: Course;
  /** As of a Task that waits. */
  readonly changes: readonly WhyChange[];
}

export interface WhyChange {
  readonly kind: ChangeKind;
  readonly change: string;
  /** How far it reaches. */
  readonly reach: Reach;
  /** What was put in its place to try it. */
  readonly standIn?: string;
  /** Shell command that makes the change; words in capitals are to be filled in. */
  readonly command?: string;
  /** Shell command that shows what it is about, where none makes it. */
  readonly look?: string;
  /** Alone it is enough. */
  readonly goesOn: boolean;
  readonly leadsTo: string;
  /** Its place in the line then, where it has to wait still. */
  readonly position?: number;
}
