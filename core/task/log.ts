import type { Pod } from '../api/kubernetes.ts';
import type { Attempt } from '../api/task.ts';
import type { Effect, KeptLog } from '../contract/decision.ts';
import { hasEnded } from '../contract/ended.ts';
import { AGENT_CONTAINER, LABELS } from '../contract/names.ts';
import type { Outcome } from '../contract/snapshot.ts';
import { logConfigMapName } from '../pod/names.ts';
import { ownerOf, taskLabels } from '../pod/pod-meta.ts';
import { countOf } from '../units/count.ts';
import { parseTime } from '../units/time.ts';
import { outcomeOf, type TaskContext } from './context.ts';
import { agentTermination, graceSecondsOf } from './fate.ts';
import { agentStarted } from './pending.ts';
import { isBound } from './pods.ts';
import { parseObject } from './started-with.ts';
import { cutText } from './text.ts';

/** Default of `logTailBytes`. */
const TAIL_BYTES = 65_536;
const MOST_TAIL_BYTES = 524_288;
/** Beyond a Pod's grace, for the kubelet's own delays, in seconds. */
const FOLLOW_MARGIN_SECONDS = 30;
/** The log of a Pod that is deleted goes when its containers have ended: so long after that nobody waits for it any more, in milliseconds. */
const GIVE_UP_MS = 60_000;

type LogTail = Extract<Effect, { kind: 'LogTail' }>;

export type LogStep =
  /** Nothing is kept here. */
  | { readonly type: 'None' }
  /** The end of the log is being read; the Pod must not go before, or before nobody waits for it any more (`wakeAtMs`). */
  | { readonly type: 'Reading'; readonly actions: readonly Effect[]; readonly wakeAtMs: number | null }
  | { readonly type: 'Done'; readonly log: NonNullable<Attempt['log']> };

/**
 * How it stands with the log of a Pod that is deleted, or is to be: the logs go with it, so their end is read before, or as far as its containers come. `graceSeconds` is
 * what its containers are about to be given; default: what they were given. Any answer is the last one: whoever reads has tried again by himself what may pass.
 */
export function logStep(context: TaskContext, pod: Pod, attempt: number, graceSeconds?: number): LogStep {
  const effect = tailEffect(context, pod, attempt, graceSeconds);
  if (effect === null) return { type: 'None' };
  const outcome = outcomeOf(context.snapshot, effect.id);
  if (outcome !== undefined) return { type: 'Done', log: logOf(effect, outcome) };
  const endsMs = givesUpAtMs(pod);
  if (endsMs === null || context.nowMs < endsMs) return { type: 'Reading', actions: [effect], wakeAtMs: endsMs };
  return missing(`the pod was deleted, and ${hasEnded(pod) ? 'its log was gone before it could be read' : 'its node gave no log in time'}`);
}

/** Follows the log of a Pod that is being deleted, or is about to be, while its containers run, so that their last words are not lost; nothing where nothing is kept. */
export function followLog(context: TaskContext, pod: Pod, graceSeconds?: number): readonly Effect[] {
  const step = logStep(context, pod, context.attempt, graceSeconds);
  return step.type === 'Reading' ? step.actions : [];
}

function logOf({ configMap }: LogTail, outcome: Outcome): NonNullable<Attempt['log']> {
  const kept = outcome.result === 'ok' ? keptLog(outcome.answer) : null;
  if (kept === null) return missing(outcome.message ?? outcome.reason ?? 'the end of the log could not be read').log;
  const { bytes, truncated } = kept;
  return { ...(bytes === 0 ? {} : { configMapName: configMap.metadata.name }), bytes, truncated };
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

function tailEffect(context: TaskContext, pod: Pod, attempt: number, graceSeconds: number | undefined): LogTail | null {
  const limitBytes = tailBytes(context);
  const container = containerOf(pod);
  if (limitBytes === 0 || container === null) return null;
  const { namespace, uid } = context.snapshot.subject;
  const { task } = context;
  return {
    type: 'Effect',
    // One a container: the agent may start after its Pod was deleted, before the kubelet has heard, and while the log of an init container is followed.
    id: container === AGENT_CONTAINER ? `log/${pod.metadata.uid}` : `log/${pod.metadata.uid}/${container}`,
    kind: 'LogTail',
    pod: { kind: 'Pod', namespace, name: pod.metadata.name, uid: pod.metadata.uid ?? '' },
    container,
    limitBytes,
    followSeconds: (pod.metadata.deletionGracePeriodSeconds ?? graceSeconds ?? graceSecondsOf(pod)) + FOLLOW_MARGIN_SECONDS,
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

/** The container whose log tells most: the agent, or the init container that it did not come past; null when none has run, or the node has lost sight of it. */
function containerOf(pod: Pod): string | null {
  if (!isBound(pod)) return null;
  const hasStatus = pod.status?.containerStatuses?.some(({ name }) => name === AGENT_CONTAINER) === true;
  if (hasStatus && agentStarted(pod)) return AGENT_CONTAINER;
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name);
  const inits = (pod.status?.initContainerStatuses ?? []).filter(({ name }) => !sidecars.includes(name));
  return inits.find(({ state }) => state?.running !== undefined || (state?.terminated?.exitCode ?? 0) !== 0)?.name ?? null;
}

/**
 * When nobody waits for a log any more, in milliseconds since the epoch; null while there is something to wait for. The log of a Pod that is deleted goes with its
 * containers, and a node that does not end them in time does not give it either.
 */
function givesUpAtMs(pod: Pod): number | null {
  const deletesAtMs = parseTime(pod.metadata.deletionTimestamp);
  if (deletesAtMs === null) return null;
  if (!hasEnded(pod)) return deletesAtMs + FOLLOW_MARGIN_SECONDS * 1_000;
  return Math.max(parseTime(agentTermination(pod)?.finishedAt) ?? 0, deletesAtMs) + GIVE_UP_MS;
}

function keptLog(answer: string | undefined): KeptLog | null {
  const value = answer === undefined ? null : parseObject(answer);
  const bytes = countOf(value?.bytes);
  return bytes === null ? null : { bytes, truncated: value?.truncated === true };
}

function missing(why: string): Extract<LogStep, { type: 'Done' }> {
  return { type: 'Done', log: { missing: cutText(why, 1_024) } };
}
