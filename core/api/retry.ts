import * as z from 'zod';
import { duration, type Infer } from './common.ts';

const causeLimit = z.int32().min(0).max(100).optional();

/** How a Task that failed is tried again, each time in a Pod of its own. */
export const retry = z.strictObject({
  limit: z
    .int32()
    .min(0)
    .max(100)
    .optional()
    .describe(
      'How often a failed Task is tried again, whatever the cause. A stop, a timeout and what can never work are final. Default: 0.',
    ),
  backoff: z
    .strictObject({
      initial: duration.optional().describe('Wait before the second attempt. Default: 10s.'),
      factor: z.int32().min(1).max(10).optional().describe('By how much each further wait is longer. Default: 2.'),
      max: duration.optional().describe('Longest wait. Default: 10m.'),
    })
    .optional()
    .describe('Waits between attempts.'),
  causes: z
    .strictObject({
      Application: causeLimit,
      OutOfMemory: causeLimit,
      Evicted: causeLimit,
      Preempted: causeLimit,
      NodeLost: causeLimit,
      PodDeleted: causeLimit,
      Image: causeLimit,
      Configuration: causeLimit,
      Unschedulable: causeLimit,
      InitContainer: causeLimit,
      Timeout: causeLimit,
    })
    .optional()
    .describe('Limits of their own for causes: a cause named here does not spend the common limit; 0 makes it final.'),
});
export type Retry = Infer<typeof retry>;
/** Causes after which a Task may be tried again. */
export type RetryableCause = keyof NonNullable<Retry['causes']>;

/** How long a Pod may be kept from running, each reason with a clock of its own. */
export const pendingTimeouts = z.strictObject({
  unschedulable: duration.optional().describe('Since the scheduler says that no node takes the Pod.'),
  imagePull: duration.optional().describe('Since a container whose image can’t be pulled was to start.'),
  configuration: duration.optional().describe('Since a container that can’t be created (a missing Secret or key) was to start.'),
});
export type PendingTimeouts = Infer<typeof pendingTimeouts>;
