import type { Pod } from '../api/kubernetes.ts';
import type { Decision } from '../contract/decision.ts';
import { isHeld } from '../contract/held.ts';
import type { Outcome, Ref } from '../contract/snapshot.ts';
import { formatTimeMs } from '../units/time.ts';
import { configMapActionId, LABEL_ACTION_ID, podActionId, recordActionId, updateActionId } from './action-ids.ts';
import { conclude } from './conclude.ts';
import { isControlledBy, liveAnswerFor, outcomeOf, podRef, reason, type TaskContext } from './context.ts';
import { decided, reads } from './decided.ts';
import { taskEvent } from './events.ts';
import { adopt, isShown, podUnknown } from './live.ts';
import { retryAtMs } from './pace.ts';
import { releasePod } from './pods.ts';
import { failUnstarted } from './unstarted.ts';
import { relookAtMs, waitForStart, waitsSinceMs } from './wait.ts';

/** How an answer to a create is to be taken. */
type Refusal =
  /** The API server will never accept this object. */
  | 'Never'
  /** Quota, webhooks, policies, rights, a missing ServiceAccount, throttling, a server in trouble: it can be mended, so it is waited for. */
  | 'NotNow'
  /** Something of that name is there. */
  | 'Exists';

/** A denial by admission may bear any code, a webhook's without one becomes 400; only its text tells. Source: apiserver `admission/plugin/webhook/errors`, `policy/validating`. */
const DENIED_BY_ADMISSION = /admission webhook .* denied the request|ValidatingAdmissionPolicy .* denied request/s;

function classify(outcome: Outcome): Refusal {
  if (outcome.result === 'ok' || outcome.reason === 'AlreadyExists') return 'Exists';
  if (outcome.result === 'unknown') return 'NotNow';
  if (DENIED_BY_ADMISSION.test(outcome.message ?? '')) return 'NotNow';
  // A 409 of any other reason (quota conflict, namespace being created) passes.
  return outcome.code === 400 || outcome.code === 413 || outcome.code === 422 ? 'Never' : 'NotNow';
}

/** What came of the last try of the writes that start an attempt, if that stands in the way of the next; null when the way is free. */
export function afterRefusal(context: TaskContext, configMapName: string | null): Decision | null {
  return (
    afterPodOutcome(context) ??
    (configMapName === null ? null : afterConfigMapOutcome(context, configMapName)) ??
    afterPatches(context, configMapName)
  );
}

function afterPodOutcome(context: TaskContext): Decision | null {
  const outcome = outcomeOf(context.snapshot, podActionId(context));
  if (outcome === undefined) return null;
  const refusal = classify(outcome);
  if (refusal === 'Never') {
    return failUnstarted(context, 'PodCreationError', 'Rejected', `pod ${context.podName}: ${outcome.message ?? 'refused'}`, [
      reason('task/pod-rejected', 'the API server will never accept this pod', { code: outcome.code ?? 0 }),
    ]);
  }
  const answer = liveAnswerFor(context.snapshot, podRef(context));
  if (answer !== undefined && 'found' in answer) return nameConflict(context, answer.found as Pod);
  const isFree = refusal === 'Exists' && answer !== undefined && 'absent' in answer;
  return isFree ? null : holdBack(context, outcome, 'PodCreationError', `pod ${context.podName} cannot be created now`);
}

/**
 * What an earlier try to create the Pod has left, before anything else is thought of; null when there is no Pod of ours. After an unknown outcome it may be there,
 * and a 403 of a quota may hide that it is.
 */
export function podInDoubt(context: TaskContext): Decision | null {
  const outcome = outcomeOf(context.snapshot, podActionId(context));
  if (outcome === undefined || classify(outcome) === 'Never') return null;
  const answer = liveAnswerFor(context.snapshot, podRef(context));
  if (answer === undefined) return reads([{ ...podRef(context), live: true }]);
  // A Pod with our name is ours only by its controller's UID.
  if ('found' in answer) return isControlledBy(answer.found, context.snapshot.subject.uid) ? adopt(context, answer.found as Pod) : null;
  if ('unavailable' in answer) return outcome.result === 'refused' ? null : podUnknown(context, answer.unavailable);
  if (outcome.result !== 'ok') return null;
  // It was there and is gone: running it again in place would run the agent twice.
  return conclude(context, { type: 'Missing' }, null, [
    reason('task/pod-missing', `pod ${context.podName} was created and is gone before it was seen`),
  ]);
}

