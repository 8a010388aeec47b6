import type { ContainerStateTerminated, Pod } from '../api/kubernetes.ts';
import type { Cause } from '../api/task.ts';
import { hasEnded } from '../contract/ended.ts';
import { AGENT_CONTAINER, ANNOTATIONS } from '../contract/names.ts';
import { parseTime } from '../units/time.ts';
import { agentFailure, blame, disruption, isEndedWithoutKubelet } from './cause.ts';
import { trueCondition } from './conditions.ts';
import type { TaskContext } from './context.ts';
import { type BlockedReason, CAUSE_OF_BLOCKED } from './pending.ts';
import { isBound } from './pods.ts';

/** A Pod's own default. Source: Kubernetes core/v1, DefaultTerminationGracePeriodSeconds. */
const DEFAULT_GRACE_SECONDS = 30;

/** What became of a Pod. */
export type Fate =
  /** Its containers run, wait to run, or may still run. */
  | { readonly type: 'Lives' }
  | { readonly type: 'Succeeded' }
  | {
      readonly type: 'Failed';
      readonly cause: Cause;
      readonly message: string;
      readonly container?: string;
      /** We ended it, because it was kept from running for too long. */
      readonly isByUs?: true;
    }
  /** The Pod ended because we asked for it. */
  | { readonly type: 'EndedByUs'; readonly ending: 'UserStopped' | 'Timeout' }
  /** A live read says that the Pod is not there. */
  | { readonly type: 'Missing' };

/** What became of a Pod that has come to its end. */
export type FinalFate = Exclude<Fate, { type: 'Lives' }>;

/** Why we end a Pod: the reason of the condition `Stopping`. */
export type Ending = 'UserStopped' | 'Timeout' | BlockedReason;

/** Recorded in the Task before the Pod is asked to end, so that the intent survives a crash. */
export function recordedEnding(context: TaskContext): Ending | null {
  const stopping = trueCondition(context.task.status?.conditions, 'Stopping');
  if (stopping === undefined) return null;
  const { reason } = stopping;
  return reason === 'Timeout' || Object.hasOwn(CAUSE_OF_BLOCKED, reason) ? (reason as Ending) : 'UserStopped';
}

/** The end of a Pod that ended as we had meant it to. */
export function fateByEnding(context: TaskContext, ending: Ending): FinalFate {
  if (ending === 'UserStopped' || ending === 'Timeout') return { type: 'EndedByUs', ending };
  const stopping = trueCondition(context.task.status?.conditions, 'Stopping');
  return { type: 'Failed', cause: CAUSE_OF_BLOCKED[ending], message: stopping?.message ?? ending, isByUs: true };
}

/** When somebody asked for the Pod's deletion, in milliseconds since the epoch; null when nobody did, `unknown` when it was seen too late to tell. */
export function deletionRequest(context: TaskContext, pod: Pod): number | 'unknown' | null {
  const deletesAtMs = parseTime(pod.metadata.deletionTimestamp);
  if (deletesAtMs === null) return null;
  // What we recorded when it was first seen.
  const seen = trueCondition(context.task.status?.conditions, 'PodDeleting');
  if (seen !== undefined) return parseTime(seen.lastTransitionTime) ?? 'unknown';
  const graceSeconds = pod.metadata.deletionGracePeriodSeconds ?? 0;
  // The kubelet's last DELETE sets grace 0 and moves the timestamp: then the subtraction no longer tells.
  return graceSeconds > 0 ? deletesAtMs - graceSeconds * 1_000 : 'unknown';
}

/** Judges a Pod that is there. Ends before anything else, the platform's own word (`DisruptionTarget`) before any text. */
export function fateOf(context: TaskContext, pod: Pod): Fate {
  if (!hasEnded(pod)) return fateOfRunning(context, pod);
  const endedFor = pod.metadata.annotations?.[ANNOTATIONS.endedFor];
  // `AgentEnded` was written when the agent had ended and nobody had asked for a deletion: whatever ended the rest, it came later.
  if (endedFor === 'AgentEnded' || (pod.status?.reason === 'DeadlineExceeded' && endedFor !== undefined)) return fateOfEnded(pod, endedFor);
  const requested = deletionRequest(context, pod);
  if (requested === null) return fateByItself(pod);
  if (observedBeforeDeletion(pod)) return fateByItself(pod);
  if (requested !== 'unknown' && agentEndedBefore(pod, requested)) return fateBeforeDeletion(pod);
  const ending = recordedEnding(context);
  const disrupted = disruption(pod);
  // It lived, and nobody else's request had been seen, when that was written down.
  if (ending !== null) return fateByEnding(context, ending);
  if (disrupted !== null) return { type: 'Failed', ...disrupted };
  if (requested !== 'unknown') {
    return { type: 'Failed', cause: 'PodDeleted', message: `pod ${pod.metadata.name} was deleted while it ran` };
  }
  return {
    type: 'Failed',
    cause: 'PodDeleted',
    message: `pod ${pod.metadata.name} was deleted; it can't be told whether it had finished before (phase ${pod.status?.phase})`,
  };
}

/** A Pod whose deletion nobody had asked for when it ended. */
function fateByItself(pod: Pod): Fate {
  if (pod.status?.phase === 'Succeeded') return { type: 'Succeeded' };
  return { type: 'Failed', ...blame(pod) };
}

