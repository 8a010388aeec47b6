import * as z from 'zod';
import type { Infer } from './common.ts';

const seconds = z.int32().min(0).optional();
const keepOrDelete = z.enum(['Keep', 'Delete']).optional();
const count = z.int32().min(0).optional();

const ttl = {
  ttlSecondsAfterFinished: seconds.describe('Seconds after its end at which a Task is deleted. Default: never.'),
  ttlSecondsAfterCompleted: seconds.describe('The same for a Task that succeeded. Default: ttlSecondsAfterFinished.'),
  ttlSecondsAfterFailed: seconds.describe('The same for a Task that failed. Default: ttlSecondsAfterFinished.'),
  ttlSecondsAfterStopped: seconds.describe('The same for a Task that was stopped or timed out. Default: ttlSecondsAfterFinished.'),
};

const pod = z.strictObject({
  completed: keepOrDelete.describe('Pod of a Task that succeeded. Default: Keep.'),
  failed: keepOrDelete.describe('Pods of a Task that failed. Default: Keep.'),
  stopped: keepOrDelete.describe('Pod of a Task that was stopped or timed out. Default: as stop.mode says.'),
  delaySeconds: seconds.describe('Seconds between the end and the deletion of the Pod. Default: 0.'),
});

/** Clean-up as a Task may override it. */
export const taskCleanup = z.strictObject({
  ...ttl,
  pod: pod.optional().describe('Whether the Pod of a finished Task stays. The end of its log is kept in a ConfigMap before it goes.'),
});
export type TaskCleanup = Infer<typeof taskCleanup>;

/** Clean-up of finished Tasks for the whole cluster. */
export const cleanup = taskCleanup.extend({
  maxRetainedTasks: count.describe('How many finished Tasks a namespace keeps; the oldest are deleted. Default: all.'),
  maxRetainedCompletedTasks: count.describe('How many Tasks that succeeded a namespace keeps. Default: all.'),
  maxRetainedFailedTasks: count.describe('How many Tasks that failed a namespace keeps. Default: all.'),
  maxRetainedStoppedTasks: count.describe('How many Tasks that were stopped or timed out a namespace keeps. Default: all.'),
});
export type Cleanup = Infer<typeof cleanup>;
