import type { KubernetesObject, Pod } from '../api/kubernetes.ts';
import type { Decision } from '../contract/decision.ts';
import type { Outcome, Ref } from '../contract/snapshot.ts';
import { formatTimeMs } from '../units/time.ts';
import { isControlledBy, liveAnswerFor, outcomeOf, reason, type TaskContext } from './context.ts';
import { decided, reads } from './decided.ts';
import { taskEvent } from './events.ts';
import { failBeforeStart, finish } from './finish.ts';
import { adopt } from './live.ts';
import { retryAtMs } from './pace.ts';
import { waitForStart } from './wait.ts';

/** Ids of the two actions that start an attempt. */
export function podActionId(context: TaskContext): string {
  return `pod/${context.attempt}`;
}
export function configMapActionId(context: TaskContext, name: string): string {
  return `configmap/${context.attempt}/${name}`;
}

/** How an answer to a create is to be taken. */
type Refusal =
  /** The API server will never accept this object. */
  | 'Never'
  /** Quota, webhooks, rights, a missing ServiceAccount, throttling, a server in trouble: it can be mended, so it is waited for. */
  | 'NotNow'
  /** Something of that name is there. */
  | 'Exists';

export function classify(outcome: Outcome): Refusal {
  if (outcome.result === 'unknown') return 'NotNow';
  if (outcome.reason === 'AlreadyExists') return 'Exists';
  // A 409 of any other reason (quota conflict, namespace being created) passes.
  return outcome.code === 400 || outcome.code === 413 || outcome.code === 422 ? 'Never' : 'NotNow';
}

/** What came of the last try to create the Pod or its ConfigMap, if that stands in the way of the next; null when the way is free. */
export function afterRefusal(context: TaskContext, configMapName: string | null): Decision | null {
  const podOutcome = outcomeOf(context.snapshot, podActionId(context));
  if (podOutcome !== undefined) return afterPodOutcome(context, podOutcome);
  const outcome = configMapName === null ? undefined : outcomeOf(context.snapshot, configMapActionId(context, configMapName));
  if (outcome === undefined || outcome.result === 'ok') return null;
  switch (classify(outcome)) {
    case 'Exists':
      // Settled by `create`, which reads it live.
      return null;
    case 'Never':
      return failBeforeStart(context, 'ConfigMapCreationError', 'Context', `config map ${configMapName}: ${outcome.message ?? 'refused'}`, [
        reason('task/configmap-rejected', 'the API server will never accept this config map', { code: outcome.code ?? 0 }),
      ]);
    case 'NotNow':
      return holdBack(context, outcome, 'ConfigMapCreationError', `config map ${configMapName}`);
  }
}

function afterPodOutcome(context: TaskContext, outcome: Outcome): Decision | null {
  const refusal = outcome.result === 'ok' ? 'Exists' : classify(outcome);
  if (refusal === 'Never') {
    return failBeforeStart(context, 'PodCreationError', 'Rejected', `pod ${context.podName}: ${outcome.message ?? 'refused'}`, [
      reason('task/pod-rejected', 'the API server will never accept this pod', { code: outcome.code ?? 0 }),
    ]);
  }
  // A 403 of a quota may hide that our own Pod is there already, and after an unknown outcome it may be there as well: ask before anything else.
  const ref = podRef(context);
  const answer = liveAnswerFor(context.snapshot, ref);
  if (answer === undefined) return reads([{ ...ref, live: true }]);
  if ('found' in answer) return ownOrForeign(context, answer.found);
  if ('absent' in answer && outcome.result === 'ok') {
    // It was there and is gone: running it again in place would run the agent twice.
    return finish(context, { type: 'Missing' }, null, [
      reason('task/pod-missing', `pod ${context.podName} was created and is gone before it was seen`),
    ]);
  }
  return refusal === 'NotNow' || 'unavailable' in answer ? holdBack(context, outcome, 'PodCreationError', `pod ${context.podName}`) : null;
}

function podRef(context: TaskContext): Ref {
  return { kind: 'Pod', namespace: context.snapshot.subject.namespace, name: context.podName };
}

/** A Pod with our name is ours only by its controller's UID. */
function ownOrForeign(context: TaskContext, found: KubernetesObject): Decision {
  if (isControlledBy(found, context.snapshot.subject.uid)) return adopt(context, found as Pod);
  const message = `pod ${JSON.stringify(context.podName)} exists and does not belong to this task (uid ${found.metadata.uid ?? 'unknown'}); the task starts when that pod is gone`;
  const trail = [reason('task/name-conflict', message, { podUID: found.metadata.uid ?? '' })];
  return waitForStart(context, {
    reason: 'NameConflict',
    cause: 'Configuration',
    message,
    wakeAtMs: context.nowMs + 5_000,
    dependsOn: [podRef(context)],
    trail,
  });
}

/** Waits with the reason visible and gives the place back; null when the next try is due. */
function holdBack(
  context: TaskContext,
  outcome: Outcome,
  conditionReason: 'PodCreationError' | 'ConfigMapCreationError',
  what: string,
): Decision | null {
  const dueMs = retryAtMs(outcome);
  const said = outcome.message ?? (outcome.result === 'unknown' ? 'no answer came' : 'refused without a reason');
  const message = `${what} cannot be created now: ${said}`;
  if (context.nowMs >= dueMs) return null;
  const trail = [reason('task/create-refused', message, { code: outcome.code ?? 0, count: outcome.count, until: formatTimeMs(dueMs) })];
  const waiting = waitForStart(context, { reason: conditionReason, message, wakeAtMs: dueMs, dependsOn: [], trail });
  return decided({
    reasons: waiting.reasons,
    actions: [...waiting.actions, taskEvent(context, 'PodCreationFailed', `Failed to create pod: ${said}`)],
    wakeAtMs: dueMs,
  });
}
