import type { Pod } from '../api/kubernetes.ts';
import type { Action, Decided, Decision, Reason } from '../contract/decision.ts';
import { ANNOTATIONS, LABELS } from '../contract/names.ts';
import type { Outcome, ReadResult } from '../contract/snapshot.ts';
import { formatDuration } from '../units/duration.ts';
import { earliest, formatTimeMs, parseTime } from '../units/time.ts';
import { conclude } from './conclude.ts';
import { trueCondition } from './conditions.ts';
import { isControlledBy, liveAnswerFor, outcomeOf, podRef, reason, stopRequested, type TaskContext } from './context.ts';
import { decided, reads } from './decided.ts';
import { askToEnd } from './ending.ts';
import { agentTermination, type Ending, fateByEnding, fateOf, lostAfterMs, outlivedByOthers, patienceMs, recordedEnding } from './fate.ts';
import { followLog } from './log.ts';
import { type Blocked, blockedBy, patienceWithMs } from './pending.ts';
import { heldPlace } from './place.ts';
import { claimPod, endByDeletion, endPod, hasEndedForCertain } from './pods.ts';
import { runningStatus } from './running-status.ts';
import { timeoutMs } from './started-with.ts';

/** Wait before a Pod that the watch does not show is looked for again, in milliseconds. */
export const RELOOK_AT_POD_MS = 5_000;

/** How a Pod has ended that we asked to end. */
const ENDINGS = { UserStopped: 'stopped', Timeout: 'timed out' } as const;

/** A Task whose Pod is there: the Pod's end first, then timeout, then stop, then what the status has to say. */
export function live(context: TaskContext, pod: Pod): Decision {
  const fate = fateOf(context, pod);
  if (fate.type !== 'Lives') {
    return conclude(context, fate, pod, [
      reason('task/pod-ended', `pod ${pod.metadata.name} has ended: ${fate.type === 'EndedByUs' ? ENDINGS[fate.ending] : fate.type}`, {
        phase: pod.status?.phase ?? 'Pending',
        fate,
      }),
    ]);
  }
  const recorded = recordedEnding(context);
  if (recorded === null) return livesOn(context, pod);
  if (!isMended(context, pod, recorded)) return askToEnd(context, pod, recorded);
  // Who wrote that had looked at the Pod: a watch that has not come as far does not take it back, or a host that led before, which goes on to delete the Pod, leaves an end
  // without its reason.
  return onceSeen(context, pod, () => livesOn(context, pod));
}

/** A Pod that nothing has ended and nobody has meant to end yet. */
function livesOn(context: TaskContext, pod: Pod): Decision {
  const deadlineMs = timeoutAtMs(context, pod);
  const blocked = blockedBy(pod);
  // Only what knows nothing of us still runs: the agent has ended, and a timeout or a stop comes too late.
  if (outlivedByOthers(pod)) return running(context, pod, null, null);
  if (deadlineMs !== null && context.nowMs >= deadlineMs) return meanToEnd(context, pod, 'Timeout', null);
  if (stopRequested(context.task)) return meanToEnd(context, pod, 'UserStopped', null);
  const patienceEndsMs = blocked === null ? null : patienceEnds(context, pod, blocked);
  if (blocked !== null && patienceEndsMs !== null && context.nowMs >= patienceEndsMs)
    return meanToEnd(context, pod, blocked.reason, blocked);
  return running(context, pod, deadlineMs, patienceEndsMs);
}

/**
 * Looks at the Pod itself before the intent to end it is written down: what has ended already, or is being deleted by somebody, is seen now. No clock could
 * tell later, because the intent's time is the host's and a Pod's end the kubelet's.
 */
function meanToEnd(context: TaskContext, pod: Pod, ending: Ending, blocked: Blocked | null): Decision {
  return onceSeen(context, pod, () => askToEnd(context, pod, ending, blocked));
}

/** Goes on once the Pod was looked at itself; as long as the watch alone has shown it, it is judged again as it is. */
function onceSeen(context: TaskContext, pod: Pod, goOn: () => Decision): Decision {
  return lookAt(context, pod, (found) => (found === pod ? goOn() : live({ ...context, pod: found }, found)));
}

