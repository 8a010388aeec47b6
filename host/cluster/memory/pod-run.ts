import type { Container, ContainerStatus, Pod } from '#core/api/kubernetes.ts';
import { AGENT_CONTAINER } from '#core/contract/names.ts';
import type { PodScript } from './pod-script.ts';

export type ContainerState =
  | { readonly type: 'Waiting'; readonly reason: string; readonly message?: string }
  | { readonly type: 'Running'; readonly startedMs: number }
  | {
      readonly type: 'Terminated';
      /** Absent: it never started. */
      readonly startedMs?: number;
      readonly finishedMs: number;
      readonly exitCode: number;
      readonly reason: string;
      readonly message?: string;
    };

/** `Main` is the container that the script speaks about: `agent`, else the first. `Beside` (an injected proxy) runs until it is ended, `Sidecar` is an init container that restarts. */
export type ContainerRole = 'Init' | 'Sidecar' | 'Main' | 'Beside';

export interface ContainerRun {
  readonly name: string;
  readonly image: string;
  readonly role: ContainerRole;
  readonly state: ContainerState;
}

/** What a kubelet knows of a Pod on its node, beside the object. */
export interface PodRun {
  readonly script: PodScript;
  /** When the kubelet accepted it: `status.startTime`, from which activeDeadlineSeconds counts. */
  readonly acceptedMs: number;
  readonly hasSandbox: boolean;
  readonly isEvicted: boolean;
  /** Init containers and sidecars in their order, then the others. */
  readonly containers: readonly ContainerRun[];
}

/** A Pod that has just come to its node. */
export function acceptedRun(pod: Pod, script: PodScript, nowMs: number): PodRun {
  const inits = pod.spec.initContainers ?? [];
  const reason = inits.length > 0 ? 'PodInitializing' : 'ContainerCreating';
  const waiting: ContainerState = { type: 'Waiting', reason };
  return { script, acceptedMs: nowMs, hasSandbox: false, isEvicted: false, containers: containersOf(pod, () => waiting) };
}

/** A Pod that was running already when it was loaded from a live cluster. */
export function resumedRun(pod: Pod, script: PodScript, nowMs: number): PodRun {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const stateOf = (name: string): ContainerState =>
    stateFrom(
      statuses.find((status) => status.name === name),
      nowMs,
    );
  const containers = containersOf(pod, stateOf);
  const acceptedMs = pod.status?.startTime === undefined ? nowMs : Date.parse(pod.status.startTime);
  return { script, acceptedMs, hasSandbox: containers.some(({ state }) => state.type !== 'Waiting'), isEvicted: false, containers };
}

function containersOf({ spec }: Pod, stateOf: (name: string) => ContainerState): ContainerRun[] {
  const mainName = spec.containers.some(({ name }) => name === AGENT_CONTAINER) ? AGENT_CONTAINER : spec.containers[0]?.name;
  const run = (container: Container, role: ContainerRole): ContainerRun => {
    return { name: container.name, image: container.image ?? '', role, state: stateOf(container.name) };
  };
  return [
    ...(spec.initContainers ?? []).map((container) => run(container, container.restartPolicy === 'Always' ? 'Sidecar' : 'Init')),
    ...spec.containers.map((container) => run(container, container.name === mainName ? 'Main' : 'Beside')),
  ];
}

