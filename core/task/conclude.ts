import type { Pod } from '../api/kubernetes.ts';
import type { Action, Decision, Reason } from '../contract/decision.ts';
import { tryAgain } from './again.ts';
import { reason, type TaskContext } from './context.ts';
import { decided } from './decided.ts';
import { isDisposedAtEnd } from './disposal.ts';
import type { FinalFate } from './fate.ts';
import { finish } from './finish.ts';
import { logStep } from './log.ts';
import { heldPlace } from './place.ts';
import { retryVerdict } from './retry.ts';
import { podDeleting, runningStatus } from './running-status.ts';

/** What follows the end of an attempt: first its log is kept if it would be lost, then either another attempt is announced or the Task ends. */
export function conclude(context: TaskContext, fate: FinalFate, pod: Pod | null, trail: readonly Reason[]): Decision {
  const isGoing = pod !== null && (pod.metadata.deletionTimestamp !== undefined || isDisposedAtEnd(context, fate, pod));
  const log = pod !== null && isGoing ? logStep(context, pod, context.attempt) : null;
  if (log?.type === 'Reading') {
    return decided({
      actions: [...log.actions, ...deletionNoted(context, pod)],
      ...heldPlace(context),
      wakeAtMs: log.wakeAtMs,
      reasons: [...trail, reason('task/log-awaited', 'the pod goes, so the end of its log is kept before its end is recorded')],
    });
  }
  const kept = log?.type === 'Done' ? log.log : null;
  const verdict = retryVerdict(context, fate, pod);
  if (verdict.type === 'Again') return tryAgain(context, fate, pod, kept, verdict, trail);
  return finish(context, fate, pod, kept, verdict.says === null ? trail : [...trail, reason('task/no-retry', verdict.says)]);
}

/** While its log is read the API server moves the moment of a Pod's deletion, by which its end is judged: what is known of that now is kept. */
function deletionNoted(context: TaskContext, pod: Pod | null): readonly Action[] {
  return pod === null || podDeleting(context, pod).length === 0 ? [] : runningStatus(context, pod);
}
