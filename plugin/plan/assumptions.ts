/** How the Pods of a plan end. */
export const ASSUMPTIONS = [
  'succeeded',
  'failed',
  'out-of-memory',
  'evicted',
  'preempted',
  'node-shutdown',
  'node-lost',
  'image-pull',
  'invalid-image',
  'config-error',
  'rejected',
  'unschedulable',
  'deleted',
] as const;
export type Assumption = (typeof ASSUMPTIONS)[number];
