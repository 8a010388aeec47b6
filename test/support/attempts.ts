import type { Pod } from '#core/api/kubernetes.ts';
import type { Attempt, TaskStatus } from '#core/api/task.ts';
import { CREATED, condition, type PodOptions, pod } from './builders.ts';

/** The first attempt of the builders' Task, as the status keeps it. */
export const FIRST_ATTEMPT: Attempt = { number: 1, podName: 'fix-bug-pod', podUID: 'pod-uid', cause: 'Application' };

/** The Pod of a later attempt. */
export function laterPod(attempt: number, options: PodOptions = {}): Pod {
  return pod({
    ...options,
    metadata: { name: `fix-bug-pod-${attempt}`, uid: `pod-uid-${attempt}`, creationTimestamp: '2026-01-01T10:04:20Z', ...options.metadata },
    annotations: { 'kubeopencode.io/attempt': String(attempt), ...options.annotations },
  });
}

/** A Task between its first attempt and the second, which is due at 10:04:50 unless said otherwise. */
export function between(more: Partial<TaskStatus> = {}): TaskStatus {
  return {
    phase: 'Pending',
    podName: 'fix-bug-pod',
    startTime: CREATED,
    attemptCount: 1,
    attempts: [FIRST_ATTEMPT],
    cause: 'Application',
    nextAttemptTime: '2026-01-01T10:04:50.000Z',
    retries: { limit: 1 },
    conditions: [condition('Retrying', 'True', 'Application', '2026-01-01T10:04:40Z', 'attempt 1 failed')],
    ...more,
  };
}
