import type { Container, ContainerStatus, Pod } from '#core/api/kubernetes.ts';
import { AGENT_CONTAINER } from '#core/contract/names.ts';
import type { StoredObject } from './kinds.ts';
import type { PodScript } from './pod-script.ts';

export type StoredPod = StoredObject & Pod;

export interface Terminated {
  readonly type: 'Terminated';
  /** Absent: it never started. */
  readonly startedMs?: number;
  readonly finishedMs: number;
  readonly exitCode: number;
  readonly reason: string;
  readonly message?: string;
}

export type ContainerState =
  | { readonly type: 'Waiting'; readonly reason: string; readonly message?: string }
  | { readonly type: 'Running'; readonly startedMs: number }
  | Terminated;

/** `Main` is the agent, or whom the script speaks about instead. `Beside` (an injected proxy) runs until it is ended, `Sidecar` is an init container that restarts. */
export type ContainerRole = 'Init' | 'Sidecar' | 'Main' | 'Beside';

export interface ContainerRun {
  readonly name: string;
  readonly image: string;
  readonly role: ContainerRole;
  readonly state: ContainerState;
  readonly restartCount: number;
  /** How it ended before it was restarted. */
  readonly lastEnd?: Terminated;
}

/** An end that the node brings upon a Pod, as its status tells it. */
export interface NodeVerdict {
  readonly reason: string;
  readonly message: string;
  /** Of the condition DisruptionTarget; its reason is TerminationByKubelet. */
  readonly disruption: string;
}

/** What a kubelet knows of a Pod on its node, beside the object. */
export interface PodRun {
  readonly script: PodScript;
  /** When the kubelet accepted it: `status.startTime`, from which activeDeadlineSeconds counts. */
  readonly acceptedMs: number;
  readonly hasSandbox: boolean;
  readonly verdict?: NodeVerdict;
  /** Whether the Pod is being ended, so that nothing is started again. */
  readonly isEnding: boolean;
  /** Once it has ended: whether the time of activeDeadlineSeconds was over by then. A status that is told later says nothing else. */
  readonly wasPastDeadline?: boolean;
  /** Init containers and sidecars in their order, then the others. */
  readonly containers: readonly ContainerRun[];
}

/** A Pod that has just come to its node. */
export function acceptedRun(pod: Pod, script: PodScript, nowMs: number): PodRun {
  const inits = pod.spec.initContainers ?? [];
  const reason = inits.length > 0 ? 'PodInitializing' : 'ContainerCreating';
  const waiting: ContainerState = { type: 'Waiting', reason };
  const containers = containersOf(pod, script, () => ({ state: waiting, restartCount: 0 }));
  return { script, acceptedMs: nowMs, hasSandbox: false, isEnding: false, containers };
}

/** A Pod that was running already when it was loaded from a live cluster. */
export function resumedRun(pod: Pod, script: PodScript, nowMs: number): PodRun {
  const statuses: readonly (ContainerStatus & { readonly restartCount?: number })[] = [
    ...(pod.status?.initContainerStatuses ?? []),
    ...(pod.status?.containerStatuses ?? []),
  ];
  const containers = containersOf(pod, script, (name) => {
    const status = statuses.find((each) => each.name === name);
    const lastEnd = stateFrom(status?.lastState, nowMs);
    return {
      state: stateFrom(status?.state, nowMs),
      restartCount: status?.restartCount ?? 0,
      ...(lastEnd.type === 'Terminated' ? { lastEnd } : {}),
    };
  });
  const acceptedMs = pod.status?.startTime === undefined ? nowMs : Date.parse(pod.status.startTime);
  const hasSandbox = containers.some(({ state }) => state.type !== 'Waiting');
  return { script, acceptedMs, hasSandbox, isEnding: false, containers };
}

function containersOf(
  { spec }: Pod,
  script: PodScript,
  historyOf: (name: string) => Pick<ContainerRun, 'state' | 'restartCount' | 'lastEnd'>,
): ContainerRun[] {
  const isThere = (wanted: string | undefined): boolean => spec.containers.some(({ name }) => name === wanted);
  const mainName = [script.container, AGENT_CONTAINER].find(isThere) ?? spec.containers[0]?.name;
  const run = (container: Container, role: ContainerRole): ContainerRun => {
    return { name: container.name, image: container.image ?? '', role, ...historyOf(container.name) };
  };
  return [
    ...(spec.initContainers ?? []).map((container) => run(container, container.restartPolicy === 'Always' ? 'Sidecar' : 'Init')),
    ...spec.containers.map((container) => run(container, container.name === mainName ? 'Main' : 'Beside')),
  ];
}

function stateFrom(state: ContainerStatus['state'], nowMs: number): ContainerState {
  const { running, terminated, waiting } = state ?? {};
  if (running !== undefined) return { type: 'Running', startedMs: timeOr(running.startedAt, nowMs) };
  if (terminated !== undefined) {
    const { exitCode, reason = 'Error', message, startedAt, finishedAt } = terminated;
    return {
      type: 'Terminated',
      startedMs: timeOr(startedAt, nowMs),
      finishedMs: timeOr(finishedAt, nowMs),
      exitCode,
      reason,
      ...(message === undefined ? {} : { message }),
    };
  }
  return { type: 'Waiting', reason: waiting?.reason ?? 'ContainerCreating' };
}

function timeOr(text: string | undefined, otherMs: number): number {
  return text === undefined ? otherMs : Date.parse(text);
}

/** The container that the script speaks about. */
export function subjectOf({ script, containers }: PodRun): ContainerRun | undefined {
  return (
    containers.find(({ name, role }) => name === script.container && role !== 'Sidecar') ?? containers.find(({ role }) => role === 'Main')
  );
}

export function isRunning({ state }: ContainerRun): boolean {
  return state.type === 'Running';
}

export function isRegular({ role }: ContainerRun): boolean {
  return role === 'Main' || role === 'Beside';
}

/** Whether a kubelet starts a container again that ended so. */
export function isRestarted({ spec }: Pod, { role }: ContainerRun, exitCode: number): boolean {
  if (role === 'Init') return exitCode !== 0 && spec.restartPolicy !== 'Never';
  return spec.restartPolicy === 'Always' || (spec.restartPolicy === 'OnFailure' && exitCode !== 0);
}
