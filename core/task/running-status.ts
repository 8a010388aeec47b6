import type { Pod } from '../api/kubernetes.ts';
import type { Action } from '../contract/decision.ts';
import { sessionTitle } from '../pod/names.ts';
import { type ConditionChange, findCondition, trueCondition } from './conditions.ts';
import { recordOfStart, startedFrom, type TaskContext } from './context.ts';
import { deletionRequest, recordedEnding } from './fate.ts';
import { startedWithOf } from './started-with.ts';
import { patchStatus } from './status.ts';

/** `Running`, `startTime` and `podName` in one write after the Pod is there, and what is said of its deletion when that is first seen. */
export function runningStatus(context: TaskContext, pod: Pod, more: readonly ConditionChange[] = []): readonly Action[] {
  const { status } = context.task;
  const { serverUrl } = startedWithOf(pod);
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
  return patchStatus(context, `status/running/${context.attempt}`, {
    set: {
      phase: 'Running',
      podName: pod.metadata.name,
      attemptCount: context.attempt,
      message: null,
      cause: null,
      ...(status?.startTime === undefined && creationTimestamp !== undefined ? { startTime: creationTimestamp } : {}),
      ...recordOfStart(context),
      ...(creationTimestamp === undefined ? {} : { times: { ...status?.times, podCreated: creationTimestamp } }),
      ...(serverUrl === undefined ? {} : { session: { ...status?.session, title: sessionTitle(context.task) } }),
    },
    conditions: [...conditions, ...podDeleting(context, pod)],
  });
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
function podDeleting(context: TaskContext, pod: Pod): readonly ConditionChange[] {
  if (trueCondition(context.task.status?.conditions, 'PodDeleting') !== undefined || recordedEnding(context) !== null) return [];
  const requested = deletionRequest(context, pod);
  if (requested === null || requested === 'unknown') return [];
  const message = `deletion of pod ${pod.metadata.name} was asked for while it ran`;
  return [{ type: 'PodDeleting', status: 'True', reason: 'DeletionRequested', message, sinceMs: requested }];
}
