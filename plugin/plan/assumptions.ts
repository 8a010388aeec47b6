import type { Outcome } from '#host/cluster/memory/pod-script.ts';

/** How the Pods of a plan end, in the words of `--assume`: what their script comes to. */
export const OUTCOME_OF = {
  succeeded: 'succeed',
  failed: 'fail',
  'out-of-memory': 'out-of-memory',
  evicted: 'evicted',
  preempted: 'preempted',
  'node-shutdown': 'node-shutdown',
  'node-lost': 'node-lost',
  'image-pull': 'image-pull',
  'invalid-image': 'invalid-image',
  'config-error': 'config-error',
  rejected: 'rejected',
  unschedulable: 'unschedulable',
  deleted: 'never',
} as const satisfies Readonly<Record<string, Outcome>>;

export type Assumption = keyof typeof OUTCOME_OF;
export const ASSUMPTIONS = Object.keys(OUTCOME_OF) as readonly Assumption[];
