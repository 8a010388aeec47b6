import type { Pod } from '../api/kubernetes.ts';
import type { Decision } from '../contract/decision.ts';
import { MANAGED_BY } from '../contract/names.ts';
import type { Ref, Snapshot } from '../contract/snapshot.ts';
import { afterEnd } from './after-end.ts';
import { contextOf, isControlledBy, isFinished, liveAnswerFor, reason, type TaskContext } from './context.ts';
import { decided, reads } from './decided.ts';
import { recordedEnding } from './fate.ts';
import { finish } from './finish.ts';
import { afterTaskGone, whileDeleted } from './gone.ts';
import { adopt, live } from './live.ts';
import { pace } from './pace.ts';
import { heldPlace } from './place.ts';
import { start } from './start.ts';

/** What is to be done about one Task now. Pure: the same snapshot gives the same decision, byte for byte. */
export function decideTask(snapshot: Snapshot): Decision {
  const decision = firstRule(snapshot);
  return decision.type === 'Decided' ? pace(snapshot, decision) : decision;
}

/** The order of the rules, written down once. Within `live`: the Pod's end, then timeout, then stop, then the status. */
function firstRule(snapshot: Snapshot): Decision {
  if (snapshot.task === null) return afterTaskGone(snapshot);
  const context = contextOf(snapshot, snapshot.task);
  const { task } = context;
  switch (true) {
    case isForeign(context):
      return decided({ reasons: [reason('task/not-ours', `spec.managedBy names another controller: ${task.spec.managedBy}`)] });
    case task.metadata.deletionTimestamp !== undefined:
      return whileDeleted(context);
    case isFinished(task):
      return afterEnd(context);
    case context.pod !== null:
      return live(context, context.pod as Pod);
    case task.status?.phase === 'Running':
      return withoutPod(context);
    default:
      return start(context);
  }
}

function isForeign(context: TaskContext): boolean {
  const { managedBy } = context.task.spec;
  return managedBy !== undefined && managedBy !== '' && managedBy !== MANAGED_BY;
}

/** The Task says Running and the watch shows no Pod. Absence is a fact only by a live read: watches of two kinds are not consistent with each other. */
function withoutPod(context: TaskContext): Decision {
  const { snapshot } = context;
  const ref: Ref = { kind: 'Pod', namespace: snapshot.subject.namespace, name: context.podName };
  const answer = liveAnswerFor(snapshot, ref);
  if (answer === undefined) return reads([{ ...ref, live: true }]);
  if ('unavailable' in answer) {
    return decided({
      ...heldPlace(context),
      wakeAtMs: context.nowMs + 5_000,
      reasons: [
        reason('task/pod-unknown', `pod ${context.podName} could not be read, so nothing is known of it`, {
          code: answer.unavailable.code,
        }),
      ],
    });
  }
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
