import * as z from 'zod';
import type { Infer } from '#core/api/common.ts';
import { controller, formatVersion, time } from './values.ts';

const releasedPod = z.strictObject({
  namespace: z.string(),
  name: z.string(),
  uid: z.string().optional(),
  task: z.string(),
  orphan: z.string().optional().describe('Why it belongs to nobody; absent where it has a Task, or nobody knows.'),
  phase: z.string(),
  node: z.string().optional(),
  deletingAt: time().optional().describe('Since when its deletion waits for our finalizer, among others.'),
  loses: z.string().optional().describe('What nobody can tell any more; absent: nothing.'),
  result: z.enum(['Released', 'WouldRelease', 'Gone', 'Failed']),
  message: z.string().optional().describe('Of a failure.'),
});
export type ReleasedPod = Infer<typeof releasedPod>;

export const releaseSchema = z
  .strictObject({
    formatVersion,
    controller: controller.describe('Whether a controller runs, which would hold the Pods that it makes from then on.'),
    pods: z.array(releasedPod).describe('Every Pod that our finalizer held.'),
  })
  .describe('What `kubectl opencode release -o json` prints: Pods that the controller’s finalizer held.');
/** What `release -o json` prints. Within a version fields are added, never changed or removed. */
export type ReleaseReport = Infer<typeof releaseSchema>;
