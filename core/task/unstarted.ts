import type { Pod } from '../api/kubernetes.ts';
import type { Cause } from '../api/task.ts';
import type { Decided, Decision, Reason } from '../contract/decision.ts';
import { isControlledBy, liveAnswerFor, podRef, type TaskContext } from './context.ts';
import { reads } from './decided.ts';
import { untilStrayEnded } from './earlier.ts';
import { failBeforeStart, stopBeforeStart } from './finish.ts';
import { adopt, podUnknown } from './live.ts';

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
  const ref = podRef(context);
  const answer = liveAnswerFor(context.snapshot, ref);
  if (answer === undefined) return reads([{ ...ref, live: true }]);
  if ('unavailable' in answer) return podUnknown(context, answer.unavailable);
  if ('found' in answer && isControlledBy(answer.found, context.snapshot.subject.uid)) return adopt(context, answer.found as Pod);
  return untilStrayEnded(context) ?? end();
}
