import * as z from 'zod';
import { taskCleanup } from './cleanup.ts';
import { duration, type Infer } from './common.ts';
import { pendingTimeouts, retry } from './retry.ts';

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

/** What Tasks take when they say nothing themselves. */
export const taskDefaults = z.strictObject({
  timeout: duration.optional().describe('Longest time in Running.'),
  stop: stop.optional(),
  retry: retry.optional(),
  pendingTimeouts: pendingTimeouts.optional(),
  cleanup: taskCleanup.optional(),
});
export type TaskDefaults = Infer<typeof taskDefaults>;
