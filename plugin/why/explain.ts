import type { Task } from '#core/api/task.ts';
import { timestamp } from '#host/clock.ts';
import type { Cluster } from '#host/cluster/cluster.ts';
import type { Engine } from '#host/engine/engine.ts';
import { type Case, caseOf } from '../cluster/case.ts';
import { type ClusterReader, createClusterReader } from '../cluster/reader.ts';
import { plannedAction } from '../plan/actions.ts';
import { type Asker, createAsker } from './asker.ts';
import { type Change, possibleChanges, type Situation } from './changes.ts';
import { type Course, type Judged, leadsTo, wantedBy } from './course.ts';
import { podFacts, sinceOf, wholeSeconds } from './facts.ts';
import type { Why, WhyChange, WhyUntil } from './model.ts';
import { type Restored, restoreRefusal } from './restored.ts';

export interface ExplainInput {
  readonly engine: Engine;
  readonly cluster: Pick<Cluster, 'get' | 'list'>;
  /** As the API server gave it. */
  readonly task: Task;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/** Explains a Task by asking the core, once as things are and once for each change that could help. */
export async function explain({ engine, cluster, task: stored, nowMs }: ExplainInput): Promise<Why> {
  const reader = createClusterReader(cluster);
  const settings = await reader.settings();
  const task = await asKept(reader, stored);
  const asker = createAsker({ engine, reader, settings, nowMs, task });
  const plain = await caseOf(reader, { task, settings, nowMs });
  const first = await asker.decide(plain);
  const restored = await restoreRefusal(plain, first, asker.decide);
  const [base, judged] = restored === undefined ? [plain, first] : [restored.case, restored.judged];
  const wants = wantedBy(judged);
  const until = earliest(judged.decided.wakeAt, wants?.notBefore);
  const situation: Situation = {
    case: base,
    snapshot: await asker.snapshotOf(base),
    judged,
    ...(restored?.refusal === undefined ? {} : { refusal: restored.refusal }),
    ...(until === undefined ? {} : { until }),
  };
  const isBlind = Object.values(situation.snapshot.read).some((answer) => 'unavailable' in answer);
  const pod = base.facts.pods.at(-1);
  const since = sinceOf(task, pod, nowMs);
  const told = {
    ...(since === undefined ? {} : { since }),
    ...(until === undefined || isBlind ? {} : { until: await untilOf(situation, until, asker) }),
    reasons: judged.decided.reasons,
    actions: isBlind ? [] : actionsOf(judged),
    ...refusalOf(restored),
    ...(wants === undefined ? {} : { queue: await asker.queue(wants, nowMs) }),
    ...(pod === undefined ? {} : { pod: podFacts(pod) }),
    changes: isBlind ? [] : await tried(situation, asker),
  };
  return {
    formatVersion: 1,
    core: engine.digest,
    at: timestamp(nowMs),
    ...identity(task),
    course: judged.course,
    ...(isBlind ? { isBlind } : {}),
    says: judged.says,
    ...told,
    lacks: reader.lacks(),
  };
}

/** The Task as the host's store keeps it. */
async function asKept(reader: ClusterReader, stored: Task): Promise<Task> {
  const { namespace = '', name, uid } = stored.metadata;
  const [answer] = Object.values(await reader.read([{ kind: 'Task', namespace, name }]));
  return answer !== undefined && 'found' in answer && answer.found.metadata.uid === uid ? (answer.found as Task) : stored;
}

function identity({ metadata, status }: Task): Pick<Why, 'namespace' | 'name' | 'uid' | 'phase' | 'cause' | 'message'> {
  const { phase = 'Pending', cause, message } = status ?? {};
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid ?? '',
    phase,
    ...(cause === undefined ? {} : { cause }),
    ...(message === undefined || message === '' ? {} : { message }),
  };
}

function refusalOf(restored: Restored | undefined): Pick<Why, 'refusal'> {
  return restored?.refusal === undefined ? {} : { refusal: { message: restored.refusal, condition: restored.condition } };
}

function actionsOf({ decided }: Judged): Why['actions'] {
  return decided.actions
    .filter(({ type }) => type !== 'Event')
    .map((action) => {
      const { object: _, reason: __, ...told } = plannedAction(action, '', undefined);
      return told;
    });
}

/** Every change that makes a difference, those that are enough first. That time alone does not help is told by `until`. */
async function tried(situation: Situation, asker: Asker): Promise<readonly WhyChange[]> {
  const made = await Promise.all(
    possibleChanges(situation).map(async (change) => whyChange(change, situation.judged, await asker.settle(change.case))),
  );
  const differing = made.flat().filter(({ kind, goesOn }) => goesOn || kind !== 'Time');
  return [...differing.filter(({ goesOn }) => goesOn), ...differing.filter(({ goesOn }) => !goesOn)];
}

function whyChange({ kind, change, standIn }: Change, before: Judged, after: Judged): readonly WhyChange[] {
  if (after.course === before.course && after.says === before.says) return [];
  return [{ kind, change, ...(standIn === undefined ? {} : { standIn }), goesOn: isFurther(before, after), leadsTo: leadsTo(after) }];
}

const ORDER: readonly Course[] = ['Waits', 'Starts', 'Runs', 'Ends'];

/** One step on: from waiting to a Pod, from a Pod that waits to one that runs, from there to the end. To fail, or to be ended, is no help. */
function isFurther(before: Judged, after: Judged): boolean {
  if (after.phase === 'Failed' || after.course === 'Fails') return false;
  if (before.course === 'Runs' && after.course === 'Runs') return after.decided.actions.every(writesNoPod);
  return ORDER.indexOf(after.course) > ORDER.indexOf(before.course);
}

function writesNoPod(action: Judged['decided']['actions'][number]): boolean {
  return !((action.type === 'Delete' || action.type === 'Patch') && action.ref.kind === 'Pod');
}

/** When the core looks again, and what it does then. A time that moves with the clock is one that the host has counted from an earlier moment. */
async function untilOf({ case: base, refusal }: Situation, at: string, asker: Asker): Promise<WhyUntil> {
  const nowMs = Date.parse(base.facts.now);
  const atTime = (now: string): Case => ({ ...base, facts: { ...base.facts, now, ...(refusal === undefined ? {} : { outcomes: [] }) } });
  const [later, then] = [await asker.decide(atTime(timestamp(nowMs + 1_000))), await asker.settle(atTime(at))];
  const isLatest = refusal !== undefined || earliest(later.decided.wakeAt, wantedBy(later)?.notBefore) !== at;
  return {
    at,
    in: wholeSeconds(Date.parse(at) - nowMs),
    ...(isLatest ? { isLatest } : {}),
    leadsTo: refusal === undefined ? leadsTo(then) : `tries again: ${leadsTo(then)}`,
    course: then.course,
  };
}

function earliest(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Date.parse(a) <= Date.parse(b) ? a : b;
}
