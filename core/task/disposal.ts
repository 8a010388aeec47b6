import type { Pod } from '../api/kubernetes.ts';
import type { Action, Reason } from '../contract/decision.ts';
import { outcomeOfTask, type TaskOutcome } from '../contract/task-outcome.ts';
import { earliest } from '../units/time.ts';
import { reason, type TaskContext } from './context.ts';
import type { Fate } from './fate.ts';
import { logStep } from './log.ts';
import { deletePod, hasEnded } from './pods.ts';
import { startedWithOf } from './started-with.ts';
import { patchStatus } from './status.ts';
import { stopOf } from './stop.ts';

const FIELDS = { Completed: 'completed', Failed: 'failed', Stopped: 'stopped' } as const satisfies Record<TaskOutcome, string>;

/** How long after a Task's end a Pod of its goes, in seconds; null: it stays as long as the Task. */
export function disposalDelaySeconds(context: TaskContext, pod: Pod, outcome: TaskOutcome): number | null {
  const sources = [context.task.spec.cleanup?.pod, startedWithOf(pod).podCleanup, context.snapshot.settings.config.cleanup?.pod];
  const field = FIELDS[outcome];
  const said = sources.map((source) => source?.[field]).find((value) => value === 'Keep' || value === 'Delete');
  // A stop deletes the Pod, as ADR 0009 has it, unless it is to retain it.
  const byDefault = outcome === 'Stopped' && stopOf(context, pod).mode !== 'Retain' ? 'Delete' : 'Keep';
  if ((said ?? byDefault) === 'Keep') return null;
  const delays: readonly unknown[] = sources.map((source) => source?.delaySeconds);
  return said === undefined
    ? 0
    : ((delays.find((delay) => typeof delay === 'number' && Number.isSafeInteger(delay) && delay >= 0) as number | undefined) ?? 0);
}

/** Whether a Pod goes as soon as its end is recorded. */
export function isDisposedAtEnd(context: TaskContext, fate: Exclude<Fate, { type: 'Lives' }>, pod: Pod): boolean {
  return disposalDelaySeconds(context, pod, outcomeOfFate(fate)) === 0;
}

function outcomeOfFate(fate: Exclude<Fate, { type: 'Lives' }>): TaskOutcome {
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
  readonly actions: readonly Action[];
  readonly wakeAtMs: number | null;
  readonly reasons: readonly Reason[];
}

const NOTHING: Disposal = { actions: [], wakeAtMs: null, reasons: [] };

/** Deletes the Pods of a finished Task whose time has come, each after the end of its log is kept. One at a time, so that each write is on the status that the one before left. */
export function dispose(context: TaskContext, completedMs: number | null): Disposal {
  const outcome = outcomeOfTask(context.task.status);
  if (outcome === null || completedMs === null) return NOTHING;
  let wakeAtMs: number | null = null;
  for (const pod of context.snapshot.pods) {
    if (!hasEnded(pod) || pod.metadata.deletionTimestamp !== undefined) continue;
    const delaySeconds = disposalDelaySeconds(context, pod, outcome);
    if (delaySeconds === null) continue;
    const dueMs = completedMs + delaySeconds * 1_000;
    if (context.nowMs >= dueMs) return disposeOf(context, pod, outcome);
    wakeAtMs = earliest(wakeAtMs, dueMs);
  }
  return { ...NOTHING, wakeAtMs };
}

function disposeOf(context: TaskContext, pod: Pod, outcome: TaskOutcome): Disposal {
  const attempts = context.task.status?.attempts ?? [];
  const attempt = attempts.find(({ podUID }) => podUID !== undefined && podUID === pod.metadata.uid);
  const facts = { pod: pod.metadata.name, outcome };
  const step = attempt === undefined || attempt.log !== undefined ? null : logStep(context, pod, attempt.number);
  if (step?.type === 'Reading') {
    const reasons = [reason('task/log-awaited', 'a pod of the finished task goes, so the end of its log is kept first', facts)];
    return { actions: step.actions, wakeAtMs: step.wakeAtMs, reasons };
  }
  const noted =
    step?.type === 'Done'
      ? patchStatus(context, `status/log/${pod.metadata.uid}`, {
          set: { attempts: attempts.map((entry) => (entry === attempt ? { ...entry, log: step.log } : entry)) },
        })
      : [];
  const reasons = [reason('task/pod-disposed', 'a pod of the finished task is deleted, as its clean-up says', facts)];
  return { actions: [...noted, ...deletePod(context.snapshot, pod)], wakeAtMs: null, reasons };
}
