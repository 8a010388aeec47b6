import type { Pod } from '../api/kubernetes.ts';
import type { Stop } from '../api/task-parts.ts';
import type { Action, Decided } from '../contract/decision.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { sessionTitle } from '../pod/names.ts';
import { earliest, parseTime } from '../units/time.ts';
import { trueCondition } from './conditions.ts';
import { reason, type TaskContext } from './context.ts';
import { decided } from './decided.ts';
import { isDisposedAtEnd } from './disposal.ts';
import { agentTermination, type Ending, graceSecondsOf, lostAfterMs, patienceMs } from './fate.ts';
import { followLog, keepsLog } from './log.ts';
import { agentStarted, type Blocked } from './pending.ts';
import { heldPlace } from './place.ts';
import { announceStop, endByDeletion, endPod } from './pods.ts';
import { runningStatus } from './running-status.ts';
import { startedWithOf } from './started-with.ts';
import { stopOf } from './stop.ts';

/**
 * How long an agent that can read why it is stopped has for that before it is, in milliseconds: the kubelet has to bring the file up to date. Measured on a kubelet of
 * Kubernetes 1.37 with up to 16 Pods and more work than processors: 0.04 to 0.38 s. It counts from a time in whole seconds, so it comes to 1 to 2 s.
 */
const ANNOUNCED_FOR_MS = 2_000;

/**
 * Asks a Pod to end, for a stop, a timeout, or because it was kept from running for too long. The intent is written to the Task first (`Stopping`), so that after a crash the end is judged for what it was; the
 * Task is finished when the containers are gone, not now.
 */
export function askToEnd(context: TaskContext, pod: Pod, ending: Ending, blocked: Blocked | null = null): Decided {
  const { snapshot } = context;
  const stop = stopOf(context, pod);
  const since = parseTime(trueCondition(context.task.status?.conditions, 'Stopping')?.lastTransitionTime) ?? context.nowMs;
  // A kubelet that does not end the Pod in time is not asked a second time the same way.
  const escalateAtMs = since + patienceMs(context, pod);
  const byDeadline = isEndedByDeadline(context, pod, stop) && context.nowMs < escalateAtMs;
  const deletesAtMs = parseTime(pod.metadata.deletionTimestamp);
  const message = stoppingMessage(context, ending, blocked);
  const why = ending === 'Timeout' ? 'Timeout' : 'Stopped';
  const announcedUntilMs =
    startedWithOf(pod).stopFile === true && agentStarted(pod) && deletesAtMs === null ? since + ANNOUNCED_FOR_MS : null;
  const isAnnounced = announcedUntilMs === null || context.nowMs >= announcedUntilMs;
  const isDeleting = deletesAtMs !== null;
  const log = byDeadline || !isAnnounced ? [] : followLog(context, pod, stop.gracePeriodSeconds);
  const intent = runningStatus(context, pod, [{ type: 'Stopping', status: 'True', reason: ending, message }]);
  // What the agent came to before it was asked is its own: only what runs on beside it is ended then.
  const endedFor = agentTermination(pod) === undefined ? why : 'AgentEnded';
  const end = byDeadline ? endPod(snapshot, pod, endedFor) : endByDeletion(snapshot, pod, stop.gracePeriodSeconds);
  const actions: readonly Action[] = [
    // Of a Pod that is being deleted every moment counts; otherwise its log is followed from right before that.
    ...(isDeleting ? log : []),
    ...intent,
    ...(isDeleting ? [] : log),
    ...(isAnnounced ? end : announceStop(snapshot, pod, why)),
    ...abortSession(snapshot, pod),
  ];
  return decided({
    actions,
    ...heldPlace(context),
    wakeAtMs: [
      isAnnounced ? null : announcedUntilMs,
      byDeadline ? escalateAtMs : null,
      deletesAtMs === null ? null : lostAfterMs(context, deletesAtMs),
    ].reduce(earliest, null),
    reasons: [reason(ruleOf(ending), message, { mode: stop.mode ?? 'Delete', by: byDeadline ? 'deadline' : 'deletion', since })],
  });
}

function ruleOf(ending: Ending): string {
  switch (ending) {
    case 'UserStopped':
      return 'task/stop';
    case 'Timeout':
      return 'task/timeout';
    default:
      return 'task/pending-timeout';
  }
}

/**
 * A running Pod is ended by a deadline where it is to be retained (by its stop, or by clean-up), and also where it is deleted afterwards and the end of its log is kept: deleted first, it would take its
 * last words with it. Not where its containers are to have another grace than the Pod's own: only a deletion can say that.
 */
function isEndedByDeadline(context: TaskContext, pod: Pod, { mode, gracePeriodSeconds }: Stop): boolean {
  if (pod.status?.phase !== 'Running' || pod.metadata.deletionTimestamp !== undefined) return false;
  const isKept = mode === 'Retain' || !isDisposedAtEnd(context, { type: 'EndedByUs', ending: 'UserStopped' }, pod);
  const isOwnGrace = gracePeriodSeconds === undefined || gracePeriodSeconds === graceSecondsOf(pod);
  return isKept || (isOwnGrace && keepsLog(context));
}

function stoppingMessage({ task }: TaskContext, ending: Ending, blocked: Blocked | null): string {
  switch (ending) {
    case 'UserStopped':
      return 'a stop was asked for: the pod is asked to end';
    case 'Timeout':
      return 'the timeout has passed: the pod is asked to end';
    default:
      // Once it is written, what the platform says meanwhile does not change it.
      return blocked === null
        ? (trueCondition(task.status?.conditions, 'Stopping')?.message ?? 'the pod was kept from running for too long')
        : `it was kept from running for too long: ${blocked.message}`;
  }
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
