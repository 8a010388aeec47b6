import type { Pod } from '../api/kubernetes.ts';
import type { Action } from '../contract/decision.ts';
import { parseTime } from '../units/time.ts';
import { type ConditionChange, conditionMessage, findCondition, trueCondition } from './conditions.ts';
import { recordOfStart, startedFrom, type TaskContext } from './context.ts';
import { taskEvent } from './events.ts';
import { deletionRequest, recordedEnding } from './fate.ts';
import { type Blocked, blockedBy, CAUSE_OF_BLOCKED } from './pending.ts';
import { titledSession } from './session.ts';
import { patchStatus } from './status.ts';

/** Another wording of the same trouble is written at most so often, in milliseconds. */
const REWORDED_AFTER_MS = 60_000;

/** `Running`, `startTime` and `podName` in one write after the Pod is there, and what is said of its deletion when that is first seen. */
export function runningStatus(context: TaskContext, pod: Pod, more: readonly ConditionChange[] = []): readonly Action[] {
  const { status } = context.task;
  const { creationTimestamp } = pod.metadata;
  const ready = findCondition(status?.conditions, 'Ready');
  const fault = context.specFault;
  const conditions: ConditionChange[] = [...more];
  if (trueCondition(status?.conditions, 'Queued') !== undefined) conditions.push(leftQueue(context));
  if (fault !== null)
    conditions.push({
      type: 'Ready',
      status: 'False',
      reason: 'InvalidSpec',
      message: `${fault}; the task runs on as if it were not given`,
    });
  else if (ready?.status === 'False')
    conditions.push({ type: 'Ready', status: 'True', reason: 'PodCreated', message: `pod ${pod.metadata.name} was created` });
  const blocked = blockedNow(context, pod);
  if (blocked !== null) conditions.push({ type: 'PodBlocked', status: 'True', ...blocked });
  else if (trueCondition(status?.conditions, 'PodBlocked') !== undefined)
    conditions.push({ type: 'PodBlocked', status: 'False', reason: 'Unblocked', message: 'nothing keeps the pod from running any more' });
  if (trueCondition(status?.conditions, 'Retrying') !== undefined)
    conditions.push({ type: 'Retrying', status: 'False', reason: 'Started', message: `attempt ${context.attempt} has started` });
  const isStopping = more.some(({ type }) => type === 'Stopping');
  if (!isStopping && recordedEnding(context) !== null)
    conditions.push({ type: 'Stopping', status: 'False', reason: 'Unblocked', message: 'nothing keeps the pod from running any more' });
  const patches = patchStatus(context, `status/running/${context.attempt}`, {
    set: {
      phase: 'Running',
      podName: pod.metadata.name,
      attemptCount: context.attempt,
      message: blocked?.message ?? null,
      cause: blocked === null ? null : CAUSE_OF_BLOCKED[blocked.reason],
      nextAttemptTime: null,
      ...(status?.startTime === undefined && creationTimestamp !== undefined ? { startTime: creationTimestamp } : {}),
      ...recordOfStart(context),
      ...(creationTimestamp === undefined ? {} : { times: { ...status?.times, podCreated: creationTimestamp } }),
      ...titledSession(context, pod),
    },
    conditions: [...conditions, ...podDeleting(context, pod)],
  });
  const isNews = blocked !== null && trueCondition(status?.conditions, 'PodBlocked') === undefined;
  return isNews ? [...patches, taskEvent(context, 'PodBlocked', blocked.message)] : patches;
}

/** What keeps the Pod from running, in words that do not change with every try of the scheduler or the kubelet: each change is a write. */
function blockedNow(context: TaskContext, pod: Pod): Pick<Blocked, 'reason' | 'message'> | null {
  const blocked = blockedBy(pod);
  if (blocked === null) return null;
  const { reason, message, isBare } = blocked;
  const said = trueCondition(context.task.status?.conditions, 'PodBlocked');
  const sinceMs = parseTime(said?.lastTransitionTime);
  const isRecent = sinceMs !== null && context.nowMs < sinceMs + REWORDED_AFTER_MS;
  return said?.reason === reason && (isRecent || isBare)
    ? { reason, message: said.message }
    : { reason, message: conditionMessage(message) };
}

function leftQueue(context: TaskContext): ConditionChange {
  const { agentRef } = startedFrom(context);
  return agentRef === undefined
    ? { type: 'Queued', status: 'False', reason: 'Resumed', message: 'task is no longer suspended' }
    : {
        type: 'Queued',
        status: 'False',
        reason: 'CapacityAvailable',
        message: `Agent ${JSON.stringify(agentRef.name)} capacity now available`,
      };
}

/** The moment at which somebody asked for the Pod's deletion: kept when it is first seen, because the API server moves the timestamp later. */
export function podDeleting(context: TaskContext, pod: Pod): readonly ConditionChange[] {
  if (trueCondition(context.task.status?.conditions, 'PodDeleting') !== undefined || recordedEnding(context) !== null) return [];
  const requested = deletionRequest(context, pod);
  if (requested === null || requested === 'unknown') return [];
  const message = `deletion of pod ${pod.metadata.name} was asked for while it ran`;
  return [{ type: 'PodDeleting', status: 'True', reason: 'DeletionRequested', message, sinceMs: requested }];
}
