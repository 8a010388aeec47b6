import type { Pod } from '../api/kubernetes.ts';
import type { Attempt } from '../api/task.ts';
import type { Effect, KeptLog } from '../contract/decision.ts';
import { AGENT_CONTAINER, LABELS } from '../contract/names.ts';
import { logConfigMapName } from '../pod/names.ts';
import { ownerOf, taskLabels } from '../pod/pod-meta.ts';
import { parseTime } from '../units/time.ts';
import { outcomeOf, type TaskContext } from './context.ts';
import { agentTermination, graceSecondsOf } from './fate.ts';
import { agentStarted } from './pending.ts';
import { hasEnded } from './pods.ts';
import { parseObject } from './started-with.ts';
import { cutText } from './text.ts';

/** Default of `logTailBytes`. */
const TAIL_BYTES = 65_536;
const MOST_TAIL_BYTES = 524_288;
/** Beyond a Pod's grace, for the kubelet's own delays, in seconds. */
const FOLLOW_MARGIN_SECONDS = 30;
/** The log of a Pod that is deleted goes when its containers have ended: so long after that nobody waits for it any more, in milliseconds. */
const GIVE_UP_MS = 60_000;

export type LogStep =
  /** Nothing is kept here. */
  | { readonly type: 'None' }
  /** The end of the log is being read; the Pod must not go before. */
  | { readonly type: 'Reading'; readonly actions: readonly Effect[]; readonly wakeAtMs: number | null }
  | { readonly type: 'Done'; readonly log: NonNullable<Attempt['log']> };

/** How it stands with the log of a Pod that is deleted, or is to be: the logs go with it, so their end is read before, or as far as its containers come. */
export function logStep(context: TaskContext, pod: Pod, attempt: number): LogStep {
  const effect = tailEffect(context, pod, attempt);
  if (effect === null) return { type: 'None' };
  const outcome = outcomeOf(context.snapshot, effect.id);
  if (outcome !== undefined) {
    const kept = outcome.result === 'ok' ? keptLog(outcome.answer) : null;
    if (kept === null) return missing(outcome.message ?? outcome.reason ?? 'the end of the log could not be read');
    const { name } = effect.configMap.metadata;
    return { type: 'Done', log: { ...(kept.bytes === 0 ? {} : { configMapName: name }), bytes: kept.bytes, truncated: kept.truncated } };
  }
  if (pod.metadata.deletionTimestamp !== undefined && !hasEnded(pod) && isPastFollowing(context, pod)) return { type: 'None' };
  const endsMs = givesUpAtMs(pod);
  if (endsMs !== null && context.nowMs >= endsMs) return missing('the pod was deleted, and its log was gone before it could be read');
  return { type: 'Reading', actions: [effect], wakeAtMs: endsMs };
}

/** Follows the log of a Pod that is being deleted while its containers run, so that their last words are not lost; nothing where nothing is kept. */
export function followLog(context: TaskContext, pod: Pod): readonly Effect[] {
  const step = logStep(context, pod, context.attempt);
  return step.type === 'Reading' ? step.actions : [];
}

/** Whether the end of a Pod's log is kept when it is deleted. */
export function keepsLog(context: TaskContext): boolean {
  return tailBytes(context) > 0;
}

function tailBytes({ snapshot }: TaskContext): number {
  const { evidence, logTailBytes } = snapshot.settings.config;
  if (evidence === 'BestEffort') return 0;
  return Number.isSafeInteger(logTailBytes) ? Math.max(0, Math.min(MOST_TAIL_BYTES, logTailBytes ?? 0)) : TAIL_BYTES;
}

function tailEffect(context: TaskContext, pod: Pod, attempt: number): Extract<Effect, { kind: 'LogTail' }> | null {
  const limitBytes = tailBytes(context);
  const container = containerOf(pod);
  if (limitBytes === 0 || container === null) return null;
  const { namespace, uid } = context.snapshot.subject;
  const { task } = context;
  return {
    type: 'Effect',
    id: `log/${pod.metadata.uid}`,
    kind: 'LogTail',
    pod: { kind: 'Pod', namespace, name: pod.metadata.name, uid: pod.metadata.uid ?? '' },
    container,
    limitBytes,
    followSeconds: (pod.metadata.deletionGracePeriodSeconds ?? graceSecondsOf(pod)) + FOLLOW_MARGIN_SECONDS,
    configMap: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: logConfigMapName(task.metadata.name, uid, attempt),
        namespace,
        labels: { ...taskLabels(task), [LABELS.taskUid]: uid },
        ownerReferences: [ownerOf(task)],
      },
    },
  };
}

/** The container whose log tells most: the agent, or the init container that it never came past; null when none has run. */
function containerOf(pod: Pod): string | null {
  if (pod.spec.nodeName === undefined || pod.spec.nodeName === '') return null;
  const hasStatus = pod.status?.containerStatuses?.some(({ name }) => name === AGENT_CONTAINER) === true;
  if (hasStatus && agentStarted(pod)) return AGENT_CONTAINER;
  const failed = pod.status?.initContainerStatuses?.find(({ state }) => (state?.terminated?.exitCode ?? 0) !== 0);
  return failed?.name ?? null;
}

/** A node that does not end a Pod in time does not give its log either. */
function isPastFollowing({ nowMs }: TaskContext, pod: Pod): boolean {
  const deletesAtMs = parseTime(pod.metadata.deletionTimestamp);
  return deletesAtMs !== null && nowMs >= deletesAtMs + FOLLOW_MARGIN_SECONDS * 1_000;
}

/** When nobody waits for a log any more, in milliseconds since the epoch; null while there is something to wait for. */
function givesUpAtMs(pod: Pod): number | null {
  if (pod.metadata.deletionTimestamp === undefined || !hasEnded(pod)) return null;
  const endedMs = parseTime(agentTermination(pod)?.finishedAt) ?? parseTime(pod.metadata.deletionTimestamp);
  return endedMs === null ? null : endedMs + GIVE_UP_MS;
}

function keptLog(answer: string | undefined): KeptLog | null {
  const value = answer === undefined ? null : parseObject(answer);
  const bytes = value?.bytes;
  return typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= 0 ? { bytes, truncated: value?.truncated === true } : null;
}

function missing(why: string): LogStep {
  return { type: 'Done', log: { missing: cutText(why, 1_024) } };
}
