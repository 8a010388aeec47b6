import * as z from 'zod';
import { duration, type Infer } from './common.ts';

/** Where OpenCode runs. `Pod`: in the Task's own Pod. `Attach`: in the Agent's server, the Pod is its thin client. */
export const execution = z
  .enum(['Pod', 'Attach'])
  .describe('Pod: the Task’s Pod runs OpenCode itself. Attach: it is a client of the Agent’s server. Default: Pod.');
export type Execution = Infer<typeof execution>;

/** How a Task is stopped. */
export const stop = z.strictObject({
  mode: z
    .enum(['Delete', 'Retain'])
    .optional()
    .describe('Delete: the Pod is deleted. Retain: its containers are ended, the Pod and its logs stay. Default: Delete.'),
  gracePeriodSeconds: z.int32().min(0).optional().describe('Seconds between SIGTERM and SIGKILL. Default: the Pod’s own.'),
});
export type Stop = Infer<typeof stop>;

const ttlSecondsAfterFinished = z.int32().min(0).optional().describe('Seconds after its end at which a Task is deleted. Default: never.');

/** Clean-up as a Task may override it. */
export const taskCleanup = z.strictObject({ ttlSecondsAfterFinished });
export type TaskCleanup = Infer<typeof taskCleanup>;

/** Clean-up of finished Tasks for the whole cluster. */
export const cleanup = z.strictObject({
  ttlSecondsAfterFinished,
  maxRetainedTasks: z
    .int32()
    .min(0)
    .optional()
    .describe('How many finished Tasks a namespace keeps; the oldest are deleted. Default: all.'),
});

/** What Tasks take when they say nothing themselves. */
export const taskDefaults = z.strictObject({
  timeout: duration.optional().describe('Longest time in Running.'),
  stop: stop.optional(),
  cleanup: taskCleanup.optional(),
});
export type TaskDefaults = Infer<typeof taskDefaults>;
