import type { Pod } from '../api/kubernetes.ts';
import type { Attempt } from '../api/task.ts';
import type { Action, Reason } from '../contract/decision.ts';
import { hasEnded } from '../contract/ended.ts';
import { outcomeOfTask, type TaskOutcome } from '../contract/task-outcome.ts';
import { countOf } from '../units/count.ts';
import { earliest } from '../units/time.ts';
import { recordOf } from './attempt.ts';
import { reason, type TaskContext } from './context.ts';
import type { FinalFate } from './fate.ts';
import { logStep } from './log.ts';
import { deletePod, releasePod } from './pods.ts';
import { startedWithOf } from './started-with.ts';
import { patchStatus } from './status.ts';
import { stopOf } from './stop.ts';

const FIELDS = { Completed: 'completed', Failed: 'failed', Stopped: 'stopped' } as const satisfies Record<TaskOutcome, string>;

/** Why a Pod may go: the outcome by which it is cleaned up, and whether it was itself ended by a stop or a timeout. */
interface Ended {
  readonly outcome: TaskOutcome;
  readonly isStopped: boolean;
}

/** How long after a Task's end a Pod of its goes, in seconds; null: it stays as long as the Task. */
function delaySeconds(context: TaskContext, pod: Pod, { outcome, isStopped }: Ended): number | null {
  const sources = [context.task.spec.cleanup?.pod, startedWithOf(pod).podCleanup, context.snapshot.settings.config.cleanup?.pod];
  const field = FIELDS[outcome];
  const said = sources.map((source) => source?.[field]).find((value) => value === 'Keep' || value === 'Delete');
  if (said === undefined) {
    // A stop deletes the Pod that it ends, as ADR 0009 has it, unless it is to retain it; not those that had failed before.
    return isStopped && stopOf(context, pod).mode !== 'Retain' ? 0 : null;
  }
  if (said === 'Keep') return null;
  return sources.map((source) => countOf(source?.delaySeconds)).find((delay) => delay !== null) ?? 0;
}

/** Whether a Pod goes as soon as its end is recorded. */
export function isDisposedAtEnd(context: TaskContext, fate: FinalFate, pod: Pod): boolean {
  return delaySeconds(context, pod, { outcome: outcomeOfFate(fate), isStopped: fate.type === 'EndedByUs' }) === 0;
}

/** What becomes of a Pod when its end is recorded: it is let go, and deleted where that is wanted. */
export function letGo(context: TaskContext, fate: FinalFate, pod: Pod): readonly Action[] {
  const { snapshot } = context;
  return [...(isDisposedAtEnd(context, fate, pod) ? deletePod(snapshot, pod) : []), ...releasePod(snapshot, pod)];
}

/** Whether the Pod of an attempt that is recorded, and that others followed, was to go with that record. Not before the end of its log is kept. */
export function isDisposedWith(context: TaskContext, pod: Pod, attempt: Attempt): boolean {
  if (!hasEnded(pod)) return false;
  const isStopped = isStop(attempt);
  if (delaySeconds(context, pod, { outcome: isStopped ? 'Stopped' : 'Failed', isStopped }) !== 0) return false;
  return attempt.log !== undefined || logStep(context, pod, attempt.number).type === 'None';
}

function isStop({ cause }: Attempt): boolean {
  return cause === 'Stopped' || cause === 'Timeout';
}

function outcomeOfFate(fate: FinalFate): TaskOutcome {
  switch (fate.type) {
    case 'Succeeded':
      return 'Completed';
    case 'EndedByUs':
      return 'Stopped';
    case 'Failed':
    case 'Missing':
      return 'Failed';
  }
}

/** What a finished Task's clean-up of its Pods amounts to now. */
export interface Disposal {
  /** The Pod that goes now, or whose log is kept first. */
  readonly pod: Pod | null;
  readonly actions: readonly Action[];
  readonly wakeAtMs: number | null;
  readonly reasons: readonly Reason[];
}

const NOTHING: Disposal = { pod: null, actions: [], wakeAtMs: null, reasons: [] };

/** Deletes the Pods of a finished Task whose time has come, each after the end of its log is kept. One at a time, so that each write is on the status that the one before left. */
export function dispose(context: TaskContext, completedMs: number | null): Disposal {
  const outcome = outcomeOfTask(context.task.status);
  if (outcome === null || completedMs === null) return NOTHING;
  let wakeAtMs: number | null = null;
  for (const pod of context.snapshot.pods) {
    if (!hasEnded(pod) || pod.metadata.deletionTimestamp !== undefined) continue;
    const attempt = recordOf(context.task, pod);
    const isStopped = outcome === 'Stopped' && (attempt === undefined || isStop(attempt));
    const seconds = delaySeconds(context, pod, { outcome, isStopped });
    if (seconds === null) continue;
    const dueMs = completedMs + seconds * 1_000;
    if (context.nowMs >= dueMs) return disposeOf(context, pod, attempt);
    wakeAtMs = earliest(wakeAtMs, dueMs);
  }
  return { ...NOTHING, wakeAtMs };
}

function disposeOf(context: TaskContext, pod: Pod, attempt: Attempt | undefined): Disposal {
  const attempts = context.task.status?.attempts ?? [];
  const facts = { pod: pod.metadata.name };
  const step = attempt === undefined || attempt.log !== undefined ? null : logStep(context, pod, attempt.number);
  if (step?.type === 'Reading') {
    const reasons = [reason('task/log-awaited', 'a pod of the finished task goes, so the end of its log is kept first', facts)];
    return { pod, actions: step.actions, wakeAtMs: step.wakeAtMs, reasons };
  }
  const noted =
    step?.type === 'Done'
      ? patchStatus(context, `status/log/${pod.metadata.uid}`, {
          set: { attempts: attempts.map((entry) => (entry === attempt ? { ...entry, log: step.log } : entry)) },
        })
      : [];
  const reasons = [reason('task/pod-disposed', 'a pod of the finished task is deleted, as its clean-up says', facts)];
  return { pod, actions: [...noted, ...deletePod(context.snapshot, pod)], wakeAtMs: null, reasons };
}
