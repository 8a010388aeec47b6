import type { ContainerStateTerminated, ContainerStateWaiting, Pod, PodCondition } from '../api/kubernetes.ts';
import type { PendingTimeouts } from '../api/retry.ts';
import type { Cause } from '../api/task.ts';
import { AGENT_CONTAINER } from '../contract/names.ts';
import { parseDuration } from '../units/duration.ts';
import { parseTime } from '../units/time.ts';
import type { TaskContext } from './context.ts';
import { schedulerText } from './scheduler-text.ts';
import { startedWithOf } from './started-with.ts';

/** Why a Pod is kept from running; the reason of the condition `PodBlocked`. */
export type BlockedReason = 'SchedulingGated' | 'Unschedulable' | 'ImagePull' | 'Configuration';

export interface Blocked {
  readonly reason: BlockedReason;
  /** For people: container, image and the registry's or scheduler's own words. */
  readonly message: string;
  /** The platform said no more than the reason: kubelets before 1.32 give the registry's words by turns. */
  readonly isBare: boolean;
  /** When it came to be so by the Pod's own facts, in milliseconds since the epoch; null when they do not tell. */
  readonly sinceMs: number | null;
}

/** Cause of a Task that waits, or ends, because of this. */
export const CAUSE_OF_BLOCKED: Readonly<Record<BlockedReason, Cause>> = {
  SchedulingGated: 'Unschedulable',
  Unschedulable: 'Unschedulable',
  ImagePull: 'Image',
  Configuration: 'Configuration',
};

/** `waiting.reason` of a container. Source: kubelet `images/types.go` and `kuberuntime/kuberuntime_container.go`, `container/sync_result.go`. */
const WAITING: Readonly<Record<string, BlockedReason>> = {
  ErrImagePull: 'ImagePull',
  ImagePullBackOff: 'ImagePull',
  InvalidImageName: 'ImagePull',
  ErrImageNeverPull: 'ImagePull',
  ImageInspectError: 'ImagePull',
  RegistryUnavailable: 'ImagePull',
  SignatureValidationFailed: 'ImagePull',
  CreateContainerConfigError: 'Configuration',
  CreateContainerError: 'Configuration',
  PreCreateHookError: 'Configuration',
  PreStartHookError: 'Configuration',
  RunContainerError: 'Configuration',
  // Only a native sidecar is started again, and the agent waits for those.
  CrashLoopBackOff: 'Configuration',
};

/** What keeps a Pod from running its agent; null when nothing is known to, or the agent has started. */
export function blockedBy(pod: Pod): Blocked | null {
  const { phase = 'Pending', conditions = [] } = pod.status ?? {};
  if (phase !== 'Pending' || agentStarted(pod)) return null;
  const scheduled = conditions.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') return unscheduled(pod, scheduled);
  for (const { name, image, state } of [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]) {
    const reason = WAITING[state?.waiting?.reason ?? ''];
    if (reason === undefined || state?.waiting === undefined) continue;
    const what = reason === 'ImagePull' ? `image ${imageOf(pod, name) ?? image ?? ''} can't be pulled` : "can't be started";
    const text = waitingText(state.waiting);
    return {
      reason,
      message: `container ${name}: ${what}: ${text}`,
      isBare: text === state.waiting.reason,
      sinceMs: turnCameMs(pod),
    };
  }
  return null;
}

/** The scheduler takes no notice of a Pod with a gate, which somebody else (a queue of the cluster) has to lift: its turn has not come, and no clock runs. */
function unscheduled({ metadata }: Pod, { reason, message, lastTransitionTime }: PodCondition): Blocked {
  const said = message ?? reason ?? 'no message';
  const sinceMs = parseTime(lastTransitionTime);
  return reason === 'SchedulingGated'
    ? { reason, message: `pod ${metadata.name} is held by a scheduling gate: ${said}`, isBare: false, sinceMs }
    : {
        reason: 'Unschedulable',
        message: `no node takes pod ${metadata.name}: ${schedulerText(said)}`,
        isBare: message === undefined,
        sinceMs,
      };
}

/** Whether the container `agent` has ever run in this Pod. */
export function agentStarted(pod: Pod): boolean {
  const agent = pod.status?.containerStatuses?.find(({ name }) => name === AGENT_CONTAINER);
  // An eviction may leave no container status at all: then only that the init containers had done tells.
  if (agent === undefined) return pod.status?.conditions?.some(({ type, status }) => type === 'Initialized' && status === 'True') === true;
  const ended = agent.state?.terminated ?? agent.lastState?.terminated;
  return agent.state?.running !== undefined || startedMs(ended) !== null;
}

/** Whether the container `agent` may have run: a node that lost sight of it can't tell. */
export function mayHaveStarted(pod: Pod): boolean {
  const agent = pod.status?.containerStatuses?.find(({ name }) => name === AGENT_CONTAINER);
  return agentStarted(pod) || agent?.state?.terminated?.reason === 'ContainerStatusUnknown';
}

/** When a container that has ended had started, in milliseconds since the epoch; null when it never did: kubelets say 1970 then, or nothing. */
export function startedMs(ended: ContainerStateTerminated | undefined): number | null {
  const atMs = parseTime(ended?.startedAt);
  return atMs === null || atMs <= 0 ? null : atMs;
}

/** How long the Pod may be kept so, in milliseconds: the Task's own word, else what it was started with; null: for ever. */
export function patienceWithMs(context: TaskContext, pod: Pod, reason: BlockedReason): number | null {
  const field = FIELDS[reason];
  if (field === null) return null;
  for (const text of [context.task.spec.pendingTimeouts?.[field], startedWithOf(pod).pendingTimeouts?.[field]]) {
    const parsed = parseDuration(text);
    if (parsed.ok) return Math.max(0, parsed.ms);
  }
  return null;
}

const FIELDS: Readonly<Record<BlockedReason, keyof PendingTimeouts | null>> = {
  SchedulingGated: null,
  Unschedulable: 'unschedulable',
  ImagePull: 'imagePull',
  Configuration: 'configuration',
};

function imageOf(pod: Pod, container: string): string | undefined {
  const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  return all.find(({ name }) => name === container)?.image;
}

/** The kubelet says by turns that it failed and that it waits before the next try: without that, both are one text, and no write. */
function waitingText({ reason = '', message = '' }: ContainerStateWaiting): string {
  const said = message
    .replace(/^Back-off pulling image "[^"]*"(?:: )?/, '')
    .replace(/^(?:ErrImagePull|RegistryUnavailable|SignatureValidationFailed): /, '')
    .trim();
  return said === '' ? reason : said;
}

/** When it was the turn of the container that waits now: since the node took the Pod, or the init container before it ended. */
function turnCameMs(pod: Pod): number | null {
  const ends = (pod.status?.initContainerStatuses ?? []).map(({ state }) => parseTime(state?.terminated?.finishedAt));
  const times = [parseTime(pod.status?.startTime), ...ends].filter((time) => time !== null);
  return times.length === 0 ? null : Math.max(...times);
}
