import type { ConfigMap, Pod } from '../api/kubernetes.ts';
import type { Action, Decision } from '../contract/decision.ts';
import type { Kind } from '../contract/kinds.ts';
import { LABELS } from '../contract/names.ts';
import type { Ref } from '../contract/snapshot.ts';
import type { PodResult } from '../pod/build.ts';
import { isOwnContext } from '../pod/context-config-map.ts';
import { given } from '../pod/given.ts';
import type { ResolvedAgent } from '../pod/resolve.ts';
import { saidStop } from '../pod/stop-file.ts';
import { formatTime, parseTime } from '../units/time.ts';
import { configMapActionId, LABEL_ACTION_ID, podActionId, recordActionId, updateActionId } from './action-ids.ts';
import { liveAnswerFor, outcomeOf, reason, type TaskContext } from './context.ts';
import { decided, reads } from './decided.ts';
import { taskEvent } from './events.ts';
import { heldPlace, quotaStanding } from './place.ts';
import type { Source } from './references.ts';
import { startedWithAnnotation } from './started-with.ts';

type Built = Extract<PodResult, { type: 'Built' }>;

/** The ConfigMap of the Pod's files, as it has to be written now. */
type ConfigMapStep =
  | { readonly type: 'Reads'; readonly refs: readonly Ref[] }
  | { readonly type: 'Actions'; readonly actions: readonly Action[] }
  /** Somebody else's object has the name: build again with another. */
  | { readonly type: 'Taken' };

/**
 * The ordered writes of a start: quota record, label (Attach only), ConfigMap, Pod, Event. The record goes first, because the next in the queue is decided at
 * once and has to count it. `Running` is written when the Pod is seen.
 */
export function create(
  context: TaskContext,
  source: Source,
  agent: ResolvedAgent,
  built: Built,
  dependsOn: readonly Ref[],
): Decision | 'NameTaken' {
  const configMap = built.configMap === null ? { type: 'Actions' as const, actions: [] } : configMapStep(context, built.configMap);
  if (configMap.type === 'Reads') return reads(configMap.refs);
  if (configMap.type === 'Taken') return 'NameTaken';
  const pod = withStartedWith(context, built.pod, source, agent);
  return decided({
    actions: [
      ...quotaRecord(context, source, agent),
      ...agentLabel(context, source, agent),
      ...configMap.actions,
      { type: 'Create', id: podActionId(context), object: { ...pod, apiVersion: 'v1', kind: 'Pod' } },
      taskEvent(context, 'PodCreated', `Created pod ${pod.metadata.name}`),
    ],
    ...heldPlace(context),
    dependsOn,
    reasons: [reason('task/create-pod', `creates pod ${pod.metadata.name}`, { attempt: context.attempt, execution: agent.execution })],
  });
}

/** Keeps on the Pod what it was made from and what its Agent's defaults came to, so that a running Task asks for nothing. */
function withStartedWith({ task }: TaskContext, pod: Pod, source: Source, agent: ResolvedAgent): Pod {
  const { timeout, stop, retry, pendingTimeouts, cleanup } = agent.taskDefaults;
  const annotation = startedWithAnnotation({
    ...given({ agent: task.spec.agentRef?.name, template: task.spec.templateRef?.name }),
    ...given({ timeout, stop, retry, pendingTimeouts, podCleanup: cleanup?.pod }),
    ...(saidStop(task, agent) === null ? {} : { stopFile: true as const }),
    ...(agent.execution === 'Attach' && 'agent' in source ? { serverUrl: agent.serverUrl } : {}),
  });
  return { ...pod, metadata: { ...pod.metadata, annotations: { ...pod.metadata.annotations, ...annotation } } };
}

function configMapStep(context: TaskContext, wanted: ConfigMap): ConfigMapStep {
  const { namespace, uid } = context.snapshot.subject;
  const { name } = wanted.metadata;
  const id = configMapActionId(context, name);
  const create: Action = { type: 'Create', id, object: { ...wanted, apiVersion: 'v1', kind: 'ConfigMap' satisfies Kind } };
  if (outcomeOf(context.snapshot, id) === undefined) return { type: 'Actions', actions: [create] };
  // It was tried before: what is there now decides, an older one with other content is never used.
  const ref: Ref = { kind: 'ConfigMap', namespace, name, live: true };
  const answer = liveAnswerFor(context.snapshot, ref);
  if (answer === undefined) return { type: 'Reads', refs: [ref] };
  if (!('found' in answer)) return { type: 'Actions', actions: [create] };
  const found = answer.found as ConfigMap;
  const whose = isOwnContext(found, uid, wanted);
  if (whose === 'Foreign') return { type: 'Taken' };
  if (whose === 'Ours') return { type: 'Actions', actions: [] };
  const gone = Object.fromEntries(
    Object.keys(found.data ?? {})
      .filter((key) => wanted.data?.[key] === undefined)
      .map((key) => [key, null]),
  );
  return {
    type: 'Actions',
    actions: [
      {
        type: 'Patch',
        id: updateActionId(id),
        ref: { kind: 'ConfigMap', namespace, name },
        uid: found.metadata.uid ?? '',
        patchType: 'merge',
        patch: { data: { ...gone, ...wanted.data } },
      },
    ],
  };
}

/** The Agent's own label on the Task: only Attach has somebody who looks for it. */
function agentLabel(context: TaskContext, source: Source, agent: ResolvedAgent): readonly Action[] {
  if (!('agent' in source) || agent.execution !== 'Attach') return [];
  const { name } = source.agent.metadata;
  const { labels, uid = '' } = context.task.metadata;
  if (labels?.[LABELS.agent] === name || name.length > 63) return [];
  const { subject } = context.snapshot;
  return [
    {
      type: 'Patch',
      id: LABEL_ACTION_ID,
      ref: { kind: 'Task', namespace: subject.namespace, name: subject.name },
      uid,
      patchType: 'merge',
      patch: { metadata: { labels: { [LABELS.agent]: name } } },
    },
  ];
}

function quotaRecord(context: TaskContext, source: Source, agent: ResolvedAgent): readonly Action[] {
  if (!('agent' in source) || agent.quota === undefined || quotaStanding(context, source.agent, agent.quota).recorded) return [];
  const { namespace, name, uid = '' } = source.agent.metadata;
  const { subject } = context.snapshot;
  const createdMs = parseTime(context.task.metadata.creationTimestamp) ?? context.nowMs;
  // What was tried may stand there, unseen: under the same time it is found again and not counted twice.
  const tried = outcomeOf(context.snapshot, recordActionId(context));
  const startTime = tried?.result === 'unknown' ? tried.answer : undefined;
  return [
    {
      type: 'RecordStart',
      id: recordActionId(context),
      agent: { namespace: namespace ?? subject.namespace, name, uid },
      // Not before the Task was created, by a host whose clock is behind: it would not be known again as this Task's.
      record: {
        taskName: subject.name,
        taskNamespace: subject.namespace,
        startTime: startTime ?? formatTime(Math.max(context.nowMs, createdMs)),
      },
      windowSeconds: agent.quota.windowSeconds,
    },
  ];
}
