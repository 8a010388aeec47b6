import { type ContainerRun, type ContainerState, isRegular, isRunning, type PodRun, type Terminated } from './pod-run.ts';

/** The run with the state of every container that `picks`, given by `next`. */
function withStates(run: PodRun, picks: (container: ContainerRun) => boolean, next: (container: ContainerRun) => ContainerState): PodRun {
  return {
    ...run,
    containers: run.containers.map((container) => (picks(container) ? { ...container, state: next(container) } : container)),
  };
}

const isNamed =
  (name: string) =>
  (container: ContainerRun): boolean =>
    container.name === name;

/** How a container ends. */
export interface End {
  readonly exitCode: number;
  /** Default: `Completed` for 0, else `Error`. */
  readonly reason?: string;
  readonly message?: string;
}

/** State of a container that ends now. */
function terminated({ state }: ContainerRun, nowMs: number, { exitCode, reason, message }: End): Terminated {
  return {
    type: 'Terminated',
    finishedMs: nowMs,
    exitCode,
    reason: reason ?? (exitCode === 0 ? 'Completed' : 'Error'),
    ...(message === undefined ? {} : { message }),
    ...(state.type === 'Running' ? { startedMs: state.startedMs } : {}),
  };
}

/** The init container or sidecar that is next to start; undefined: the others are. */
export function nextInit(run: PodRun): ContainerRun | undefined {
  return run.containers.find((container) => !isRegular(container) && container.state.type === 'Waiting');
}

export function started(run: PodRun, name: string, nowMs: number): PodRun {
  return withStates(run, isNamed(name), () => ({ type: 'Running', startedMs: nowMs }));
}

/** All regular containers run that wait, but the one that is `held` back. */
export function regularStarted(run: PodRun, nowMs: number, held?: string): PodRun {
  const starts = (container: ContainerRun): boolean =>
    isRegular(container) && container.state.type === 'Waiting' && container.name !== held;
  return withStates(run, starts, () => ({ type: 'Running', startedMs: nowMs }));
}

/** A container waits, and this is why. */
export function held(run: PodRun, name: string, reason: string, message: string): PodRun {
  return withStates(run, isNamed(name), () => ({ type: 'Waiting', reason, message }));
}

export function ended(run: PodRun, name: string, nowMs: number, end: End): PodRun {
  const picks = (container: ContainerRun): boolean => container.name === name && isRunning(container);
  return withStates(run, picks, (container) => terminated(container, nowMs, end));
}

/** A container that ended waits to be started again. */
export function backedOff(run: PodRun, name: string, message: string): PodRun {
  const backOff = (container: ContainerRun): ContainerRun => {
    if (container.name !== name || container.state.type !== 'Terminated') return container;
    return { ...container, lastEnd: container.state, state: { type: 'Waiting', reason: 'CrashLoopBackOff', message } };
  };
  return { ...run, containers: run.containers.map(backOff) };
}

/** A container runs again. */
export function restarted(run: PodRun, name: string, nowMs: number): PodRun {
  const restart = (container: ContainerRun): ContainerRun => {
    if (container.name !== name) return container;
    const before = container.state.type === 'Terminated' ? { lastEnd: container.state } : {};
    return { ...container, ...before, restartCount: container.restartCount + 1, state: { type: 'Running', startedMs: nowMs } };
  };
  return { ...run, containers: run.containers.map(restart) };
}

/** SIGTERM: all end at once but the one that the script speaks about, and sidecars, whose turn comes later. */
export function signalled(run: PodRun, nowMs: number, subject: string | undefined): PodRun {
  const picks = (container: ContainerRun): boolean => {
    return container.name !== subject && container.role !== 'Sidecar' && isRunning(container);
  };
  return withStates(run, picks, (container) => terminated(container, nowMs, { exitCode: container.role === 'Init' ? 143 : 0 }));
}

/** SIGKILL to all that runs. */
export function killed(run: PodRun, nowMs: number): PodRun {
  return withStates(run, isRunning, (container) => terminated(container, nowMs, { exitCode: 137 }));
}

/** SIGTERM to the sidecars, which follow the last of the others. */
export function sidecarsEnded(run: PodRun, nowMs: number): PodRun {
  const picks = (container: ContainerRun): boolean => container.role === 'Sidecar' && isRunning(container);
  return withStates(run, picks, (container) => terminated(container, nowMs, { exitCode: 0 }));
}

const UNKNOWN = {
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when the pod was terminated',
};

/** What a kubelet reports of containers that never started when it ends a Pod; the run itself when there are none. Source: kubernetes pkg/kubelet/status/status_manager.go, TerminatePod. */
export function withUnknownStates(run: PodRun, nowMs: number): PodRun {
  const inits = run.containers.filter((container) => !isRegular(container));
  const lastInit = inits.at(-1);
  const isInitialized =
    inits.length === 0 ||
    run.containers.some((container) => isRegular(container) && container.state.type !== 'Waiting') ||
    (lastInit?.role === 'Init' && lastInit.state.type === 'Terminated' && lastInit.state.exitCode === 0);
  const lastSeen = inits.findLastIndex(({ state }) => state.type !== 'Waiting');
  const seenInits = inits.slice(0, Math.max(1, lastSeen + 1));
  const isUnknown = (container: ContainerRun): boolean => {
    if (container.state.type !== 'Waiting') return false;
    return isRegular(container) ? isInitialized : seenInits.includes(container);
  };
  if (!run.containers.some(isUnknown)) return run;
  return withStates(run, isUnknown, () => ({ type: 'Terminated', finishedMs: nowMs, ...UNKNOWN }));
}