/** Judges a Pod as it is at the API server, whatever the watch shows of it. */
export function lookAt(context: TaskContext, pod: Pod, judge: (found: Pod) => Decision): Decision {
  const ref = podRef(context, pod.metadata.name);
  const answer = liveAnswerFor(context.snapshot, ref);
  if (answer === undefined) return reads([{ ...ref, live: true }]);
  if ('unavailable' in answer) return podUnknown(context, answer.unavailable);
  const isSame = 'found' in answer && answer.found.metadata.uid === pod.metadata.uid;
  return isSame ? judge(answer.found as Pod) : podMissing(context, answer);
}

/**
 * Looks for the Pod of the current attempt at the API server: that the watch shows none proves nothing. `judge` is given the Task's own Pod, or null where there is none, with what the
 * name was answered with.
 */
export function withOwnPod(context: TaskContext, judge: (pod: Pod | null, answer: ReadResult) => Decision): Decision {
  const ref = podRef(context);
  const answer = liveAnswerFor(context.snapshot, ref);
  if (answer === undefined) return reads([{ ...ref, live: true }]);
  if ('unavailable' in answer) return podUnknown(context, answer.unavailable);
  return judge('found' in answer && isControlledBy(answer.found, context.snapshot.subject.uid) ? (answer.found as Pod) : null, answer);
}

/** The Pod is not there, and no other is made in its place. */
export function podMissing(context: TaskContext, answer: ReadResult): Decision {
  const trail = [
    reason('task/pod-missing', `pod ${context.podName} is not there (live read): it is not made again`, {
      found: 'found' in answer ? 'a pod of another owner' : 'nothing',
    }),
  ];
  const ending = recordedEnding(context);
  return conclude(context, ending === null ? { type: 'Missing' } : fateByEnding(context, ending), null, trail);
}

/** Whether what a Pod was to be ended for, because it was kept from running, has passed before it was asked to end. */
function isMended(context: TaskContext, pod: Pod, recorded: Ending): boolean {
  const blocked = blockedBy(pod);
  if (recorded === 'UserStopped' || recorded === 'Timeout' || pod.metadata.deletionTimestamp !== undefined) return false;
  // By a clock that is behind that of who wrote it, nothing is taken back.
  const meantMs = parseTime(trueCondition(context.task.status?.conditions, 'Stopping')?.lastTransitionTime) ?? 0;
  return blocked === null || (patienceEnds(context, pod, blocked) ?? Number.POSITIVE_INFINITY) > Math.max(context.nowMs, meantMs);
}

/** When a Pod has been kept from running for too long, in milliseconds since the epoch; null: never. */
function patienceEnds(context: TaskContext, pod: Pod, { reason: why, sinceMs }: Blocked): number | null {
  const since = sinceMs ?? parseTime(pod.metadata.creationTimestamp);
  const patience = patienceWithMs(context, pod, why);
  return since === null || patience === null ? null : since + patience;
}

/** When the attempt times out, in milliseconds since the epoch; null without a (usable) timeout. Counted from the creation of its Pod: that is what `startTime` is. */
function timeoutAtMs(context: TaskContext, pod: Pod): number | null {
  const startTime = context.attempt === 1 ? context.task.status?.startTime : undefined;
  const startMs = parseTime(startTime) ?? parseTime(pod.metadata.creationTimestamp);
  const durationMs = timeoutMs(context, pod);
  return durationMs !== null && startMs !== null ? startMs + durationMs : null;
}

function running(context: TaskContext, pod: Pod, deadlineMs: number | null, patienceEndsMs: number | null): Decision {
  const deletesAtMs = parseTime(pod.metadata.deletionTimestamp);
  const sidecars = outlivedByOthers(pod) && deletesAtMs === null;
  const trail: Reason[] = [reason('task/running', `pod ${pod.metadata.name} is ${pod.status?.phase ?? 'Pending'}`)];
  if (deadlineMs !== null)
    trail.push(reason('task/timeout-ahead', `times out in ${formatDuration(deadlineMs - context.nowMs)}`, { deadlineMs }));
  if (deletesAtMs !== null)
    trail.push(
      reason('task/pod-deleting', `pod ${pod.metadata.name} is being deleted`, {
        deletionTimestamp: pod.metadata.deletionTimestamp ?? '',
      }),
    );
  if (sidecars) trail.push(reason('task/agent-ended', 'the agent has ended and other containers keep the pod alive: they are ended'));
  if (patienceEndsMs !== null)
    trail.push(
      reason('task/pending-timeout-ahead', `is given up in ${formatDuration(patienceEndsMs - context.nowMs)} unless it runs`, {
        untilMs: patienceEndsMs,
      }),
    );
  const beside = sidecars ? endOthers(context, pod) : { actions: [], wakeAtMs: null };
  return decided({
    // Of a Pod that is being deleted every moment counts.
    actions: [...(deletesAtMs === null ? [] : followLog(context, pod)), ...runningStatus(context, pod), ...beside.actions],
    ...heldPlace(context),
    wakeAtMs: [deadlineMs, patienceEndsMs, deletesAtMs === null ? null : lostAfterMs(context, deletesAtMs), beside.wakeAtMs].reduce(
      earliest,
    ),
    reasons: trail,
  });
}

