import type { Decided, Effect, QueuePlace } from '#core/contract/decision.ts';
import type { Snapshot } from '#core/contract/snapshot.ts';
import type { Deliberation } from '#host/controller/deliberate.ts';
import type { Course } from '../contract/why-changes.ts';

type LogTail = Extract<Effect, { kind: 'LogTail' }>;

export interface Judged {
  readonly course: Course;
  /** First thing that it says. */
  readonly says: string;
  /** Phase that it writes, where it writes one, with cause and message. */
  readonly phase?: string;
  readonly cause?: string;
  readonly message?: string;
  readonly decided: Decided;
  /** With all that the core read. */
  readonly snapshot: Snapshot;
}

/** When the core would look again, or the queue may give a place again, whichever is earlier; RFC 3339. */
export function nextLook(judged: Judged): string | undefined {
  const { wakeAt } = judged.decided;
  const notBefore = wantedBy(judged)?.notBefore;
  if (wakeAt === undefined || notBefore === undefined) return wakeAt ?? notBefore;
  return Date.parse(wakeAt) <= Date.parse(notBefore) ? wakeAt : notBefore;
}

const NOTHING: Decided = { type: 'Decided', actions: [], dependsOn: [], reasons: [] };
const FINAL_PHASES = ['Completed', 'Failed'];

export function judge(deliberation: Deliberation): Judged {
  const { snapshot } = deliberation;
  if (deliberation.type === 'Faulted')
    return { course: 'Fails', says: `the core failed: ${deliberation.fault.message}`, decided: NOTHING, snapshot };
  const { decided } = deliberation;
  const says = decided.reasons[0]?.says ?? 'nothing is to be done';
  const written = writtenEnd(decided);
  const { phase } = written;
  const told = { says, decided, snapshot, ...written };
  if (FINAL_PHASES.includes(snapshot.task?.status?.phase ?? '')) return { course: 'Ended', ...told };
  if (phase !== undefined && FINAL_PHASES.includes(phase)) return { course: 'Ends', ...told };
  if (decided.actions.some((action) => action.type === 'Create' && action.object.kind === 'Pod')) return { course: 'Starts', ...told };
  const isUnderWay = hasPodNow(snapshot) || snapshot.task?.status?.phase === 'Running' || decided.queue?.state === 'Holds';
  return { course: isUnderWay ? 'Runs' : 'Waits', ...told };
}

/** Whether there is a Pod beside those of attempts that are recorded. */
function hasPodNow({ task, pods }: Snapshot): boolean {
  const recorded = new Set((task?.status?.attempts ?? []).map(({ podUID }) => podUID));
  return pods.some(({ metadata }) => metadata.uid === undefined || !recorded.has(metadata.uid));
}

/** What comes next, in one sentence: with the end where it ends, with the next attempt where there is one, and for an ended Task what is done with it. */
export function leadsTo({ course, says, phase, cause, message, decided }: Judged): string {
  const retry = decided.reasons.find(({ rule }) => rule === 'task/retry');
  if (retry !== undefined) return retry.says;
  if (course === 'Ended') return decided.reasons.at(-1)?.says ?? says;
  if (course !== 'Ends' || phase === undefined) return says;
  return `${phase}${cause === undefined ? '' : ` (${cause})`}: ${message ?? says}`;
}

/** Whether it asks a Pod to end: for a stop, for a timeout, or because its Task goes. */
export function endsPod({ decided }: Judged): boolean {
  return decided.actions.some((action) => (action.type === 'Delete' || action.type === 'Patch') && action.ref.kind === 'Pod');
}

/** Whether it deletes a Pod. */
export function deletesPod({ decided }: Judged): boolean {
  return decided.actions.some((action) => action.type === 'Delete' && action.ref.kind === 'Pod');
}

/** The logs that it wants kept. */
export function logsWanted({ decided }: Judged): readonly LogTail[] {
  return decided.actions.filter((action): action is LogTail => action.type === 'Effect' && action.kind === 'LogTail');
}

/** The place that it wants; undefined when it wants none. */
export function wantedBy({ decided }: Judged): Extract<QueuePlace, { state: 'Wants' }> | undefined {
  return decided.queue?.state === 'Wants' ? decided.queue : undefined;
}

/** A fact of a rule that fired; undefined where that did not, or used no such fact. */
export function factOf({ decided }: Judged, rule: string, fact: string): unknown {
  return decided.reasons.find((reason) => reason.rule === rule)?.facts[fact];
}

function writtenEnd({ actions }: Decided): Pick<Judged, 'phase' | 'cause' | 'message'> {
  for (const action of actions) {
    if (action.type !== 'Patch' || action.ref.kind !== 'Task' || action.subresource !== 'status') continue;
    const status: Readonly<Record<string, unknown>> = { ...(action.patch.status as object | undefined) };
    const { phase, cause, message } = status;
    if (typeof phase !== 'string') continue;
    return { phase, ...(typeof cause === 'string' ? { cause } : {}), ...(typeof message === 'string' ? { message } : {}) };
  }
  return {};
}
