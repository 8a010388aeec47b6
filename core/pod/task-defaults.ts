import type { TaskDefaults } from '../api/task-parts.ts';
import { parseDuration } from '../units/duration.ts';
import type { Shape } from './shape.ts';

/** Shapes of what a Task may say itself and an Agent or the cluster may say for it. */
export const STOP: Shape = { fields: { mode: 'text', gracePeriodSeconds: 'integer' } };

export const RETRY: Shape = {
  fields: {
    limit: 'integer',
    backoff: { fields: { initial: 'text', factor: 'integer', max: 'text' } },
    causes: { mapOf: 'integer' },
  },
};

export const PENDING_TIMEOUTS: Shape = { fields: { unschedulable: 'text', imagePull: 'text', configuration: 'text' } };

export const POD_CLEANUP: Shape = { fields: { completed: 'text', failed: 'text', stopped: 'text', delaySeconds: 'integer' } };

export const CLEANUP: Shape = {
  fields: {
    ttlSecondsAfterFinished: 'integer',
    ttlSecondsAfterCompleted: 'integer',
    ttlSecondsAfterFailed: 'integer',
    ttlSecondsAfterStopped: 'integer',
    pod: POD_CLEANUP,
  },
};

export const TASK_DEFAULTS: Shape = {
  fields: { timeout: 'text', stop: STOP, retry: RETRY, pendingTimeouts: PENDING_TIMEOUTS, cleanup: 'object' },
  others: 'kept',
};

/** The first duration that can't be read: its path, and a message with the right form; null when all can. */
export function durationFault({
  timeout,
  retry,
  pendingTimeouts,
}: TaskDefaults): { readonly path: string; readonly message: string } | null {
  const texts: readonly (readonly [path: string, text: string | undefined])[] = [
    ['timeout', timeout],
    ['retry.backoff.initial', retry?.backoff?.initial],
    ['retry.backoff.max', retry?.backoff?.max],
    ['pendingTimeouts.unschedulable', pendingTimeouts?.unschedulable],
    ['pendingTimeouts.imagePull', pendingTimeouts?.imagePull],
    ['pendingTimeouts.configuration', pendingTimeouts?.configuration],
  ];
  for (const [path, text] of texts) {
    if (text === undefined) continue;
    const parsed = parseDuration(text);
    if (!parsed.ok) return { path, message: parsed.message };
  }
  return null;
}
