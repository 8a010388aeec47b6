import type { Attempt, Task, TaskStatus } from '#core/api/task.ts';
import { isFinished } from '#core/contract/ended.ts';
import { outcomeOfTask } from '#core/contract/task-outcome.ts';
import type { ControllerMetrics } from './hooks.ts';

/** Counts what a change of a Task shows: its start, attempts that ended, its end. */
export function measure(
  metrics: Pick<ControllerMetrics, 'taskStarted' | 'attemptEnded' | 'taskFinished'>,
  before: Task,
  { metadata, spec, status }: Task,
): void {
  const owner = { namespace: metadata.namespace ?? '', agent: (status?.agentRef ?? spec.agentRef)?.name ?? '' };
  if (before.status?.startTime === undefined && status?.startTime !== undefined) {
    const waitedMs = Date.parse(status.startTime) - Date.parse(metadata.creationTimestamp ?? '');
    if (!Number.isNaN(waitedMs)) metrics.taskStarted(owner, Math.max(0, waitedMs) / 1_000);
  }
  const known = new Set(attemptsOf(before.status).map(({ number }) => number));
  for (const attempt of attemptsOf(status)) if (!known.has(attempt.number)) metrics.attemptEnded(owner, attempt.cause ?? '');
  const outcome = isFinished(before) ? null : outcomeOfTask(status);
  if (outcome === null) return;
  const [startMs, endMs] = [Date.parse(status?.startTime ?? metadata.creationTimestamp ?? ''), Date.parse(status?.completionTime ?? '')];
  const tookMs = endMs - startMs;
  metrics.taskFinished({ ...owner, outcome, cause: status?.cause ?? '' }, Number.isNaN(tookMs) ? null : Math.max(0, tookMs) / 1_000);
}

/** An older CRD, and a hand that writes a status, may have put anything there. */
function attemptsOf(status: TaskStatus | undefined): readonly Attempt[] {
  const stored: unknown = status?.attempts;
  return Array.isArray(stored) ? stored.filter((entry) => typeof entry === 'object' && entry !== null) : [];
}
