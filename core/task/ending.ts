import type { Pod } from '../api/kubernetes.ts';
import type { Action, Decided } from '../contract/decision.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { sessionTitle } from '../pod/names.ts';
import { earliest, parseTime } from '../units/time.ts';
import { trueCondition } from './conditions.ts';
import { reason, type TaskContext } from './context.ts';
import { decided } from './decided.ts';
import { lostAfterMs, patienceMs } from './fate.ts';
import { heldPlace } from './place.ts';
import { deletePod, endPod } from './pods.ts';
import { runningStatus } from './running-status.ts';
import { startedWithOf } from './started-with.ts';

/**
 * Asks a Pod to end, for a stop or a timeout. The intent is written to the Task first (`Stopping`), so that after a crash the end is judged for what it was; the
 * Task is finished when the containers are gone, not now.
 */
export function askToEnd(context: TaskContext, pod: Pod, ending: 'UserStopped' | 'Timeout'): Decided {
  const stop = context.task.spec.stop ?? startedWithOf(pod).stop ?? {};
  const since = parseTime(trueCondition(context.task.status?.conditions, 'Stopping')?.lastTransitionTime) ?? context.nowMs;
  // A kubelet that does not end the Pod in time is not asked a second time the same way.
  const escalateAtMs = since + patienceMs(context, pod);
  const retain = stop.mode === 'Retain' && pod.status?.phase === 'Running' && context.nowMs < escalateAtMs;
  const message =
    ending === 'Timeout' ? 'the timeout has passed: the pod is asked to end' : 'a stop was asked for: the pod is asked to end';
  const deletesAtMs = parseTime(pod.metadata.deletionTimestamp);
  const actions: readonly Action[] = [
    ...runningStatus(context, pod, [{ type: 'Stopping', status: 'True', reason: ending, message }]),
    ...(retain
      ? endPod(context.snapshot, pod, ending === 'Timeout' ? 'Timeout' : 'Stopped')
      : deletePod(context.snapshot, pod, stop.gracePeriodSeconds)),
    ...abortSession(context.snapshot, pod),
  ];
  return decided({
    actions,
    ...heldPlace(context),
    wakeAtMs: earliest(retain ? escalateAtMs : null, deletesAtMs === null ? null : lostAfterMs(context, deletesAtMs)),
    reasons: [reason(ending === 'Timeout' ? 'task/timeout' : 'task/stop', message, { mode: retain ? 'Retain' : 'Delete', since })],
  });
}

/** The work of an Attach Task goes on in the Agent's server unless its session is aborted. */
export function abortSession({ subject }: Snapshot, pod: Pod): readonly Action[] {
  const { serverUrl } = startedWithOf(pod);
  if (serverUrl === undefined) return [];
  return [
    {
      type: 'Effect',
      id: `session-abort/${pod.metadata.uid}`,
      kind: 'SessionAbort',
      url: serverUrl,
      title: sessionTitle({ metadata: subject }),
    },
  ];
}