/** A Pod that was deleted when its agent had ended already: what still ran beside it was ended by the deletion, so its exit codes say nothing. */
function fateBeforeDeletion(pod: Pod): Fate {
  const fate = fateByItself(pod);
  const isByExitCode = fate.type === 'Failed' && fate.container !== undefined;
  return isByExitCode && agentTermination(pod) !== undefined ? fateOfAgent(pod) : fate;
}

/** The agent had ended by itself; only what ran beside it was ended. */
function fateOfAgent(pod: Pod): Fate {
  if (agentTermination(pod)?.exitCode === 0) return { type: 'Succeeded' };
  return { type: 'Failed', ...(agentFailure(pod) ?? blame(pod)) };
}

/** The kubelet ended the Pod at a deadline that we set, and our annotation says why. */
function fateOfEnded(pod: Pod, endedFor: string): Fate {
  switch (endedFor) {
    case 'AgentEnded':
      return fateOfAgent(pod);
    case 'Timeout':
      return { type: 'EndedByUs', ending: 'Timeout' };
    default:
      return { type: 'EndedByUs', ending: 'UserStopped' };
  }
}

function fateOfRunning(context: TaskContext, pod: Pod): Fate {
  const deletesAtMs = parseTime(pod.metadata.deletionTimestamp);
  if (deletesAtMs === null) return { type: 'Lives' };
  if (!isBound(pod)) {
    // Never bound to a node: no kubelet has it, nothing can run, and nobody will write a last status.
    const ending = recordedEnding(context);
    if (ending !== null) return fateByEnding(context, ending);
    return {
      type: 'Failed',
      ...(disruption(pod) ?? { cause: 'PodDeleted', message: `pod ${pod.metadata.name} was deleted before it was scheduled` }),
    };
  }
  if (context.nowMs < lostAfterMs(context, deletesAtMs)) return { type: 'Lives' };
  const requested = deletionRequest(context, pod);
  const agentEndedMs = parseTime(agentTermination(pod)?.finishedAt);
  if (typeof requested === 'number' && agentEndedMs !== null && agentEndedMs < requested) return fateOfAgent(pod);
  return {
    type: 'Failed',
    cause: 'NodeLost',
    message: `pod ${pod.metadata.name} should have ended at ${pod.metadata.deletionTimestamp} and node ${pod.spec.nodeName} does not say that it did; its containers may still run`,
  };
}

/** When a Pod that is being deleted counts as lost, in milliseconds since the epoch: its grace and then `unreachableAfter` later. */
export function lostAfterMs(context: TaskContext, deletesAtMs: number): number {
  return deletesAtMs + context.snapshot.settings.unreachableAfterSeconds * 1_000;
}

/** How long a kubelet that was asked to end a Pod may take, in milliseconds: the Pod's grace and then `unreachableAfter`. */
export function patienceMs(context: TaskContext, pod: Pod): number {
  return (graceSecondsOf(pod) + context.snapshot.settings.unreachableAfterSeconds) * 1_000;
}

/** Seconds between SIGTERM and SIGKILL of a Pod's containers. */
export function graceSecondsOf(pod: Pod): number {
  return pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
}

/** Whether the agent, or a Pod in which it never came to run, had ended before a time, in milliseconds since the epoch. */
function agentEndedBefore(pod: Pod, requestedMs: number): boolean {
  const finished = parseTime(agentTermination(pod)?.finishedAt) ?? failedStartMs(pod);
  return finished !== null && finished < requestedMs;
}

/**
 * Deletion raises the generation. A last status that was computed from an earlier one was computed before the deletion; not so where the platform wrote the
 * end itself, without a kubelet. A deadline raises it too, and it is not known which came first: ours once, somebody's as often as he likes.
 */
function observedBeforeDeletion(pod: Pod): boolean {
  const { generation, annotations } = pod.metadata;
  const observed = pod.status?.observedGeneration;
  if (generation === undefined || observed === undefined || isEndedWithoutKubelet(pod)) return false;
  const hasDeadlineOfOurs = annotations?.[ANNOTATIONS.endedFor] !== undefined;
  if (pod.spec.activeDeadlineSeconds !== undefined && !hasDeadlineOfOurs) return false;
  return observed < (hasDeadlineOfOurs ? generation - 1 : generation);
}

/** When the last container ended of a Pod whose start failed, in milliseconds since the epoch; null when none failed, or one that started is not known to have ended. */
function failedStartMs(pod: Pod): number | null {
  const states = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].map(({ state }) => state);
  if (!states.some((state) => (state?.terminated?.exitCode ?? 0) !== 0)) return null;
  const started = states.filter((state) => state?.running !== undefined || state?.terminated !== undefined);
  const times = started.map((state) => parseTime(state?.terminated?.finishedAt));
  return times.reduce((latest, time) => (latest === null || time === null ? null : Math.max(latest, time)), times[0] ?? null);
}

/** How the container `agent` ended; undefined while it runs or before. */
export function agentTermination(pod: Pod): ContainerStateTerminated | undefined {
  return pod.status?.containerStatuses?.find((status) => status.name === AGENT_CONTAINER)?.state?.terminated;
}

/** Whether the agent has ended and something beside it keeps the Pod alive (an injected sidecar that knows nothing of us; one that can't start keeps it Pending). */
export function outlivedByOthers(pod: Pod): boolean {
  if (agentTermination(pod) === undefined || hasEnded(pod)) return false;
  return (pod.status?.containerStatuses ?? []).some((status) => status.name !== AGENT_CONTAINER && status.state?.terminated === undefined);
}
