import type { ContainerState as ApiState, ContainerStatus, Pod, PodCondition, PodStatus, VolumeMount } from '#core/api/kubernetes.ts';
import { metaTime } from './kinds.ts';
import { type ContainerRun, isRegular, isRestarted, isRunning, type PodRun, type Terminated } from './pod-run.ts';

/** Conditions that a kubelet writes; all others are kept as they are. */
const KUBELET_CONDITIONS = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'];

const DEADLINE_MESSAGE = 'Pod was active on the node longer than the specified deadline';

/** All containers of a Pod share this room for their termination messages. Source: kubernetes pkg/kubelet/container/runtime.go, MaxPodTerminationMessageLogLength. */
const MESSAGES_LIMIT_BYTES = 12_288;

/** Address of every node. */
export const HOST_IP = '192.0.2.2';

interface Verdict {
  readonly phase: NonNullable<PodStatus['phase']>;
  readonly reason?: string;
  readonly message?: string;
}

/**
 * Status of a Pod as a real kubelet writes it. `last`: what it says of the containers in the end, when it lets go of the Pod; phase and conditions then come from
 * what was before. Source: kubernetes pkg/kubelet/kubelet_pods.go (generateAPIPodStatus) and status/{generate,status_manager}.go; shapes in test/fixtures.
 */
export function podStatus(pod: Pod, run: PodRun, nowMs: number, last?: PodRun): PodStatus {
  const verdict = judge(pod, run, nowMs);
  const couldRun = run.containers.some(isRunning);
  const isTerminal = isEnd(verdict.phase) && !couldRun;
  const { containers } = last ?? run;
  const inits = containers.filter((container) => !isRegular(container));
  const regular = containers.filter(isRegular).sort((a, b) => (a.name < b.name ? -1 : 1));
  const { initContainerStatuses: _, containerStatuses: __, phase: ___, reason: ____, message: _____, ...kept } = pod.status ?? {};
  return {
    ...kept,
    ...shown(pod, verdict, couldRun, last !== undefined),
    observedGeneration: pod.metadata.generation ?? 1,
    startTime: metaTime(run.acceptedMs),
    conditions: conditions(pod, run, verdict, { isTerminal, isLast: last !== undefined }, nowMs),
    ...network(pod, run),
    ...(inits.length === 0 ? {} : { initContainerStatuses: inits.map((container) => containerStatus(pod, container)) }),
    containerStatuses: regular.map((container) => containerStatus(pod, container)),
  };
}

/** A phase that is terminal is not shown before the last container has ended, though the conditions tell. Who is let go before it came to run is Failed. */
function shown(pod: Pod, verdict: Verdict, couldRun: boolean, isLast: boolean): Verdict {
  if (isEnd(verdict.phase)) return couldRun ? { phase: pod.status?.phase ?? 'Pending' } : verdict;
  return isLast ? { phase: 'Failed' } : verdict;
}

function isEnd(phase: Verdict['phase']): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}

/** Whether nothing more will start: what still runs are sidecars. */
export function isOver(pod: Pod, run: PodRun, nowMs: number): boolean {
  return isEnd(judge(pod, run, nowMs).phase);
}

/** Status of a Pod that its node refuses: nothing of it ever starts. Source: kubernetes pkg/kubelet/kubelet.go, rejectPod. */
export function rejectedStatus({ status, metadata }: Pod, nowMs: number): PodStatus {
  const { conditions = [], ...kept } = status ?? {};
  const others = conditions.filter(({ type }) => !KUBELET_CONDITIONS.includes(type));
  return {
    ...kept,
    observedGeneration: metadata.generation ?? 1,
    phase: 'Failed',
    reason: 'OutOfcpu',
    message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 1000, used: 1000, capacity: 1000",
    startTime: metaTime(nowMs),
    ...(others.length === 0 ? {} : { conditions: others }),
  };
}

/** Whether the time of `spec.activeDeadlineSeconds` is over, or was when the Pod ended: no kubelet judges one again that it has done with. */
export function isPastDeadline({ spec }: Pod, { acceptedMs, wasPastDeadline }: PodRun, nowMs: number): boolean {
  if (wasPastDeadline !== undefined) return wasPastDeadline;
  return spec.activeDeadlineSeconds !== undefined && nowMs - acceptedMs >= spec.activeDeadlineSeconds * 1_000;
}

