import type { ContainerStatus, Pod, PodCondition } from '../api/kubernetes.ts';
import type { Cause } from '../api/task.ts';
import { AGENT_CONTAINER } from '../contract/names.ts';

/**
 * Why a Task ended, or waits, and by what that is told. Of a Pod, in this order of trust:
 *
 * | Cause         | told by                                                                                                   |
 * |---------------|-----------------------------------------------------------------------------------------------------------|
 * | Stopped       | our deadline's annotation, or our recorded intent and a deletion (`fate.ts`)                                |
 * | Timeout       | the same                                                                                                  |
 * | PodDeleted    | a deletion while it ran, without a word of the platform; or a live read that finds no Pod (`fate.ts`)       |
 * | Preempted     | DisruptionTarget by the scheduler; status.reason Preempting                                                |
 * | Evicted       | DisruptionTarget by the Eviction API, a taint or the kubelet; status.reason Evicted, a node that shuts down |
 * | NodeLost      | DisruptionTarget by the Pod garbage collector; a node long silent; a container that its node lost sight of  |
 * | Unschedulable | the kubelet did not admit it for want of room; the scheduler's condition (`pending.ts`)                    |
 * | Configuration | the kubelet can't admit or start it as it is; somebody else's deadline; waiting reasons (`pending.ts`)     |
 * | Image         | waiting reasons of an image (`pending.ts`)                                                                 |
 * | InitContainer | an init container's exit code                                                                             |
 * | OutOfMemory   | a container's reason OOMKilled                                                                            |
 * | Application   | the agent's exit code or signal, then any other container's                                               |
 *
 * Without a Pod: Agent and Context (what it refers to is missing or unusable), Rejected (the API server will never accept the Pod), Engine (the core itself failed; the
 * host says so).
 */
export interface Blame {
  readonly cause: Cause;
  /** For people: container, code, limit, node, in one line. */
  readonly message: string;
  readonly container?: string;
}

/** `DisruptionTarget` reasons. Source: Kubernetes docs, Disruptions, "Pod disruption conditions". */
const DISRUPTIONS: Readonly<Record<string, Cause>> = {
  PreemptionByScheduler: 'Preempted',
  EvictionByEvictionAPI: 'Evicted',
  TerminationByKubelet: 'Evicted',
  DeletionByTaintManager: 'Evicted',
  DeletionByPodGC: 'NodeLost',
};

/** Those that come with a DELETE: a Pod that had ended when that was asked for was not ended by them. */
const BY_DELETION: ReadonlySet<string> = new Set(['PreemptionByScheduler', 'EvictionByEvictionAPI', 'DeletionByTaintManager']);

/** `status.reason` of a failed Pod; `OutOf<resource>` is the kubelet's for any resource. Source: kubelet `eviction`, `preemption`, `nodeshutdown`, `lifecycle`, `sysctl` packages. */
const POD_REASONS: Readonly<Record<string, Cause>> = {
  Evicted: 'Evicted',
  Preempted: 'Preempted',
  Preempting: 'Preempted',
  NodeLost: 'NodeLost',
  NodeShutdown: 'Evicted',
  Shutdown: 'Evicted',
  Terminated: 'Evicted',
  NodeAffinity: 'Unschedulable',
  NodePorts: 'Unschedulable',
  TaintToleration: 'Unschedulable',
  TopologyAffinityError: 'Unschedulable',
  VolumeAttachmentLimitExceeded: 'Unschedulable',
  UnexpectedAdmissionError: 'Unschedulable',
  AppArmor: 'Configuration',
  PodOSNotSupported: 'Configuration',
  PodOSSelectorNodeLabelDoesNotMatch: 'Configuration',
  SysctlForbidden: 'Configuration',
  // With a deadline that is ours, and so annotated, this table is not asked.
  DeadlineExceeded: 'Configuration',
};

