import type { Agent } from '../api/agent.ts';
import type { Pod } from '../api/kubernetes.ts';
import type { Session, TaskStatus } from '../api/task.ts';
import type { Action, Reason } from '../contract/decision.ts';
import type { Outcome, Ref } from '../contract/snapshot.ts';
import { sessionTitle } from '../pod/names.ts';
import { attachedServerUrl } from '../pod/resolve.ts';
import { formatTimeMs } from '../units/time.ts';
import { answerFor, outcomeOf, reason, startedFrom, type TaskContext } from './context.ts';
import { parseObject, startedWithOf } from './started-with.ts';
import { patchStatus } from './status.ts';

/**
 * When the Agent's server is asked what the session of a finished Attach Task used, in milliseconds after the Task's end: an Agent that is being updated, or is suspended,
 * does not answer at once. By the clock and not by a count, so that a crash changes nothing.
 */
const TRIES_AT_MS = [0, 10_000, 60_000, 300_000, 1_800_000] as const;
/** Nobody asks after this, in milliseconds after the end. */
const NO_MORE_AT_MS = 3_600_000;

/** What is to be done for the summary of a session now. */
export type SessionStep =
  | { readonly type: 'Reads'; readonly refs: readonly Ref[] }
  | { readonly type: 'Step'; readonly actions: readonly Action[]; readonly wakeAtMs: number | null; readonly reasons: readonly Reason[] };

const NOTHING: Extract<SessionStep, { type: 'Step' }> = { type: 'Step', actions: [], wakeAtMs: null, reasons: [] };

/** The title under which the Agent's server knows the session of an Attach Task, as its status says it. */
export function titledSession({ task }: TaskContext, pod: Pod | null): Pick<TaskStatus, 'session'> {
  if (startedWithOf(pod).serverUrl === undefined) return {};
  return { session: { ...task.status?.session, title: sessionTitle(task) } };
}

/** The first question, right behind the record of the end, which never waits for it. */
export function askForSession(context: TaskContext, pod: Pod | null): readonly Action[] {
  const url = startedWithOf(pod).serverUrl;
  return url === undefined ? [] : [summaryEffect(context, url, 0)];
}

/** After the end: the answer is written down, or the server is asked again while that may help. */
export function sessionStep(context: TaskContext, completedMs: number | null): SessionStep {
  const { session } = context.task.status ?? {};
  const url = startedWithOf(context.pod).serverUrl;
  if (completedMs === null || session?.id !== undefined || (url === undefined && session?.title === undefined)) return NOTHING;
  const elapsedMs = Math.max(0, context.nowMs - completedMs);
  if (elapsedMs >= NO_MORE_AT_MS) return NOTHING;
  const outcomes = TRIES_AT_MS.map((_, index) => outcomeOf(context.snapshot, summaryId(context, index)));
  const told = outcomes.find((outcome) => outcome?.result === 'ok');
  if (told !== undefined) return noted(context, told);
  const present = TRIES_AT_MS.filter((atMs) => atMs <= elapsedMs).length - 1;
  const failed = outcomes[present];
  if (failed === undefined) return ask(context, url, present);
  const nextAtMs = TRIES_AT_MS[present + 1];
  const wakeAtMs = nextAtMs === undefined ? null : completedMs + nextAtMs;
  return { ...NOTHING, wakeAtMs, reasons: [notTold(failed, wakeAtMs)] };
}

/** The Pod may be gone by now; then the Agent tells where its server is. */
function ask(context: TaskContext, known: string | undefined, index: number): SessionStep {
  const { namespace } = context.snapshot.subject;
  const name = startedFrom(context).agentRef?.name;
  if (known !== undefined || name === undefined)
    return known === undefined ? NOTHING : { ...NOTHING, actions: [summaryEffect(context, known, index)] };
  const ref: Ref = { kind: 'Agent', namespace, name };
  const answer = answerFor(context.snapshot, ref);
  if (answer === undefined) return { type: 'Reads', refs: [ref] };
  const url = 'found' in answer ? attachedServerUrl(answer.found as Agent, context.snapshot.settings.config) : null;
  return url === null ? NOTHING : { ...NOTHING, actions: [summaryEffect(context, url, index)] };
}

function summaryEffect(context: TaskContext, url: string, index: number): Action {
  return { type: 'Effect', id: summaryId(context, index), kind: 'SessionSummary', url, title: sessionTitle(context.task) };
}

function summaryId({ attempt }: TaskContext, index: number): string {
  return index === 0 ? `session/${attempt}` : `session/${attempt}/${index + 1}`;
}

function noted(context: TaskContext, { answer }: Outcome): SessionStep {
  const session = answer === undefined ? null : parseObject(answer);
  if (session === null) return NOTHING;
  const set = { session: { ...context.task.status?.session, ...(session as Session) } };
  return { ...NOTHING, actions: patchStatus(context, 'status/session', { set }) };
}

function notTold({ code, message }: Outcome, wakeAtMs: number | null): Reason {
  const next = wakeAtMs === null ? 'it is not asked again' : 'it is asked again later';
  return reason('task/session-unknown', `the agent's server did not tell what the session used; ${next}`, {
    code: code ?? 0,
    message: message ?? '',
    ...(wakeAtMs === null ? {} : { until: formatTimeMs(wakeAtMs) }),
  });
}