/** Waits until the Pod of another is gone, and lets it go where nobody else would any more. */
function nameConflict(context: TaskContext, pod: Pod): Decision {
  const isReleased = isForgotten(context, pod);
  if (typeof isReleased !== 'boolean') return reads([isReleased]);
  const { uid } = pod.metadata;
  const message = `pod ${JSON.stringify(context.podName)} exists and does not belong to this task (uid ${uid ?? 'unknown'}); the task starts when that pod is gone`;
  const waiting = waitForStart(context, {
    reason: 'NameConflict',
    cause: 'Configuration',
    message,
    wakeAtMs: relookAtMs(context, waitsSinceMs(context, 'NameConflict', message)),
    dependsOn: [podRef(context)],
    trail: [reason('task/name-conflict', message, { podUID: uid ?? '' })],
  });
  if (!isReleased) return waiting;
  const says = `pod ${context.podName} bears our finalizer, no watch shows it, and the task that it was made for is gone (live read): it is released`;
  return {
    ...waiting,
    actions: [...waiting.actions, ...releasePod(context.snapshot, pod)],
    reasons: [...waiting.reasons, reason('task/release-forgotten-pod', says, { podUID: uid ?? '' })],
  };
}

/**
 * Whether our finalizer holds a Pod that nothing is decided about any more: somebody took our label from it, so that no watch shows it, and the Task that it was made for is gone
 * or was deleted so that its Pods stay, which takes their controller away. The live read that this needs, if it was not made yet.
 */
function isForgotten({ snapshot }: TaskContext, pod: Pod): boolean | Ref {
  if (isShown(pod) || !isHeld(pod)) return false;
  const controller = pod.metadata.ownerReferences?.find((owner) => owner.controller === true);
  if (controller === undefined) return true;
  if (controller.kind !== 'Task') return false;
  const ref: Ref = { kind: 'Task', namespace: snapshot.subject.namespace, name: controller.name, live: true };
  const answer = liveAnswerFor(snapshot, ref);
  if (answer === undefined) return ref;
  // By the UID: this Task itself may be the older of two of its name, where its watch is behind.
  return 'absent' in answer || ('found' in answer && answer.found.metadata.uid !== controller.uid);
}

function afterConfigMapOutcome(context: TaskContext, name: string): Decision | null {
  const outcome = outcomeOf(context.snapshot, configMapActionId(context, name));
  if (outcome === undefined || outcome.result === 'ok') return null;
  switch (classify(outcome)) {
    case 'Exists':
      // Settled by `create`, which reads it live.
      return null;
    case 'Never':
      return failUnstarted(context, 'ConfigMapCreationError', 'Context', `config map ${name}: ${outcome.message ?? 'refused'}`, [
        reason('task/configmap-rejected', 'the API server will never accept this config map', { code: outcome.code ?? 0 }),
      ]);
    case 'NotNow':
      return holdBack(context, outcome, 'ConfigMapCreationError', `config map ${name} cannot be created now`);
  }
}

/** The writes of a start that change what is there: they can always be mended, because a patch that does not fit its object says only that the object is another. */
function afterPatches(context: TaskContext, configMapName: string | null): Decision | null {
  const record = outcomeOf(context.snapshot, recordActionId(context));
  const label = outcomeOf(context.snapshot, LABEL_ACTION_ID);
  const update =
    configMapName === null ? undefined : outcomeOf(context.snapshot, updateActionId(configMapActionId(context, configMapName)));
  return (
    holdBack(context, record, 'AgentError', 'failed to record quota') ??
    holdBack(context, label, 'AgentError', 'failed to label the task with its agent') ??
    holdBack(context, update, 'ConfigMapCreationError', `config map ${configMapName} cannot be updated now`)
  );
}

/** Waits with the reason visible and gives the place back; null when nothing failed, or the next try is due. */
function holdBack(
  context: TaskContext,
  outcome: Outcome | undefined,
  conditionReason: 'PodCreationError' | 'ConfigMapCreationError' | 'AgentError',
  what: string,
): Decision | null {
  if (outcome === undefined || outcome.result === 'ok') return null;
  const dueMs = retryAtMs(outcome, context.nowMs);
  if (context.nowMs >= dueMs) return null;
  const said = outcome.message ?? (outcome.result === 'unknown' ? 'no answer came' : 'refused without a reason');
  const message = `${what}: ${said}`;
  const trail = [reason('task/create-refused', message, { code: outcome.code ?? 0, count: outcome.count, until: formatTimeMs(dueMs) })];
  const waiting = waitForStart(context, { reason: conditionReason, message, wakeAtMs: dueMs, dependsOn: [], trail });
  const note = conditionReason === 'PodCreationError' ? said : message;
  return decided({
    reasons: waiting.reasons,
    actions: [...waiting.actions, taskEvent(context, 'PodCreationFailed', `Failed to create pod: ${note}`)],
    wakeAtMs: dueMs,
  });
}
