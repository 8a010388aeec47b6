import type { TaskPhase } from '../api/task.ts';
import type { Fate } from './fate.ts';

/**
 * ADR 0009, "Pod Status Mapping", row by row:
 *
 * | Pod                                        | Task                                    |
 * |--------------------------------------------|-----------------------------------------|
 * | phase Pending or Running                   | Running                                 |
 * | phase Succeeded                            | Completed                               |
 * | phase Failed                               | Failed                                  |
 * | status.reason Evicted or Preempted         | Failed (cause Evicted, Preempted)       |
 * | not found while the Task is Running        | Failed (cause PodDeleted)               |
 *
 * and "Stop Annotation Behavior Change": a Pod that we ended, for a stop or a timeout, makes its Task Completed.
 */
export function phaseFor(fate: Fate): TaskPhase {
  switch (fate.type) {
    case 'Lives':
      return 'Running';
    case 'Succeeded':
      return 'Completed';
    case 'Failed':
      return 'Failed';
    case 'Missing':
      return 'Failed';
    case 'EndedByUs':
      return 'Completed';
  }
}
