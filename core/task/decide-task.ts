import type { Decision } from '../contract/decision.ts';
import { hasEnded, isFinished } from '../contract/ended.ts';
import { MANAGED_BY } from '../contract/names.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { afterEnd } from './after-end.ts';
import { contextOf, reason, type TaskContext } from './context.ts';
import { decided } from './decided.ts';
import { settleEarlier } from './earlier.ts';
import { afterTaskGone, whileDeleted } from './gone.ts';
import { adopt, isShown, live } from './live.ts';
import { pace } from './pace.ts';
import { start } from './start.ts';
import { lostPod, seemsLost, withoutPod } from './without-pod.ts';

/** What is to be done about one Task now. Pure: the same snapshot gives the same decision, byte for byte. */
export function decideTask(snapshot: Snapshot): Decision {
  const decision = firstRule(snapshot);
  return decision.type === 'Decided' ? pace(snapshot, decision) : decision;
}

/** The order of the rules, written down once. Within `live`: the Pod's end, then timeout, then stop, then the status. */
function firstRule(snapshot: Snapshot): Decision {
  if (snapshot.task === null) return afterTaskGone(snapshot);
  const context = contextOf(snapshot, snapshot.task);
  const { task, pod } = context;
  switch (true) {
    case isForeign(context):
      return decided({ reasons: [reason('task/not-ours', `spec.managedBy names another controller: ${task.spec.managedBy}`)] });
    case task.metadata.deletionTimestamp !== undefined:
      return whileDeleted(context);
    case isFinished(task):
      return afterEnd(context);
    case pod !== null && !isShown(pod) && !hasEnded(pod):
      return besideEarlier(context, adopt(context, pod));
    case pod !== null:
      return besideEarlier(context, seemsLost(context, pod) ? lostPod(context, pod) : live(context, pod));
    case task.status?.phase === 'Running':
      return besideEarlier(context, withoutPod(context));
    default:
      return besideEarlier(context, start(context));
  }
}

/** Whatever the present attempt does, nothing is left undone of those before it. */
function besideEarlier(context: TaskContext, decision: Decision): Decision {
  if (decision.type !== 'Decided') return decision;
  const actions = settleEarlier(context);
  return actions.length === 0 ? decision : { ...decision, actions: [...decision.actions, ...actions] };
}

function isForeign(context: TaskContext): boolean {
  const { managedBy } = context.task.spec;
  return managedBy !== undefined && managedBy !== '' && managedBy !== MANAGED_BY;
}
