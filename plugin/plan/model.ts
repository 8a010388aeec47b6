import type { Task } from '#core/api/task.ts';
import type { Decided } from '#core/contract/decision.ts';
import type { Snapshot, Subject } from '#core/contract/snapshot.ts';
import { type PlannedAction, plannedAction } from './actions.ts';
import type { Assumption } from './assumptions.ts';
import { goDuration } from './go-duration.ts';
import { unknownUids, withoutUids } from './unknown.ts';

/** One decision of the run, or the core's failure to make one. */
export interface PlanRecord {
  /** Milliseconds since the run began. */
  readonly atMs: number;
  readonly subject: Subject;
  readonly snapshot: Snapshot;
  readonly decided: Decided | { readonly fault: string };
}

/** A write that the memory API server refused. */
export interface Refusal {
  readonly subject: Subject;
  readonly actionId: string;
  readonly atMs: number;
  readonly message: string;
}

/** What a run on the memory cluster left behind. */
export interface PlanRun {
  readonly core: string;
  readonly source: 'files' | 'files and cluster';
  readonly assume: Assumption | 'as labelled';
  readonly horizonMs: number;
  /** RFC 3339. */
  readonly startsAt: string;
  /** UIDs that the cluster has given out already; every other one is made up by the plan. */
  readonly knownUids: ReadonlySet<string>;
  /** In the order in which they were decided. */
  readonly records: readonly PlanRecord[];
  readonly refusals: readonly Refusal[];
  /** The Tasks to be planned, as they stand at the end. */
  readonly tasks: readonly PlanSubject[];
}

export interface PlanSubject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Last state that was seen of it. */
  readonly final: Task;
  /** When it came to its final phase, in milliseconds since the run began. */
  readonly endedAtMs?: number;
  readonly deletedAtMs?: number;
}

export interface PlanStep {
  /** Since the plan's beginning, a Go duration with a plus: `+0s`, `+1m30s`. */
  readonly at: string;
  readonly actions: readonly PlannedAction[];
  /** Why, in words. */
  readonly says: string;
  readonly rules: readonly string[];
}

export interface PlanEnd {
  /** Phase at the end of the plan; not a final one when the horizon came first. */
  readonly phase: string;
  readonly cause?: string;
  readonly message?: string;
  /** Absent: it has not ended before the horizon. */
  readonly at?: string;
  /** When the Task itself was deleted. */
  readonly deletedAt?: string;
}

export interface PlannedTask {
  readonly namespace: string;
  readonly name: string;
  readonly steps: readonly PlanStep[];
  readonly end: PlanEnd;
  /** Why it can't go ahead: no Pod is ever created for it, and not because it was told to wait. */
  readonly blocked?: string;
}

/** The contract of `plan -o json`. Fields are added within a version, never changed or removed. */
export interface Plan {
  readonly formatVersion: 1;
  readonly core: string;
  readonly source: PlanRun['source'];
  readonly assume: PlanRun['assume'];
  readonly horizon: string;
  /** The moment that times inside objects and patches count from; made up when no cluster was asked. */
  readonly startsAt: string;
  readonly tasks: readonly PlannedTask[];
}

const FINAL_PHASES = ['Completed', 'Failed'];

/** The plan that a run amounts to. */
export function planOf(run: PlanRun): Plan {
  const { core, source, assume, startsAt } = run;
  return {
    formatVersion: 1,
    core,
    source,
    assume,
    horizon: goDuration(run.horizonMs),
    startsAt,
    tasks: run.tasks.map((task) => plannedTask(run, task)),
  };
}

/** Whether carrying the plan out would change anything but Events. */
export function hasChanges({ tasks }: Plan): boolean {
  return tasks.some(({ steps }) =>
    steps.some(({ actions }) => actions.some(({ verb }) => verb === 'create' || verb === 'patch' || verb === 'delete')),
  );
}

function plannedTask(run: PlanRun, task: PlanSubject): PlannedTask {
  const records = run.records.filter(({ subject }) => subject.uid === task.uid);
  const unknown = unknownUids(run, task.uid, records);
  const told = worthTelling(
    records.map((record) => stepOf(record, run.refusals)),
    records,
  );
  const steps = told.map((step) => ({ ...step, actions: step.actions.map((action) => withoutUids(action, task.uid, unknown)) }));
  const end = endOf(task);
  const hasPod = steps.some(({ actions }) =>
    actions.some(({ verb, kind, refused }) => verb === 'create' && kind === 'Pod' && refused === undefined),
  );
  const hadPod = records.some(({ snapshot }) => snapshot.pods.length > 0);
  const isHeld = task.final.spec.suspend === true;
  const blocked =
    hasPod || hadPod || isHeld || end.deletedAt !== undefined || wasFinished(records)
      ? undefined
      : (end.message ?? steps.at(-1)?.says ?? 'nothing was decided');
  return { namespace: task.namespace, name: task.name, steps, end, ...(blocked === undefined ? {} : { blocked }) };
}

/** Had ended before the plan began, so nothing is left to plan. */
function wasFinished(records: readonly PlanRecord[]): boolean {
  return FINAL_PHASES.includes(records[0]?.snapshot.task?.status?.phase ?? '');
}

function stepOf({ atMs, subject, decided }: PlanRecord, refusals: readonly Refusal[]): PlanStep {
  const at = `+${goDuration(atMs)}`;
  if ('fault' in decided) return { at, actions: [], says: `the core failed: ${decided.fault}`, rules: ['engine/fault'] };
  const rules = decided.reasons.map(({ rule }) => rule);
  const refusedOf = (id: string): string | undefined =>
    refusals.find((refusal) => refusal.subject.uid === subject.uid && refusal.actionId === id && refusal.atMs === atMs)?.message;
  return {
    at,
    actions: decided.actions.map((action) => plannedAction(action, rules[0] ?? '', refusedOf(action.id))),
    says: decided.reasons.map(({ says }) => says).join('; '),
    rules,
  };
}

/** Steps that do something, or that say something new. What a finished Task is merely looked at for is left out. */
function worthTelling(steps: readonly PlanStep[], records: readonly PlanRecord[]): readonly PlanStep[] {
  const kept: PlanStep[] = [];
  for (const [index, step] of steps.entries()) {
    const last = kept.at(-1);
    const isNews = last === undefined || headline(step) !== headline(last);
    const isOver = FINAL_PHASES.includes(records[index]?.snapshot.task?.status?.phase ?? '') && last !== undefined;
    if (step.actions.length > 0 || (isNews && !isOver)) kept.push(step);
  }
  return kept;
}

/** What a step says first; the rest (how long until a timeout) changes all the time. */
function headline({ says, rules }: PlanStep): string {
  return `${rules[0] ?? ''} ${says.split('; ')[0] ?? ''}`;
}

function endOf({ final, endedAtMs, deletedAtMs }: PlanSubject): PlanEnd {
  const { phase = 'Pending', cause, message } = final.status ?? {};
  return {
    phase,
    ...(cause === undefined ? {} : { cause }),
    ...(message === undefined || message === '' ? {} : { message }),
    ...(endedAtMs === undefined ? {} : { at: `+${goDuration(endedAtMs)}` }),
    ...(deletedAtMs === undefined ? {} : { deletedAt: `+${goDuration(deletedAtMs)}` }),
  };
}
