import type { Lacked, Outlook, Plan, PlanEnd, PlanNext, PlannedApply, PlannedStepAction, PlannedTask, PlanStep } from '../contract/plan.ts';
import { plannedAction } from './actions.ts';
import { changesBetween } from './changes.ts';
import { goDuration } from './go-duration.ts';
import { waitsOf } from './next.ts';
import type { Applied, PlanRecord, PlanRun, PlanSubject } from './record.ts';
import { summaryOf } from './summary.ts';
import { unknownUids, withoutUids } from './unknown.ts';

const FINAL_PHASES = ['Completed', 'Failed'];

/** The plan that a run amounts to. */
export function planOf(run: PlanRun, lacked: readonly Lacked[] = []): Plan {
  const { core, source, assume, startsAt, applied } = run;
  const records = recordsByTask(run.records);
  const waits = waitsOf(run);
  const tasks = run.tasks.map((task) => plannedTask(run, task, records.get(task.uid) ?? [], waits));
  return {
    formatVersion: 1,
    core,
    source,
    assume,
    horizon: goDuration(run.horizonMs),
    startsAt,
    ...(source === 'files and cluster' ? { applies: applied.map(plannedApply) } : {}),
    tasks,
    summary: summaryOf(tasks),
    lacked,
  };
}

function recordsByTask(records: readonly PlanRecord[]): ReadonlyMap<string, readonly PlanRecord[]> {
  const byTask = new Map<string, PlanRecord[]>();
  for (const record of records) {
    const own = byTask.get(record.subject.uid);
    if (own === undefined) byTask.set(record.subject.uid, [record]);
    else own.push(record);
  }
  return byTask;
}

function plannedApply({ kind, namespace, name, before, after }: Applied): PlannedApply {
  if (before === undefined) return { verb: 'create', kind, namespace, name };
  const changes = changesBetween(before, after);
  return changes.length === 0 ? { verb: 'none', kind, namespace, name } : { verb: 'patch', kind, namespace, name, changes };
}

function plannedTask(
  run: PlanRun,
  task: PlanSubject,
  records: readonly PlanRecord[],
  waits: ReadonlyMap<PlanRecord, PlanNext>,
): PlannedTask {
  const { namespace, name, uid } = task;
  const unknown = unknownUids(run, uid, records);
  const steps = worthTelling(records, waits).map((step) => ({
    ...step,
    actions: step.actions.map((action) => withoutUids(action, uid, unknown)),
  }));
  const end = endOf(task);
  const blocked = blockOf(task, steps, records, end);
  const last = records.at(-1);
  const wait = last === undefined ? undefined : waits.get(last);
  const isOver = end.deletedAt !== undefined || task.final === null || (end.at !== undefined && wait?.until === undefined);
  return {
    namespace,
    name,
    outlook: outlookOf({ steps, end, records, isBlocked: blocked !== undefined }),
    steps,
    end,
    ...(wait === undefined || isOver ? {} : { next: wait }),
    ...(blocked === undefined ? {} : { blocked }),
  };
}

function blockOf(task: PlanSubject, steps: readonly PlanStep[], records: readonly PlanRecord[], end: PlanEnd): string | undefined {
  const hasPod = steps.some(({ actions }) =>
    actions.some(({ verb, kind, refused }) => verb === 'create' && kind === 'Pod' && refused === undefined),
  );
  const hadPod = records.some(({ snapshot }) => snapshot.pods.length > 0);
  const isHeld = task.final?.spec.suspend === true;
  if (hasPod || hadPod || isHeld || end.deletedAt !== undefined || task.final === null || wasFinished(records)) return undefined;
  return end.message ?? steps.at(-1)?.says ?? 'nothing was decided';
}

interface Outlooked {
  readonly steps: readonly PlanStep[];
  readonly end: PlanEnd;
  readonly records: readonly PlanRecord[];
  readonly isBlocked: boolean;
}

function outlookOf({ steps, end, records, isBlocked }: Outlooked): Outlook {
  if (end.phase === 'Deleted' || end.deletedAt === '+0s') return 'Deleted';
  if (wasFinished(records)) return 'Finished';
  if (end.at === '+0s') return 'Ends';
  // Who stands in a queue waits for its turn, however long that takes.
  if (isBlocked && !steps.some(({ next }) => next?.queue !== undefined)) return 'Blocked';
  const atFirst = steps.filter(({ at }) => at === steps[0]?.at).flatMap(({ actions }) => actions);
  if (atFirst.some(({ verb, kind, refused }) => verb === 'create' && kind === 'Pod' && refused === undefined)) return 'Starts';
  return (records[0]?.snapshot.pods.length ?? 0) > 0 ? 'Runs' : 'Waits';
}