/** Source: kubernetes pkg/kubelet/kubelet_pods.go, getPhase. */
function judge(pod: Pod, run: PodRun, nowMs: number): Verdict {
  if (run.verdict !== undefined) return { phase: 'Failed', reason: run.verdict.reason, message: run.verdict.message };
  if (isPastDeadline(pod, run, nowMs)) return { phase: 'Failed', reason: 'DeadlineExceeded', message: DEADLINE_MESSAGE };
  const isFinal = (container: ContainerRun): boolean => {
    const { state } = container;
    return state.type === 'Terminated' && (run.isEnding || !isRestarted(pod, container, state.exitCode));
  };
  const hasFailed = ({ state }: ContainerRun): boolean => state.type === 'Terminated' && state.exitCode !== 0;
  if (run.containers.some((container) => container.role === 'Init' && isFinal(container) && hasFailed(container)))
    return { phase: 'Failed' };
  const regular = run.containers.filter(isRegular);
  if (regular.every(isFinal)) return { phase: regular.some(hasFailed) ? 'Failed' : 'Succeeded' };
  const isPending = ({ state, lastEnd }: ContainerRun): boolean => state.type === 'Waiting' && lastEnd === undefined;
  return { phase: regular.some(isPending) ? 'Pending' : 'Running' };
}

interface Stage {
  /** The phase is terminal and shown. */
  readonly isTerminal: boolean;
  /** The kubelet lets go of the Pod. */
  readonly isLast: boolean;
}

function conditions(pod: Pod, run: PodRun, { phase }: Verdict, { isTerminal, isLast }: Stage, nowMs: number): PodCondition[] {
  const old = pod.status?.conditions ?? [];
  const set = (type: string, status: 'True' | 'False', reason?: string, message?: string): PodCondition => {
    const before = old.find((condition) => condition.type === type);
    return {
      type,
      observedGeneration: pod.metadata.generation ?? 1,
      status,
      ...{ lastProbeTime: null },
      lastTransitionTime:
        before?.status === status && before.lastTransitionTime !== undefined ? before.lastTransitionTime : metaTime(nowMs),
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
    };
  };
  const readiness = ready(run, phase);
  const disrupted =
    run.verdict !== undefined && isTerminal ? [set('DisruptionTarget', 'True', 'TerminationByKubelet', run.verdict.disruption)] : [];
  const isOurs = ({ type }: PodCondition): boolean =>
    KUBELET_CONDITIONS.includes(type) || disrupted.some((condition) => condition.type === type);
  return [
    ...old.filter((condition) => !isOurs(condition)),
    ...disrupted,
    run.hasSandbox && !isTerminal && !isLast
      ? set('PodReadyToStartContainers', 'True')
      : set(
          'PodReadyToStartContainers',
          'False',
          'PodSandboxNotReady',
          run.hasSandbox ? 'pod sandbox is not ready' : 'no pod sandbox exists',
        ),
    initialized(run, phase, set),
    set('Ready', readiness.status, readiness.reason, readiness.message),
    set('ContainersReady', readiness.status, readiness.reason, readiness.message),
    set('PodScheduled', 'True'),
  ];
}

type SetCondition = (type: string, status: 'True' | 'False', reason?: string, message?: string) => PodCondition;

function initialized(run: PodRun, phase: string, set: SetCondition): PodCondition {
  if (phase === 'Succeeded') return set('Initialized', 'True', 'PodCompleted');
  if (run.containers.some((container) => isRegular(container) && container.state.type !== 'Waiting')) return set('Initialized', 'True');
  const isIncomplete = ({ role, state }: ContainerRun): boolean => {
    return role === 'Sidecar' ? state.type === 'Waiting' : role === 'Init' && !(state.type === 'Terminated' && state.exitCode === 0);
  };
  const incomplete = run.containers.filter(isIncomplete).map(({ name }) => name);
  if (incomplete.length === 0) return set('Initialized', 'True');
  return set('Initialized', 'False', 'ContainersNotInitialized', `containers with incomplete status: [${incomplete.join(' ')}]`);
}

function ready(run: PodRun, phase: string): Pick<PodCondition, 'reason' | 'message'> & { readonly status: 'True' | 'False' } {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  const unready = run.containers.filter((container) => container.role !== 'Init' && !isRunning(container)).map(({ name }) => name);
  if (unready.length === 0) return { status: 'True' };
  return { status: 'False', reason: 'ContainersNotReady', message: `containers with unready status: [${unready.join(' ')}]` };
}

