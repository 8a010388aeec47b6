import type { Pod } from '#core/api/kubernetes.ts';
import type { Attempt, Task } from '#core/api/task.ts';
import { isHeld } from '#core/contract/held.ts';
import { AGENT_CONTAINER, LABELS } from '#core/contract/names.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import { attemptOf } from './scripts.ts';

/** How a Pod really ended: what its kubelet did, whether or not anybody has heard. */
export interface PodEnd {
  readonly atMs: number;
  readonly phase: 'Succeeded' | 'Failed';
  readonly reason: string | undefined;
  readonly exitCode: number | undefined;
  readonly isOutOfMemory: boolean;
  /** An init container failed, so that the agent never came to run. */
  readonly isOfInit: boolean;
}

/** How a Pod's agent ended, whatever runs on beside it. */
export interface AgentEnd {
  readonly atMs: number;
  readonly exitCode: number;
  readonly isOutOfMemory: boolean;
}

/** Why a host may end a Pod of a Task that nobody stops or deletes. */
export type Meant = 'Timeout' | 'Unschedulable' | 'Image' | 'Configuration';

export interface PodRecord {
  readonly uid: string;
  readonly name: string;
  readonly createdMs: number;
  /** From 1, as it says itself. */
  readonly attempt: number;
  /** Client that created it. */
  readonly createdBy: string;
  /** `namespace/name` of the Agent that it was made for. */
  readonly agent: string | undefined;
  /** Our finalizer; false also when somebody has taken it. */
  hadFinalizer: boolean;
  readonly task: TaskRecord | undefined;
  /** First request to delete it, by whomever. */
  deletion: { readonly atMs: number; readonly by: string } | undefined;
  /** When a host first asked for its end, by deletion or deadline. */
  endedByUsMs: number | undefined;
  isDisrupted: boolean;
  wasOnLostNode: boolean;
  isBound: boolean;
  /** Its agent has run, as far as anybody was told. */
  hasAgentStarted: boolean;
  /** What has kept it from running at some time. */
  readonly blockedBy: Set<'Unschedulable' | 'Image' | 'Configuration'>;
  /** What hosts have rightly written that it is to be ended for, and when, milliseconds since the epoch: another wish that comes later takes none of it back. */
  readonly meantFor: Map<Meant, number>;
  /** Somebody else has given it a deadline. */
  hasForeignDeadline: boolean;
  agentEnd: AgentEnd | undefined;
  end: PodEnd | undefined;
  /** The object as it is, or was last. */
  latest: StoredObject & Pod;
  goneMs: number | undefined;
}

export interface TaskRecord {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly createdMs: number;
  readonly pods: PodRecord[];
  latest: StoredObject & Task;
  stopAskedMs: number | undefined;
  deletingMs: number | undefined;
  goneMs: number | undefined;
  /** When it last went over to another host. */
  movedMs: number | undefined;
  /** When it last came to its end, milliseconds since the epoch, and by which client's word. */
  ended: { readonly by: string; readonly atMs: number } | undefined;
  /** Somebody has written its status by hand: what it says is no host's word any more. */
  isEdited: boolean;
  /** Names of its Events. */
  readonly events: Set<string>;
  /** Writes of hosts that were about it, and what excuses them: restarts, faults, what people did. */
  writes: number;
  disturbances: number;
  /** A host, or a call of one that was about it, has failed: what it was to keep may be lost. */
  isTroubled: boolean;
  /** Attempts by their number, as they were recorded first, and when. */
  readonly recorded: Map<number, RecordedAttempt>;
  /** Attempts that a person has asked for, by their number, and when they were opened, milliseconds since the epoch. */
  readonly asked: Map<number, number>;
  /** Every `spec.retry` that it has had. */
  readonly retries: unknown[];
  /** Every `spec.cleanup` that it has had. */
  readonly cleanups: unknown[];
}

export interface RecordedAttempt {
  readonly attempt: Attempt;
  /** Whether anybody had been told by then that its agent had run, or its node can't tell. */
  readonly hadStarted: boolean;
  /** Whether a host had asked for the Pod's end by then. */
  readonly wasEndedByUs: boolean;
  readonly by: string;
  readonly atMs: number;
}

