import type { Cause } from '../api/task.ts';
import type { Decided, Decision, Reason } from '../contract/decision.ts';
import type { TaskContext } from './context.ts';
import { untilStrayEnded } from './earlier.ts';
import { failBeforeStart, stopBeforeStart } from './finish.ts';
import { adopt, withOwnPod } from './live.ts';

/** The end of a Task that can never start, or never again: its condition `Ready` says why. */
export function failUnstarted(
  context: TaskContext,
  conditionReason: string,
  cause: Cause,
  message: string,
  trail: readonly Reason[],
): Decision {
  return onceWithoutPod(context, () => failBeforeStart(context, conditionReason, cause, message, trail));
}

/** The end of a Task that is stopped before it has a Pod, or between two attempts. */
export function stopUnstarted(context: TaskContext): Decision {
  return onceWithoutPod(context, () => stopBeforeStart(context));
}

/**
 * What ends a Task for good stands on there being no Pod, and that is a fact only by a live read: a leader before may have made one that the watch does not show yet. Nor may
 * containers outlive the Task that such a leader has started for an attempt that is over.
 */
function onceWithoutPod(context: TaskContext, end: () => Decided): Decision {
  return withOwnPod(context, (pod) => (pod === null ? (untilStrayEnded(context) ?? end()) : adopt(context, pod)));
}