function containerStatus(pod: Pod, container: ContainerRun): ContainerStatus {
  const { name, image, role, state, restartCount, lastEnd } = container;
  const isNew = state.type === 'Waiting' ? lastEnd === undefined : state.type === 'Terminated' && state.startedMs === undefined;
  const id = containerId(pod, container);
  const spec = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find((each) => each.name === name);
  const isDone = role === 'Init' && state.type === 'Terminated' && state.exitCode === 0;
  // One that waits to be started again is still the one that ended.
  const lastId = state.type === 'Waiting' ? id : containerId(pod, { name, restartCount: restartCount - 1 });
  const { requests } = spec?.resources ?? {};
  const more = {
    ...(isNew ? {} : { containerID: id, resources: spec?.resources ?? {} }),
    ...(isNew || requests === undefined ? {} : { allocatedResources: requests }),
    imageID: isNew ? '' : `sha256:${hash(image).repeat(8)}`,
    lastState: lastEnd === undefined ? {} : terminatedState(pod, lastEnd, lastId),
    ready: state.type === 'Running' ? role !== 'Init' : isDone,
    restartCount,
    started: state.type === 'Running',
    ...volumeMounts(spec?.volumeMounts),
  };
  return { name, image, ...more, state: apiState(pod, state, isNew ? undefined : id) };
}

function volumeMounts(mounts: readonly VolumeMount[] = []): Readonly<Record<string, unknown>> {
  if (mounts.length === 0) return {};
  const readOnly = ({ recursiveReadOnly }: VolumeMount) => ({
    readOnly: true,
    recursiveReadOnly: recursiveReadOnly === 'Enabled' ? 'Enabled' : 'Disabled',
  });
  return {
    volumeMounts: mounts.map((mount) => ({
      name: mount.name,
      mountPath: mount.mountPath,
      ...(mount.readOnly === true ? readOnly(mount) : {}),
    })),
  };
}

function apiState(pod: Pod, state: ContainerRun['state'], containerID: string | undefined): ApiState {
  switch (state.type) {
    case 'Waiting':
      return { waiting: { reason: state.reason, ...(state.message === undefined ? {} : { message: state.message }) } };
    case 'Running':
      return { running: { startedAt: metaTime(state.startedMs) } };
    case 'Terminated':
      return terminatedState(pod, state, containerID);
  }
}

function terminatedState({ spec }: Pod, { startedMs, finishedMs, exitCode, reason, message }: Terminated, containerID?: string): ApiState {
  const times =
    startedMs === undefined ? { startedAt: null, finishedAt: null } : { startedAt: metaTime(startedMs), finishedAt: metaTime(finishedMs) };
  const limitBytes = Math.floor(MESSAGES_LIMIT_BYTES / (spec.containers.length + (spec.initContainers?.length ?? 0)));
  const terminated = {
    exitCode,
    reason,
    ...(message === undefined ? {} : { message: firstBytes(message, limitBytes) }),
    ...(containerID === undefined ? {} : { containerID }),
    ...times,
  };
  return { terminated: terminated as NonNullable<ApiState['terminated']> };
}

function firstBytes(text: string, limitBytes: number): string {
  return text.length * 3 <= limitBytes ? text : Buffer.from(text).subarray(0, limitBytes).toString();
}

/** Name of a container as the runtime has it, the same for the same Pod and restart. */
export function containerId({ metadata }: Pod, { name, restartCount }: Pick<ContainerRun, 'name' | 'restartCount'>): string {
  return `containerd://${hash(`${metadata.uid}/${name}/${restartCount}`).repeat(8)}`;
}

function network({ metadata }: Pod, { hasSandbox }: PodRun): Readonly<Record<string, unknown>> {
  const host = { hostIP: HOST_IP, hostIPs: [{ ip: HOST_IP }] };
  if (!hasSandbox) return host;
  const number = Number.parseInt(hash(metadata.uid ?? ''), 16);
  const podIP = `10.244.${(number >>> 8) & 0xff}.${number & 0xff}`;
  return { ...host, podIP, podIPs: [{ ip: podIP }] };
}

/** FNV-1a, 8 hexadecimal digits. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return (value >>> 0).toString(16).padStart(8, '0');
}