/** The record that a Task begins with. */
export function newTaskRecord(task: StoredObject & Task, createdMs: number): TaskRecord {
  const { uid, namespace = '', name } = task.metadata;
  return {
    uid,
    namespace,
    name,
    createdMs,
    pods: [],
    latest: task,
    stopAskedMs: undefined,
    deletingMs: undefined,
    goneMs: undefined,
    movedMs: undefined,
    ended: undefined,
    isEdited: false,
    events: new Set(),
    writes: 0,
    disturbances: 0,
    isTroubled: false,
    recorded: new Map(),
    asked: new Map(),
    retries: [],
    cleanups: [],
  };
}

/** The record that a Pod begins with; `made`: what it does not tell itself. */
export function newPodRecord(pod: StoredObject & Pod, made: Pick<PodRecord, 'createdMs' | 'createdBy' | 'agent' | 'task'>): PodRecord {
  const { uid, name } = pod.metadata;
  return {
    ...made,
    uid,
    name,
    attempt: attemptOf(pod),
    hadFinalizer: isHeld(pod),
    deletion: undefined,
    endedByUsMs: undefined,
    isDisrupted: false,
    wasOnLostNode: false,
    isBound: false,
    hasAgentStarted: false,
    blockedBy: new Set(),
    meantFor: new Map(),
    hasForeignDeadline: false,
    agentEnd: undefined,
    end: undefined,
    latest: pod,
    goneMs: undefined,
  };
}

export function isHost(client: string): boolean {
  return client.startsWith('host-');
}

export function isFinished({ latest }: TaskRecord): boolean {
  return hasFinished(latest);
}

export function hasFinished({ status }: Pick<StoredObject, 'status'>): boolean {
  const { phase } = (status ?? {}) as { readonly phase?: unknown };
  return phase === 'Completed' || phase === 'Failed';
}

/** Whether it has no Pod yet, and has said why. */
export function waitsToStart({ latest }: TaskRecord): boolean {
  const { phase } = latest.status ?? {};
  return phase === 'Pending' || phase === 'Queued';
}

/** Whether its containers run, or may come to run. */
export function isLive(pod: PodRecord): boolean {
  return pod.end === undefined && pod.goneMs === undefined;
}

/** A Pod whose label somebody has taken is in no watch: he who hides it from its host has to let it go himself. */
export function isHidden({ kind, metadata }: Pick<StoredObject, 'kind' | 'metadata'>): boolean {
  return kind === 'Pod' && metadata.labels?.[LABELS.taskUid] === undefined;
}

/** Whether the garbage collector has left it behind, as the deletion of its Task had asked: it is nobody's any more. */
export function isOrphaned({ latest, task }: PodRecord): boolean {
  return latest.metadata.ownerReferences?.some(({ uid }) => uid === task?.uid) !== true;
}

/** Whether it takes a place: one that is being deleted without a node is never bound to one. */
export function mayRun(pod: PodRecord): boolean {
  return isLive(pod) && (pod.deletion === undefined || pod.isBound);
}

/** How its agent has ended; undefined while it runs, and before. */
export function agentEndOf({ status }: Pod, atMs: number): AgentEnd | undefined {
  const ended = status?.containerStatuses?.find(({ name }) => name === AGENT_CONTAINER)?.state?.terminated;
  return ended === undefined ? undefined : { atMs, exitCode: ended.exitCode, isOutOfMemory: ended.reason === 'OOMKilled' };
}

/** How it has ended; undefined before. */
export function endOf({ status, spec }: Pod, atMs: number): PodEnd | undefined {
  if (status?.phase !== 'Succeeded' && status?.phase !== 'Failed') return undefined;
  const isSidecar = (name: string): boolean => spec.initContainers?.find((one) => one.name === name)?.restartPolicy === 'Always';
  const init = status.initContainerStatuses?.find(({ name, state }) => !isSidecar(name) && (state?.terminated?.exitCode ?? 0) !== 0);
  const ended = (init ?? status.containerStatuses?.find(({ name }) => name === AGENT_CONTAINER))?.state?.terminated;
  return {
    atMs,
    phase: status.phase,
    reason: status.reason,
    exitCode: ended?.exitCode,
    isOutOfMemory: ended?.reason === 'OOMKilled',
    isOfInit: init !== undefined,
  };
}