/** Had ended before the plan began, so nothing is left to plan. */
function wasFinished(records: readonly PlanRecord[]): boolean {
  return FINAL_PHASES.includes(phaseIn(records[0]));
}

interface Kept {
  readonly record: PlanRecord;
  readonly step: PlanStep;
  /** When it was tried again, in vain. */
  readonly again: string[];
}

/** Steps that do something, or that say something new. What a finished Task is merely looked at for is left out; what is refused time and again is told once, and so is what is done aside. */
function worthTelling(records: readonly PlanRecord[], waits: ReadonlyMap<PlanRecord, PlanNext>): readonly PlanStep[] {
  const kept: Kept[] = [];
  const aside = new Set<string>();
  for (const record of records) {
    const step = withoutAsked(stepOf(record), aside);
    const last = kept.at(-1);
    const isNews = last === undefined || headline(step) !== headline(last.step);
    const isOver = FINAL_PHASES.includes(phaseIn(record)) && last !== undefined;
    if (last !== undefined && !isNews && isRefusedAgain(step, last.step)) last.again.push(step.at);
    else if (step.actions.length > 0 || (isNews && !isOver)) kept.push({ record, step, again: [] });
  }
  const lastAt = new Map(records.map((record) => [record.atMs, record]));
  return kept.map(({ record, step, again }, index) => {
    const isLast = kept[index + 1]?.record.atMs !== record.atMs;
    // What the Task waits for is known when the moment is over, also where the last look at it was not worth a step.
    const last = lastAt.get(record.atMs);
    const wait = isLast && last !== undefined && !FINAL_PHASES.includes(phaseIn(last)) ? waits.get(last) : undefined;
    const lastTry = again.at(-1);
    return {
      ...step,
      ...(lastTry === undefined ? {} : { again: { times: again.length, last: lastTry } }),
      ...(wait === undefined ? {} : { next: wait }),
    };
  });
}

/** What is done aside is asked for with each decision until it is done. */
function withoutAsked(step: PlanStep, aside: Set<string>): PlanStep {
  const actions = step.actions.filter(({ verb, id }) => verb !== 'effect' || !aside.has(id));
  for (const { verb, id } of actions) if (verb === 'effect') aside.add(id);
  return { ...step, actions };
}

/** The same writes, and one of them refused as it was before. */
function isRefusedAgain({ actions }: PlanStep, before: PlanStep): boolean {
  const tried = ({ id, refused }: PlannedStepAction): string => `${id} ${refused ?? ''}`;
  return actions.some(({ refused }) => refused !== undefined) && actions.map(tried).join() === before.actions.map(tried).join();
}

function stepOf({ atMs, decided, results }: PlanRecord): PlanStep {
  const at = `+${goDuration(atMs)}`;
  if ('fault' in decided) return { at, actions: [], says: `the core failed: ${decided.fault}`, rules: ['engine/fault'] };
  const rules = decided.reasons.map(({ rule }) => rule);
  return {
    at,
    actions: decided.actions.map((action): PlannedStepAction => {
      const result = results.get(action.id);
      const refused = result?.type === 'Refused' ? result.message : undefined;
      const changes = result?.type === 'Patched' ? { changes: changesBetween(result.before, result.after) } : {};
      return { id: action.id, ...plannedAction(action, rules[0] ?? '', refused), ...changes };
    }),
    says: decided.reasons.map(({ says }) => says).join('; '),
    rules,
  };
}

/** What a step says first; the rest (how long until a timeout) changes all the time. */
function headline({ says, rules }: PlanStep): string {
  return `${rules[0] ?? ''} ${says.split('; ')[0] ?? ''}`;
}

function endOf({ final, endedAtMs, deletedAtMs }: PlanSubject): PlanEnd {
  if (final === null) return { phase: 'Deleted' };
  const { phase = 'Pending', cause, message } = final.status ?? {};
  return {
    phase,
    ...(cause === undefined ? {} : { cause }),
    ...(message === undefined || message === '' ? {} : { message }),
    ...(endedAtMs === undefined ? {} : { at: `+${goDuration(endedAtMs)}` }),
    ...(deletedAtMs === undefined ? {} : { deletedAt: `+${goDuration(deletedAtMs)}` }),
  };
}

function phaseIn(record: PlanRecord | undefined): string {
  return record?.snapshot.task?.status?.phase ?? '';
}
