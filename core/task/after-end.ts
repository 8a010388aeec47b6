import type { Agent } from '../api/agent.ts';
import type { TaskCleanup } from '../api/cleanup.ts';
import type { Pod } from '../api/kubernetes.ts';
import type { Task } from '../api/task.ts';
import type { Action, Decision, Reason } from '../contract/decision.ts';
import { hasEnded, isFinished } from '../contract/ended.ts';
import { isHeld } from '../contract/held.ts';
import type { Ref } from '../contract/snapshot.ts';
import { outcomeOfTask, type TaskOutcome } from '../contract/task-outcome.ts';
import { countOf } from '../units/count.ts';
import { earliest, parseTime } from '../units/time.ts';
import { recordOf } from './attempt.ts';
import { answerFor, liveAnswerFor, podRef, reason, startedFrom, type TaskContext } from './context.ts';
import { decided, reads } from './decided.ts';
import { type Disposal, dispose } from './disposal.ts';
import { endByDeletion, releasePod } from './pods.ts';
import { reopening } from './reopen.ts';
import { sessionStep } from './session.ts';
import { patchStatus } from './status.ts';

/** Wait before a Task whose end is in doubt is looked at again, in milliseconds. */
const RELOOK_MS = 5_000;

/** A finished Task: its end never changes, unless a person asks for another attempt. What is left to do is to let its Pods go and, in time, to delete it. */
export function afterEnd(context: TaskContext): Decision {
  const { snapshot, task } = context;
  const again = reopening(context);
  if (again.type === 'Reopened') return again.decided;
  if (again.type === 'Awaits') return untilGone(context, again.reason);
  const ttl = ttlSeconds(context);
  if (ttl !== null && typeof ttl === 'object') return reads(ttl.refs);
  const trail: Reason[] = [finished(task), ...again.reasons];
  const { completionTime } = task.status ?? {};
  const completedMs = parseTime(completionTime);
  const disposal = dispose(context, completedMs);
  const found = leftOverPods(context, disposal);
  if ('doubt' in found) return found.doubt;
  const { leftOver } = found;
  trail.push(...saidOf(leftOver));
  const session = sessionStep(context, completedMs);
  if (session.type === 'Reads') return reads(session.refs);
  const actions: Action[] = [
    ...leftOver.flatMap((pod) => endByDeletion(snapshot, pod)),
    ...disposal.actions,
    ...snapshot.pods.flatMap((pod) => releasePod(snapshot, pod)),
    // A second write of the status would stand on the version before the first: it comes with the next decision.
    ...(disposal.actions.some(isOfStatus) ? session.actions.filter((action) => !isOfStatus(action)) : session.actions),
  ];
  const expiresMs = ttl === null || completedMs === null ? null : completedMs + ttl * 1_000;
  const expired = expiresMs !== null && context.nowMs >= expiresMs;
  const surplus = isSurplus(context);
  if (expired) trail.push(reason('task/ttl', `its time after the end is over (${ttl} s)`, { completionTime: completionTime ?? '' }));
  if (surplus)
    trail.push(
      reason('task/retention', 'more finished tasks than are kept: this is one of the oldest', { rank: snapshot.finishedRank ?? 0 }),
    );
  if (expired || surplus) actions.push(deleteTask(context));
  else if (!actions.some(isOfStatus)) actions.push(...observed(context));
  const wakeAtMs = [expiresMs, disposal.wakeAtMs, session.wakeAtMs].reduce(earliest, null);
  return decided({ actions, wakeAtMs: expired ? null : wakeAtMs, reasons: [...trail, ...disposal.reasons, ...session.reasons] });
}

/** A person has asked for another attempt, and a Pod stands in its way that no attempt had: nothing is done but to let that go. */
function untilGone(context: TaskContext, awaits: Reason): Decision {
  const { snapshot, task } = context;
  const found = leftOverPods(context, null);
  if ('doubt' in found) return found.doubt;
  return decided({
    actions: [
      ...found.leftOver.flatMap((pod) => endByDeletion(snapshot, pod)),
      ...snapshot.pods.flatMap((pod) => releasePod(snapshot, pod)),
    ],
    reasons: [finished(task), awaits, ...saidOf(found.leftOver)],
  });
}

function finished({ status }: Task): Reason {
  return reason('task/finished', `task is ${status?.phase}`);
}

function saidOf(leftOver: readonly Pod[]): readonly Reason[] {
  const pods = leftOver.map(({ metadata }) => metadata.name);
  return pods.length === 0 ? [] : [reason('task/left-over-pod', 'a pod of a finished task still lives: it is deleted', { pods })];
}

function isOfStatus(action: Action): boolean {
  return action.type === 'Patch' && action.subresource === 'status';
}

/**
 * Pods that live though their Task has ended, by live reads: one watch may be behind the other. Such a Pod may be that of an attempt that somebody has asked for since, or
 * it has ended long ago, and its log would go with it. So may one that has ended, of which the Task says nothing: let go or cleaned up, it would take the end of that
 * attempt with it.
 */