function stateFrom(status: ContainerStatus | undefined, nowMs: number): ContainerState {
  const { running, terminated, waiting } = status?.state ?? {};
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

/** The run with the state of every container that `picks`, given by `next`. */
function withStates(run: PodRun, picks: (container: ContainerRun) => boolean, next: (container: ContainerRun) => ContainerState): PodRun {
  return {
    ...run,
    containers: run.containers.map((container) => (picks(container) ? { ...container, state: next(container) } : container)),
  };
}

/** State of a container that ends now. */
function terminated({ state }: ContainerRun, nowMs: number, exitCode: number, reason?: string): ContainerState {
  const ended = { type: 'Terminated', finishedMs: nowMs, exitCode, reason: reason ?? (exitCode === 0 ? 'Completed' : 'Error') } as const;
  return state.type === 'Running' ? { ...ended, startedMs: state.startedMs } : ended;
}

/** The init container or sidecar that is next to start; undefined: the others are. */
export function nextInit(run: PodRun): ContainerRun | undefined {
  return run.containers.find((container) => !isRegular(container) && container.state.type === 'Waiting');
}

export function initStarted(run: PodRun, name: string, nowMs: number): PodRun {
  return withStates(
    run,
    (container) => container.name === name,
    () => ({ type: 'Running', startedMs: nowMs }),
  );
}

export function initEnded(run: PodRun, name: string, nowMs: number): PodRun {
  return withStates(
    run,
    (container) => container.name === name,
    (container) => terminated(container, nowMs, 0),
  );
}

/** All regular containers run; without the agent's while its image can't be pulled. */
export function regularStarted(run: PodRun, nowMs: number): PodRun {
  const isHeld = ({ role }: ContainerRun): boolean => role === 'Main' && run.script.outcome === 'image-pull';
  const starts = (container: ContainerRun): boolean => isRegular(container) && container.state.type === 'Waiting' && !isHeld(container);
  return withStates(run, starts, () => ({ type: 'Running', startedMs: nowMs }));
}

export function pullFailed(run: PodRun, reason: string, message: (image: string) => string): PodRun {
  return withStates(
    run,
    ({ role }) => role === 'Main',
    ({ image }) => ({ type: 'Waiting', reason, message: message(image) }),
  );
}

export function mainEnded(run: PodRun, nowMs: number, exitCode: number, reason?: string): PodRun {
  const picks = (container: ContainerRun): boolean => container.role === 'Main' && isRunning(container);
  return withStates(run, picks, (container) => terminated(container, nowMs, exitCode, reason));
}

/** SIGTERM: all but the agent's container end at once. */
export function signalled(run: PodRun, nowMs: number): PodRun {
  const picks = (container: ContainerRun): boolean => container.role !== 'Main' && isRunning(container);
  return withStates(run, picks, (container) => terminated(container, nowMs, container.role === 'Init' ? 143 : 0));
}

/** SIGKILL to all that runs. */
export function killed(run: PodRun, nowMs: number): PodRun {
  return withStates(run, isRunning, (container) => terminated(container, nowMs, 137));
}

/** The node is short of memory. */
export function evicted(run: PodRun, nowMs: number): PodRun {
  return { ...killed(run, nowMs), isEvicted: true };
}

/** Sidecars end after the last regular container. */
export function sidecarsEnded(run: PodRun, nowMs: number): PodRun {
  const picks = (container: ContainerRun): boolean => container.role === 'Sidecar' && isRunning(container);
  return withStates(run, picks, (container) => terminated(container, nowMs, 0));
}

export function isRunning({ state }: ContainerRun): boolean {
  return state.type === 'Running';
}

export function isRegular({ role }: ContainerRun): boolean {
  return role === 'Main' || role === 'Beside';
}

const UNKNOWN = {
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when the pod was terminated',
};

/**
 * What a kubelet reports of containers that never started when it ends a Pod. Source: kubernetes pkg/kubelet/status/status_manager.go, TerminatePod.
 */
export function withUnknownStates(run: PodRun, nowMs: number): PodRun {
  const inits = run.containers.filter((container) => !isRegular(container));
  const lastInit = inits.at(-1)?.state;
  const isInitialized =
    inits.length === 0 ||
    run.containers.some((container) => isRegular(container) && container.state.type !== 'Waiting') ||
    (lastInit?.type === 'Terminated' && lastInit.exitCode === 0);
  const lastSeen = inits.findLastIndex(({ state }) => state.type !== 'Waiting');
  const seenInits = inits.slice(0, Math.max(1, lastSeen + 1));
  const isUnknown = (container: ContainerRun): boolean => {
    if (container.state.type !== 'Waiting') return false;
    return isRegular(container) ? isInitialized : seenInits.includes(container);
  };
  return withStates(run, isUnknown, () => ({ type: 'Terminated', finishedMs: nowMs, ...UNKNOWN }));
}
