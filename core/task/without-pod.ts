import type { Pod } from '../api/kubernetes.ts';
import type { Decision } from '../contract/decision.ts';
import { hasEnded } from '../contract/ended.ts';
import type { TaskContext } from './context.ts';
import { fateOf } from './fate.ts';
import { adopt, live, lookAt, podMissing, withOwnPod } from './live.ts';
import { start } from './start.ts';

/** The Task says Running and the watch shows no Pod. Absence is a fact only by a live read: watches of two kinds are not consistent with each other. */
export function withoutPod(context: TaskContext): Decision {
  return withOwnPod(context, (pod, answer) => {
    if (pod !== null) return adopt(context, pod);
    // Upstream writes Running before it creates the Pod: such a Task has not started.
    return context.task.status?.podName ? podMissing(context, answer) : start(context);
  });
}

/** Whether the watch shows a Pod that nobody on its node ends: a node that is lost, or a watch that is mute. */
export function seemsLost(context: TaskContext, pod: Pod): boolean {
  const fate = fateOf(context, pod);
  return !hasEnded(pod) && fate.type === 'Failed' && fate.cause === 'NodeLost';
}

/** The two are told apart by a live read. */
export function lostPod(context: TaskContext, pod: Pod): Decision {
  return lookAt(context, pod, (found) => live({ ...context, pod: found }, found));
}
