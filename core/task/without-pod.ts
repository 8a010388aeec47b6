import type { Pod } from '../api/kubernetes.ts';
import type { Decision } from '../contract/decision.ts';
import type { Ref } from '../contract/snapshot.ts';
import { isControlledBy, liveAnswerFor, reason, type TaskContext } from './context.ts';
import { reads } from './decided.ts';
import { recordedEnding } from './fate.ts';
import { finish } from './finish.ts';
import { adopt, podUnknown } from './live.ts';
import { start } from './start.ts';

/** The Task says Running and the watch shows no Pod. Absence is a fact only by a live read: watches of two kinds are not consistent with each other. */
export function withoutPod(context: TaskContext): Decision {
  const { snapshot } = context;
  const ref: Ref = { kind: 'Pod', namespace: snapshot.subject.namespace, name: context.podName };
  const answer = liveAnswerFor(snapshot, ref);
  if (answer === undefined) return reads([{ ...ref, live: true }]);
  if ('unavailable' in answer) return podUnknown(context, answer.unavailable);
  if ('found' in answer && isControlledBy(answer.found, snapshot.subject.uid)) return adopt(context, answer.found as Pod);
  // Upstream writes Running before it creates the Pod: such a Task has not started.
  if (!context.task.status?.podName) return start(context);
  const trail = [
    reason('task/pod-missing', `pod ${context.podName} is not there (live read): it is not made again`, {
      found: 'found' in answer ? 'a pod of another owner' : 'nothing',
    }),
  ];
  const ending = recordedEnding(context);
  return finish(context, ending === null ? { type: 'Missing' } : { type: 'EndedByUs', ending }, null, trail);
}