/**
 * Ends what outlives the agent, first by a deadline, which keeps the Pod and its logs; a kubelet that does not do it in time is not asked the same way again. The deadline comes first
 * also where the agent ended long ago and nobody looked: by what it says beside, the end is the agent's own, however the rest is ended.
 */
function endOthers(context: TaskContext, pod: Pod): { readonly actions: readonly Action[]; readonly wakeAtMs: number | null } {
  const agentEndedMs = parseTime(agentTermination(pod)?.finishedAt);
  const escalateAtMs = agentEndedMs === null ? null : agentEndedMs + patienceMs(context, pod);
  const isOverdue = escalateAtMs !== null && context.nowMs >= escalateAtMs;
  const isAsked = pod.metadata.annotations?.[ANNOTATIONS.endedFor] !== undefined;
  if (isOverdue && isAsked) return { actions: [...followLog(context, pod), ...endByDeletion(context.snapshot, pod)], wakeAtMs: null };
  return { actions: endPod(context.snapshot, pod, 'AgentEnded'), wakeAtMs: isOverdue ? context.nowMs + RELOOK_AT_POD_MS : escalateAtMs };
}

/** Whether the watch will show a Pod: by this label it selects them, whatever its value. */
export function isShown(pod: Pod): boolean {
  return pod.metadata.labels?.[LABELS.taskUid] !== undefined;
}

/**
 * A Pod of ours that the watch does not show: either it lags, or our label is missing, because upstream's controller made it or somebody has taken it. Nothing would tell what
 * becomes of it, so the label is put on it, and it is looked at again until the watch shows it.
 */
export function adopt(context: TaskContext, pod: Pod): Decision {
  const claim = claimPod(context.snapshot, pod);
  const isOurs = pod.metadata.labels?.[LABELS.taskUid] === context.snapshot.subject.uid;
  if (isOurs || isForbidden(outcomeOf(context.snapshot, claim.id))) return lookedAtAgain(context, live({ ...context, pod }, pod));
  return decided({
    actions: [claim],
    ...heldPlace(context),
    wakeAtMs: context.nowMs + RELOOK_AT_POD_MS,
    reasons: [reason('task/adopt-pod', `adopts pod ${pod.metadata.name}: its controller is this task`, { podUID: pod.metadata.uid ?? '' })],
  });
}

/** A policy of the cluster may refuse the label. Then the Task has to do without: it must end in its time, and when it is stopped, all the same. */
function isForbidden(outcome: Outcome | undefined): boolean {
  return outcome?.result === 'refused' && outcome.code !== 404 && outcome.code !== 409;
}

/** Somebody may take the label, or the Pod, before the watch has come as far: then no event ever tells of it. */
function lookedAtAgain({ nowMs }: TaskContext, decision: Decision): Decision {
  if (decision.type !== 'Decided') return decision;
  const againMs = nowMs + RELOOK_AT_POD_MS;
  return { ...decision, wakeAt: formatTimeMs(earliest(againMs, parseTime(decision.wakeAt)) ?? againMs) };
}

/**
 * The API server can't say whether the Pod is there: nothing is known, so nothing is done. A place that is taken stays so, but none is taken anew. A Pod that is
 * known has taken one, whatever the status says: a new leader may see it before anybody has written that the Task runs.
 */
export function podUnknown(context: TaskContext, { code, message }: { readonly code: number; readonly message: string }): Decided {
  const { pod, snapshot, task } = context;
  const lives = pod !== null && !hasEndedForCertain(pod);
  const hasPlace = lives || snapshot.granted === true || task.status?.phase === 'Running';
  return decided({
    ...(hasPlace ? heldPlace(context) : {}),
    wakeAtMs: context.nowMs + RELOOK_AT_POD_MS,
    reasons: [reason('task/pod-unknown', `pod ${context.podName} could not be read, so nothing is known of it`, { code, message })],
  });
}