/** Container reasons that say that the process could not even be started. */
const NEVER_STARTED = new Set([
  'ContainerCannotRun',
  'StartError',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

/** The platform's own word that it, and not the application, ended this Pod; null when it gave none. */
export function disruption(pod: Pod): Blame | null {
  const condition = disruptionCondition(pod);
  if (condition === undefined) return null;
  // The kubelet gives one reason for an eviction, a node that shuts down, and a Pod that gives way to a critical one; the Pod's own tells the last.
  const isPreempted = POD_REASONS[pod.status?.reason ?? ''] === 'Preempted';
  const cause = isPreempted ? 'Preempted' : DISRUPTIONS[condition.reason ?? ''];
  return { cause: cause ?? 'Evicted', message: `${condition.reason ?? 'disruption'}: ${condition.message ?? 'no message'}${onNode(pod)}` };
}

/** Whether the platform wrote the end itself, because no kubelet was left to do it. */
export function isEndedWithoutKubelet(pod: Pod): boolean {
  return disruptionCondition(pod)?.reason === 'DeletionByPodGC';
}

/** The platform's word where no deletion came with it, so that it also holds for a Pod that had ended before somebody deleted it. */
function disruptionInPlace(pod: Pod): Blame | null {
  return BY_DELETION.has(disruptionCondition(pod)?.reason ?? '') ? null : disruption(pod);
}

function disruptionCondition(pod: Pod): PodCondition | undefined {
  return pod.status?.conditions?.find((entry) => entry.type === 'DisruptionTarget' && entry.status === 'True');
}

/**
 * Why a Pod failed whose deletion nobody had asked for when it ended, in a fixed order of trust: DisruptionTarget where it comes without a deletion, the Pod's
 * reason, init containers, the agent, what ran beside it.
 */
export function blame(pod: Pod): Blame {
  return disruptionInPlace(pod) ?? podReason(pod) ?? initContainerFailure(pod) ?? containerFailure(pod) ?? unknownFailure(pod);
}

function podReason(pod: Pod): Blame | null {
  const { reason = '', message } = pod.status ?? {};
  const cause = POD_REASONS[reason] ?? (reason.startsWith('OutOf') ? 'Unschedulable' : undefined);
  if (cause === undefined) return null;
  if (reason === 'DeadlineExceeded') {
    return {
      cause,
      message: 'the pod ran into an activeDeadlineSeconds that this controller did not set; look for a webhook or a user who did',
    };
  }
  return { cause, message: `${reason}: ${message ?? 'no message'}${onNode(pod)}` };
}

/** What the container `agent` alone says; null when it did not fail. For a Pod in which it had ended before the rest was ended. */
export function agentFailure(pod: Pod): Blame | null {
  const agent = pod.status?.containerStatuses?.find((status) => status.name === AGENT_CONTAINER);
  return failureOf(pod, agent, 'Application');
}

function initContainerFailure(pod: Pod): Blame | null {
  for (const status of pod.status?.initContainerStatuses ?? []) {
    const sidecar = pod.spec.initContainers?.some((container) => container.name === status.name && container.restartPolicy === 'Always');
    const found = sidecar ? null : failureOf(pod, status, 'InitContainer');
    if (found !== null) return found;
  }
  return null;
}

function containerFailure(pod: Pod): Blame | null {
  const statuses = pod.status?.containerStatuses ?? [];
  const agentFirst = [...statuses].sort((a, b) => Number(b.name === AGENT_CONTAINER) - Number(a.name === AGENT_CONTAINER));
  for (const status of agentFirst) {
    const found = failureOf(pod, status, 'Application');
    if (found !== null) return found;
  }
  return null;
}

function failureOf(pod: Pod, status: ContainerStatus | undefined, otherwise: Cause): Blame | null {
  const ended = status?.state?.terminated;
  if (status === undefined || ended === undefined || ended.exitCode === 0) return null;
  const container = status.name;
  const said = ended.message === undefined || ended.message === '' ? '' : `: ${ended.message.trim()}`;
  if (ended.reason === 'OOMKilled') {
    const limit = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find((entry) => entry.name === container)?.resources?.limits
      ?.memory;
    const node = pod.spec.nodeName === undefined ? 'its node' : `node ${pod.spec.nodeName}`;
    const bound = limit === undefined ? `${node} could give` : `its memory limit of ${limit}`;
    return {
      cause: 'OutOfMemory',
      container,
      message: `container ${container}: OOMKilled: it needed more than ${bound} (exit code ${ended.exitCode})`,
    };
  }
  if (ended.reason === 'ContainerStatusUnknown') {
    return { cause: 'NodeLost', container, message: `container ${container}: ${ended.reason}${said}${onNode(pod)}` };
  }
  if (NEVER_STARTED.has(ended.reason ?? '')) {
    const image = pod.spec.containers.find((entry) => entry.name === container)?.image ?? status.image;
    const what = image === undefined || image === '' ? container : `${container} (image ${image})`;
    return { cause: 'Configuration', container, message: `container ${what} could not be started (${ended.reason})${said}` };
  }
  return {
    cause: otherwise,
    container,
    message: `container ${container}: exit code ${ended.exitCode}${signalText(ended.exitCode)} (${ended.reason ?? 'Error'}${said})`,
  };
}

/** The signal behind an exit code above 128, as shells and container runtimes encode it. */
export function signalOf(exitCode: number): number | undefined {
  return exitCode > 128 && exitCode < 193 ? exitCode - 128 : undefined;
}

function signalText(exitCode: number): string {
  const signal = signalOf(exitCode);
  return signal === undefined ? '' : ` (signal ${signal})`;
}

function unknownFailure(pod: Pod): Blame {
  const { reason, message } = pod.status ?? {};
  return {
    cause: 'Application',
    message: `pod ${pod.metadata.name} failed and no container says why: ${reason ?? 'no reason'}: ${message ?? 'no message'}`,
  };
}

function onNode(pod: Pod): string {
  return pod.spec.nodeName === undefined ? '' : ` (node ${pod.spec.nodeName})`;
}
