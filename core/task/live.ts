import type { Pod } from '../api/kubernetes.ts';
import type { Action, Decision, Reason } from '../contract/decision.ts';
import { LABELS } from '../contract/names.ts';
import { sessionTitle } from '../pod/names.ts';
import { formatDuration, parseDuration } from '../units/duration.ts';
import { earliest, parseTime } from '../units/time.ts';
import { type ConditionChange, findCondition, trueCondition } from './conditions.ts';
import { reason, stopRequested, type TaskContext } from './context.ts';
import { decided } from './decided.ts';
import { askToEnd } from './ending.ts';
import { deletionRequest, fateOf, lostAfterMs, outlivedByOthers, recordedEnding } from './fate.ts';
import { finish } from './finish.ts';
import { heldPlace } from './place.ts';
import { claimPod, endPod } from './pods.ts';
import { startedWithOf } from './started-with.ts';
import { patchStatus } from './status.ts';

/** A Task whose Pod is there: the Pod's end first, then timeout, then stop, then what the status has to say. */
export function live(context: TaskContext, pod: Pod): Decision {
  const fate = fateOf(context, pod);
  if (fate.type !== 'Lives') {
    return finish(context, fate, pod, [
      reason('task/pod-ended', `pod ${pod.metadata.name} has ended: ${fate.type}`, { phase: pod.status?.phase ?? 'Pending', fate }),
    ]);
  }
  const deadlineMs = timeoutAtMs(context, pod);
  const recorded = recordedEnding(context);
  if (recorded !== null || (deadlineMs !== null && context.nowMs >= deadlineMs)) return askToEnd(context, pod, recorded ?? 'Timeout');
  if (stopRequested(context.task)) return askToEnd(context, pod, 'UserStopped');
  return running(context, pod, deadlineMs);
}

/** When the Task times out, in milliseconds since the epoch; null without a (usable) timeout. Counted from `startTime`, the creation of the Pod. */
function timeoutAtMs(context: TaskContext, pod: Pod): number | null {
  const text = context.task.spec.timeout ?? startedWithOf(pod).timeout;
  const startMs = parseTime(context.task.status?.startTime) ?? parseTime(pod.metadata.creationTimestamp);
  const timeout = text === undefined ? null : parseDuration(text);
  return timeout?.ok === true && startMs !== null ? startMs + timeout.ms : null;
}

function running(context: TaskContext, pod: Pod, deadlineMs: number | null): Decision {
  const deletesAtMs = parseTime(pod.metadata.deletionTimestamp);
  const sidecars = outlivedByOthers(pod) && deletesAtMs === null;
  const trail: Reason[] = [reason('task/running', `pod ${pod.metadata.name} is ${pod.status?.phase ?? 'Pending'}`)];
  if (deadlineMs !== null)
    trail.push(reason('task/timeout-ahead', `times out in ${formatDuration(deadlineMs - context.nowMs)}`, { deadlineMs }));
  if (deletesAtMs !== null)
    trail.push(
      reason('task/pod-deleting', `pod ${pod.metadata.name} is being deleted by somebody else`, {
        deletionTimestamp: pod.metadata.deletionTimestamp ?? '',
      }),
    );
  if (sidecars) trail.push(reason('task/agent-ended', 'the agent has ended and other containers keep the pod alive: they are ended'));
  const actions: readonly Action[] = [...runningStatus(context, pod), ...(sidecars ? endPod(context.snapshot, pod, 'AgentEnded') : [])];
  return decided({
    actions,
    ...heldPlace(context),
    wakeAtMs: earliest(deadlineMs, deletesAtMs === null ? null : lostAfterMs(context, deletesAtMs)),
    reasons: trail,
  });
}

/** `Running`, `startTime` and `podName` in one write after the Pod is there, and what is said of its deletion when that is first seen. */
export function runningStatus(context: TaskContext, pod: Pod, more: readonly ConditionChange[] = []): readonly Action[] {
  const { spec, status } = context.task;
  const { serverUrl } = startedWithOf(pod);
  const { creationTimestamp } = pod.metadata;
  const ready = findCondition(status?.conditions, 'Ready');
  const fault = context.specFault;
  const conditions: ConditionChange[] = [...more];
  if (findCondition(status?.conditions, 'Queued')?.status === 'True') {
    conditions.push({
      type: 'Queued',
      status: 'False',
      reason: 'CapacityAvailable',
      message: `Agent ${JSON.stringify(spec.agentRef?.name ?? '')} capacity now available`,
    });
  }
  if (fault !== null)
    conditions.push({
      type: 'Ready',
      status: 'False',
      reason: 'InvalidSpec',
      message: `${fault}; the task runs on as if it were not given`,
    });
  else if (ready?.status === 'False')
    conditions.push({ type: 'Ready', status: 'True', reason: 'PodCreated', message: `pod ${pod.metadata.name} was created` });
  return patchStatus(context, `status/running/${context.attempt}`, {
    set: {
      phase: 'Running',
      podName: pod.metadata.name,
      attemptCount: context.attempt,
      message: null,
      cause: null,
      ...(status?.startTime === undefined && creationTimestamp !== undefined ? { startTime: creationTimestamp } : {}),
      ...(spec.agentRef === undefined ? {} : { agentRef: spec.agentRef }),
      ...(spec.templateRef === undefined ? {} : { templateRef: spec.templateRef }),
      ...(creationTimestamp === undefined ? {} : { times: { ...status?.times, podCreated: creationTimestamp } }),
      ...(serverUrl === undefined ? {} : { session: { ...status?.session, title: sessionTitle(context.task) } }),
    },
    conditions: [...conditions, ...podDeleting(context, pod)],
  });
}

/** The moment at which somebody asked for the Pod's deletion: kept when it is first seen, because the API server moves the timestamp later. */
function podDeleting(context: TaskContext, pod: Pod): readonly ConditionChange[] {
  if (trueCondition(context.task.status?.conditions, 'PodDeleting') !== undefined || recordedEnding(context) !== null) return [];
  const requested = deletionRequest(context, pod);
  if (requested === null || requested === 'unknown') return [];
  const message = `deletion of pod ${pod.metadata.name} was asked for by somebody else while it ran`;
  return [{ type: 'PodDeleting', status: 'True', reason: 'DeletionRequested', message, sinceMs: requested }];
}

/** A Pod of ours that the watch does not show: either it lags, or upstream's controller made it and our label is missing. */
export function adopt(context: TaskContext, pod: Pod): Decision {
  if (pod.metadata.labels?.[LABELS.taskUid] === context.snapshot.subject.uid) return live({ ...context, pod }, pod);
  return decided({
    actions: [claimPod(context.snapshot, pod)],
    ...heldPlace(context),
    wakeAtMs: context.nowMs + 5_000,
    reasons: [reason('task/adopt-pod', `adopts pod ${pod.metadata.name}: its controller is this task`, { podUID: pod.metadata.uid ?? '' })],
  });
}
