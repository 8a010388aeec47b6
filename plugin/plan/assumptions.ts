/** How the Pods of a plan end. */
export const ASSUMPTIONS = ['succeeded', 'failed', 'out-of-memory', 'evicted', 'image-pull', 'unschedulable', 'deleted'] as const;
export type Assumption = (typeof ASSUMPTIONS)[number];