function leftOverPods(
  context: TaskContext,
  disposal: Pick<Disposal, 'pod'> | null,
): { readonly leftOver: readonly Pod[] } | { readonly doubt: Decision } {
  const { snapshot } = context;
  const { namespace, name, uid } = snapshot.subject;
  const seen = snapshot.pods.filter((pod) => !hasEnded(pod) && pod.metadata.deletionTimestamp === undefined);
  const isToGo = (pod: Pod): boolean => pod === disposal?.pod || isHeld(pod);
  if (seen.length === 0 && !snapshot.pods.some((pod) => isToGo(pod) && recordOf(context.task, pod) === undefined)) return { leftOver: [] };
  const taskRef: Ref = { kind: 'Task', namespace, name };
  const refOf = ({ metadata }: Pod): Ref => podRef(context, metadata.name);
  const unread = [taskRef, ...seen.map(refOf)].filter((ref) => liveAnswerFor(snapshot, ref) === undefined);
  if (unread.length > 0) return { doubt: reads(unread.map((ref) => ({ ...ref, live: true }))) };
  const answer = liveAnswerFor(snapshot, taskRef);
  const isOver = answer !== undefined && 'found' in answer && answer.found.metadata.uid === uid && isFinished(answer.found as Task);
  const answers = seen.map((pod) => liveAnswerFor(snapshot, refOf(pod)));
  if (!isOver || answers.some((each) => each !== undefined && 'unavailable' in each)) {
    const says =
      'a finished task has a pod that lives or that it says nothing of, and whether it is finished still is not known: nothing is done yet';
    return { doubt: decided({ wakeAtMs: context.nowMs + RELOOK_MS, reasons: [reason('task/finished-in-doubt', says)] }) };
  }
  const alive = seen.flatMap((pod, index) => {
    const each = answers[index];
    const isThere = each !== undefined && 'found' in each && each.found.metadata.uid === pod.metadata.uid;
    return isThere && !hasEnded(each.found) ? [each.found as Pod] : [];
  });
  return { leftOver: alive };
}

/** A spec that was changed after the end changes no end, but was seen. */
function observed(context: TaskContext): readonly Action[] {
  return patchStatus(context, 'status/observed', {});
}

function agentRefOf(context: TaskContext): readonly Ref[] {
  const name = startedFrom(context).agentRef?.name;
  return name === undefined ? [] : [{ kind: 'Agent', namespace: context.snapshot.subject.namespace, name }];
}

/** Seconds that a finished Task is kept: its own word, its Agent's default, the cluster's default, the cluster's clean-up; null: for ever. */
function ttlSeconds(context: TaskContext): number | null | { readonly refs: readonly Ref[] } {
  const outcome = outcomeOfTask(context.task.status) ?? 'Completed';
  const own = ttlOf(context.task.spec.cleanup, outcome);
  if (own !== null) return own;
  const { config } = context.snapshot.settings;
  const cluster = ttlOf(config.taskDefaults?.cleanup, outcome) ?? ttlOf(config.cleanup, outcome);
  const [ref] = agentRefOf(context);
  if (ref === undefined) return cluster;
  const answer = answerFor(context.snapshot, ref);
  if (answer === undefined) return { refs: [ref] };
  const agent = 'found' in answer ? (answer.found as Agent) : null;
  return ttlOf(agent?.spec?.taskDefaults?.cleanup, outcome) ?? cluster;
}

/** What people may have stored under an older CRD counts as nothing: no Task is deleted for it. */
function ttlOf(cleanup: TaskCleanup | null | undefined, outcome: TaskOutcome): number | null {
  return countOf(cleanup?.[`ttlSecondsAfter${outcome}`]) ?? countOf(cleanup?.ttlSecondsAfterFinished);
}

function isSurplus(context: TaskContext): boolean {
  const { cleanup } = context.snapshot.settings.config;
  const outcome = outcomeOfTask(context.task.status) ?? 'Completed';
  const exceeds = (limit: unknown, rank: number | undefined): boolean => {
    const kept = countOf(limit);
    return kept !== null && rank !== undefined && rank >= kept;
  };
  return (
    exceeds(cleanup?.maxRetainedTasks, context.snapshot.finishedRank) ||
    exceeds(cleanup?.[`maxRetained${outcome}Tasks`], context.snapshot.finishedRankOfOutcome)
  );
}

/** Only as it was judged: somebody may have asked for another attempt since. */
function deleteTask(context: TaskContext): Action {
  const { subject } = context.snapshot;
  const { resourceVersion } = context.task.metadata;
  return {
    type: 'Delete',
    id: 'delete/task',
    ref: { kind: 'Task', namespace: subject.namespace, name: subject.name },
    uid: subject.uid,
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    propagationPolicy: 'Background',
  };
}
