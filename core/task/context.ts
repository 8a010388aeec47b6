import type { NameRef } from '../api/common.ts';
import type { KubernetesObject, Pod } from '../api/kubernetes.ts';
import type { Task } from '../api/task.ts';
import type { Reason } from '../contract/decision.ts';
import { hasEnded, isFinished } from '../contract/ended.ts';
import { ANNOTATIONS } from '../contract/names.ts';
import { type Outcome, type ReadResult, type Ref, refKey, type Snapshot } from '../contract/snapshot.ts';
import { podName } from '../pod/names.ts';
import { parseTime } from '../units/time.ts';
import { soundTask } from './sound.ts';
import { startedWithOf } from './started-with.ts';

/** The snapshot of a Task that exists, with what every rule wants to know of it. */
export interface TaskContext {
  readonly snapshot: Snapshot;
  readonly task: Task;
  /** What makes the spec unusable; null when nothing does. */
  readonly specFault: string | null;
  readonly nowMs: number;
  /** Number of the current attempt, from 1. */
  readonly attempt: number;
  /** The name that the current attempt's Pod has, or will have. */
  readonly podName: string;
  /** The current attempt's Pod. */
  readonly pod: Pod | null;
}

export function contextOf(snapshot: Snapshot, stored: Task): TaskContext {
  const { task, specFault } = soundTask(stored);
  const attempt = attemptOf(task);
  const hasStarted = task.status?.phase === 'Running' || isFinished(task);
  // Before a start there is no Pod that a status could name: it still names that of the attempt before.
  const name = (hasStarted && task.status?.podName) || podName(task.metadata.name, attempt);
  // A Pod of its own that may run is the Task's, whatever a hand has written into the status: no other is made beside it. One of an earlier attempt is waited for elsewhere.
  const pod =
    snapshot.pods.find(({ metadata }) => metadata.name === name) ??
    snapshot.pods.find((other) => !hasEnded(other) && !isOfEarlierAttempt(task, other)) ??
    null;
  return {
    snapshot,
    task,
    specFault,
    nowMs: parseTime(snapshot.now) ?? 0,
    attempt,
    podName: pod?.metadata.name ?? name,
    pod,
  };
}

/** Attempts that have ended are listed in the status, in the very write that says so: that list alone tells which attempt is next, also after a crash. */
function attemptOf(task: Task): number {
  const ended = endedAttempts(task);
  return isFinished(task) ? Math.max(1, task.status?.attemptCount ?? ended) : ended + 1;
}

/** Number of the last attempt that has ended; 0 when none has. */
export function endedAttempts({ status }: Task): number {
  return Math.max(0, status?.attempts?.at(-1)?.number ?? 0);
}

/** Whether a Pod is, or has the name of, that of an attempt that is listed as ended. */
export function isOfEarlierAttempt({ status }: Task, { metadata }: Pod): boolean {
  return (status?.attempts ?? []).some(({ podName: name, podUID }) => podUID === metadata.uid || name === metadata.name);
}

/** Exactly as upstream: any other value than `true` is no stop. */
export function stopRequested(task: Task): boolean {
  return task.metadata.annotations?.[ANNOTATIONS.stop] === 'true';
}

/**
 * What the Task was started with: as its status says, else its Pod; before that what its spec names now. Somebody who points the spec of a Task that runs at another Agent moves
 * nothing: it holds its place where it took it.
 */
export function startedFrom({ task, pod }: Pick<TaskContext, 'task' | 'pod'>): {
  readonly agentRef?: NameRef;
  readonly templateRef?: NameRef;
} {
  const hasStarted = task.status?.phase === 'Running' || isFinished(task);
  const recorded = hasStarted ? refsOf(task.status ?? {}) : {};
  if (Object.keys(recorded).length > 0) return recorded;
  const { agent, template } = startedWithOf(pod);
  if (agent !== undefined) return { agentRef: { name: agent } };
  return template === undefined ? refsOf(task.spec) : { templateRef: { name: template } };
}

/** The same as a status says it: what it was queued for before, and was not started with, is taken back. */
export function recordOfStart(context: Pick<TaskContext, 'task' | 'pod'>): {
  readonly agentRef: NameRef | null;
  readonly templateRef: NameRef | null;
} {
  const { agentRef = null, templateRef = null } = startedFrom(context);
  return { agentRef, templateRef };
}

function refsOf({
  agentRef,
  templateRef,
}: {
  readonly agentRef?: NameRef;
  readonly templateRef?: NameRef;
}): ReturnType<typeof startedFrom> {
  return { ...(agentRef === undefined ? {} : { agentRef }), ...(templateRef === undefined ? {} : { templateRef }) };
}

/** What was read for a ref, the live answer first; undefined when it was not asked for yet. */
export function answerFor(snapshot: Snapshot, ref: Ref): ReadResult | undefined {
  return snapshot.read[refKey({ ...ref, live: true })] ?? snapshot.read[refKey(ref)];
}

/** A live answer alone: the only one that can prove absence. */
export function liveAnswerFor(snapshot: Snapshot, ref: Ref): ReadResult | undefined {
  return snapshot.read[refKey({ ...ref, live: true })];
}

export function outcomeOf(snapshot: Snapshot, actionId: string): Outcome | undefined {
  return snapshot.outcomes.find((outcome) => outcome.actionId === actionId);
}

/** A Pod of the Task by its name; default: the current attempt's. */
export function podRef({ snapshot, podName: current }: TaskContext, name: string = current): Ref {
  return { kind: 'Pod', namespace: snapshot.subject.namespace, name };
}

/** Whether an object's controller is the owner with this UID. */
export function isControlledBy(object: KubernetesObject, uid: string): boolean {
  return (object.metadata.ownerReferences ?? []).some((owner) => owner.controller === true && owner.uid === uid);
}

/** A step in the trail that `why` prints and the journal keeps. */
export function reason(rule: string, says: string, facts: Readonly<Record<string, unknown>> = {}): Reason {
  return { rule, module: 'core', says, facts };
}
