import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import type { Action, Decided } from '#core/contract/decision.ts';
import { AGENT_CONTAINER, ANNOTATIONS, LABELS } from '#core/contract/names.ts';
import { refKey, type Snapshot } from '#core/contract/snapshot.ts';
import { parseDuration } from '#core/units/duration.ts';
import type { Cluster, ListOptions } from '#host/cluster/cluster.ts';
import type { Engine, EngineResult } from '#host/engine/engine.ts';
import type { Mutation } from './mutation.ts';

/** A known mistake, and the invariant that it has to break. */
export interface Mutant extends Mutation {
  readonly breaks: readonly string[];
}

/** An engine whose decisions, once made, are changed. */
function decidesLike(change: (decided: Decided, snapshot: Snapshot) => Decided): NonNullable<Mutation['engine']> {
  return (engine) => ({ ...engine, decide: (snapshot) => changed(engine.decide(snapshot), (decided) => change(decided, snapshot)) });
}

/** An engine that is shown something else than what is so. */
function sees(change: (snapshot: Snapshot) => Snapshot): NonNullable<Mutation['engine']> {
  return (engine: Engine) => ({ ...engine, decide: (snapshot) => engine.decide(change(snapshot)) });
}

function changed(result: EngineResult, change: (decided: Decided) => Decided): EngineResult {
  return result.type === 'Answered' && result.decision.type === 'Decided' ? { ...result, decision: change(result.decision) } : result;
}

const isRelease = ({ id }: Action): boolean => id.startsWith('release/');
const isStatus = (action: Action): boolean => action.type === 'Patch' && action.subresource === 'status';

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'deletions without the UID',
    breaks: ['pods-are-ended-only-for-a-reason', 'only-own-pods-are-touched', 'only-finished-tasks-are-cleaned-up'],
    cluster: (cluster) =>
      without(cluster, { delete: (address, { uid: _, ...options }, signal) => cluster.delete(address, options, signal) }),
  },
  {
    name: 'status patches without the resourceVersion',
    breaks: ['a-finished-task-never-changes-its-end', 'running-is-never-taken-back', 'the-status-says-what-the-pod-did'],
    engine: decidesLike((decided) => ({
      ...decided,
      actions: decided.actions.map((action) => {
        if (action.type !== 'Patch' || action.subresource !== 'status') return action;
        const { resourceVersion: _, ...rest } = action;
        return rest;
      }),
    })),
  },
  {
    name: 'Running is written before the Pod is created',
    breaks: ['running-only-with-a-pod'],
    engine: decidesLike((decided, { subject, task }) => {
      const pod = decided.actions.find((action) => action.type === 'Create' && action.object.kind === 'Pod');
      if (pod?.type !== 'Create') return decided;
      const status = { phase: 'Running', podName: pod.object.metadata.name, startTime: task?.metadata.creationTimestamp ?? '' };
      const ref = { kind: 'Task', namespace: subject.namespace, name: subject.name } as const;
      const early: Action = {
        type: 'Patch',
        id: 'early',
        ref,
        uid: subject.uid,
        patchType: 'merge',
        subresource: 'status',
        patch: { status },
      };
      return { ...decided, actions: [early, ...decided.actions] };
    }),
  },
  {
    name: 'the Pod is released before its end is recorded',
    breaks: ['the-status-says-what-the-pod-did'],
    engine: decidesLike((decided) => ({
      ...decided,
      actions: [...decided.actions.filter(isRelease), ...decided.actions.filter((action) => !isRelease(action))],
    })),
  },
  {
    name: 'nobody waits until the cache holds what was just written',
    breaks: ['a-host-waits-for-its-own-writes'],
    caches: (caches) => {
      caches.store.hasSeen = () => true;
    },
  },
  {
    name: 'a Pod of the right name is ours, whoever owns it',
    breaks: [
      'only-own-pods-are-touched',
      'running-only-with-a-pod',
      'the-status-says-what-the-pod-did',
      'pods-are-ended-only-for-a-reason',
    ],
    engine: sees((snapshot) => ({
      ...snapshot,
      read: Object.fromEntries(
        Object.entries(snapshot.read).map(([key, answer]) => [
          key,
          key.startsWith('Pod/') && 'found' in answer ? { found: owned(answer.found, snapshot) } : answer,
        ]),
      ),
    })),
  },
  {
    name: 'what the cache does not have is not there',
    breaks: ['the-status-says-what-the-pod-did', 'a-host-never-fails', 'one-pod-an-attempt'],
    cluster: (cluster, caches) =>
      without(cluster, {
        get: async (address, signal) => {
          if (address.kind === 'Pod' || address.kind === 'Task') {
            const cached = caches().store.get(address);
            if (cached !== undefined) return { ok: true, value: cached };
            return { ok: false, error: { type: 'Refused', code: 404, reason: 'NotFound', message: 'not in the cache' } };
          }
          return cluster.get(address, signal);
        },
      }),
  },
  {
    name: 'an Agent has one place more than it says',
    breaks: ['one-leader-keeps-an-agents-limit'],
    engine: decidesLike((decided) => {
      const { queue } = decided;
      return queue?.state === 'Wants' && queue.slots !== undefined ? { ...decided, queue: { ...queue, slots: queue.slots + 1 } } : decided;
    }),
  },
  {
    name: 'who asks for a place takes it',
    breaks: ['one-leader-keeps-an-agents-limit', 'one-leader-keeps-an-agents-quota'],
    engine: sees((snapshot) => ({ ...snapshot, granted: true })),
  },
  {
    name: 'a deleted Pod that exits 0 has succeeded',
    breaks: ['the-status-says-what-the-pod-did'],
    engine: sees((snapshot) => ({
      ...snapshot,
      pods: snapshot.pods.map((pod) => {
        const { deletionTimestamp: _, deletionGracePeriodSeconds: __, ...metadata } = pod.metadata;
        return pod.status?.phase === 'Succeeded' ? { ...pod, metadata } : pod;
      }),
    })),
  },
  {
    name: 'a stop is not recorded before the Pod is deleted',
    breaks: ['the-status-says-what-the-pod-did'],
    engine: decidesLike((decided) => {
      const isStopping = decided.actions.some(({ type, id }) => type === 'Delete' && id.startsWith('delete/'));
      return isStopping ? { ...decided, actions: decided.actions.filter((action) => !isStatus(action)) } : decided;
    }),
  },
  {
    name: 'the finalizer is never removed',
    breaks: ['no-finalizer-stays'],
    engine: decidesLike((decided) => ({ ...decided, actions: decided.actions.filter((action) => !isRelease(action)) })),
  },
  {
    name: 'nothing wakes a Task when its time has come',
    breaks: ['every-task-ends'],
    engine: decidesLike(({ wakeAt: _, ...decided }) => decided),
  },
  {
    name: 'nobody who waits for an Agent or a template hears of it',
    breaks: ['every-task-ends'],
    engine: decidesLike((decided) => ({ ...decided, dependsOn: [] })),
  },
  {
    name: 'anybody’s deadline is a stop',
    breaks: ['the-status-says-what-the-pod-did'],
    engine: sees((snapshot) => ({
      ...snapshot,
      pods: snapshot.pods.map((pod) =>
        pod.status?.phase === 'Failed'
          ? {
              ...pod,
              metadata: { ...pod.metadata, annotations: { ...pod.metadata.annotations, [ANNOTATIONS.endedFor]: 'Stopped' } },
              status: { ...pod.status, reason: 'DeadlineExceeded' },
            }
          : pod,
      ),
    })),
  },
  {
    name: 'a host works on everybody’s Tasks',
    breaks: ['a-host-works-on-its-share-alone'],
    share: () => ({}),
  },
  {
    name: 'a Task that was given to another host is still worked on',
    breaks: ['a-host-works-on-its-share-alone'],
    cluster: (cluster) =>
      without(cluster, { list: (options, signal) => cluster.list(isConfirmation(options) ? anyone(options) : options, signal) }),
  },
  {
    name: 'a timeout is judged by a clock that is ahead',
    breaks: ['pods-are-ended-only-for-a-reason', 'the-status-says-what-the-pod-did'],
    engine: sees((snapshot) => ({ ...snapshot, now: new Date(Date.parse(snapshot.now) + 20_000).toISOString() })),
  },
  {
    name: 'an end is written down by a clock that is behind the start',
    breaks: ['no-task-ends-before-it-starts'],
    engine: decidesLike((decided, { now }) => ({
      ...decided,
      actions: decided.actions.map((action) => {
        const status = statusOf(action);
        return action.type !== 'Patch' || status?.completionTime === undefined
          ? action
          : { ...action, patch: { status: { ...status, completionTime: now } } };
      }),
    })),
  },
  {
    name: 'the finalizer is kept when the Task goes',
    breaks: ['a-deleted-namespace-goes', 'no-finalizer-stays'],
    engine: decidesLike((decided, { task }) =>
      task === null || task.metadata.deletionTimestamp !== undefined
        ? { ...decided, actions: decided.actions.filter((action) => !isRelease(action)) }
        : decided,
    ),
  },
  {
    name: 'a Pod whose agent has ended runs on with what was injected',
    breaks: ['every-task-ends'],
    engine: sees((snapshot) => ({ ...snapshot, pods: snapshot.pods.map(withoutSidecars) })),
  },
  {
    name: 'what ends a Pod that its agent has left is a stop',
    breaks: ['the-status-says-what-the-pod-did'],
    engine: sees((snapshot) => ({
      ...snapshot,
      pods: snapshot.pods.map((pod) =>
        pod.metadata.annotations?.[ANNOTATIONS.endedFor] === 'AgentEnded'
          ? { ...pod, metadata: { ...pod.metadata, annotations: { ...pod.metadata.annotations, [ANNOTATIONS.endedFor]: 'Stopped' } } }
          : pod,
      ),
    })),
  },
  {
    name: 'Tasks are cleaned up as soon as they have ended',
    breaks: ['no-task-is-cleaned-up-early'],
    engine: decidesLike((decided, { task, subject }) => {
      const isOver = task?.status?.phase === 'Completed' || task?.status?.phase === 'Failed';
      if (!isOver || task.spec.cleanup?.ttlSecondsAfterFinished === undefined) return decided;
      const ref = { kind: 'Task', namespace: subject.namespace, name: subject.name } as const;
      return { ...decided, actions: [...decided.actions, { type: 'Delete', id: 'early', ref, uid: subject.uid }] };
    }),
  },
  {
    name: 'each Event has a name of its own',
    breaks: ['events-are-bounded'],
    engine: decidesLike((decided, { now }) => ({
      ...decided,
      actions: decided.actions.map((action) =>
        action.type === 'Event' ? { ...action, id: `${action.id} ${now}`, name: `${action.name}.${Date.parse(now)}` } : action,
      ),
    })),
  },
  {
    name: 'a Task ends without its attempt',
    breaks: ['a-finished-task-has-its-attempt'],
    engine: decidesLike((decided) => ({
      ...decided,
      actions: decided.actions.map((action) => {
        const { attempts, ...status } = statusOf(action) ?? {};
        return action.type !== 'Patch' || attempts === undefined ? action : { ...action, patch: { status } };
      }),
    })),
  },
  {
    name: 'a ConfigMap of the right name is ours, whoever owns it',
    breaks: ['only-own-objects-are-touched'],
    engine: sees((snapshot) => ({
      ...snapshot,
      read: Object.fromEntries(
        Object.entries(snapshot.read).map(([key, answer]) => [
          key,
          key.startsWith('ConfigMap/') && 'found' in answer ? { found: owned(answer.found, snapshot) } : answer,
        ]),
      ),
    })),
  },
  {
    name: 'a Task runs for the Agent that its spec names by now',
    breaks: ['running-names-the-agent', 'one-leader-keeps-an-agents-limit'],
    engine: sees((snapshot) => ({
      ...snapshot,
      pods: snapshot.pods.map((pod) => {
        const { [ANNOTATIONS.startedWith]: _, ...annotations } = pod.metadata.annotations ?? {};
        return { ...pod, metadata: { ...pod.metadata, annotations } };
      }),
    })),
  },
  {
    name: 'a stop is meant without a look at the Pod',
    breaks: ['the-status-says-what-the-pod-did'],
    engine: (engine) => ({ ...engine, decide: (snapshot) => blindly(engine, snapshot) }),
  },
  {
    name: 'a duration that can’t be read stops everything',
    breaks: ['the-core-never-fails'],
    engine: (engine) => ({
      ...engine,
      decide: (snapshot) => {
        const { timeout } = snapshot.task?.spec ?? {};
        return timeout === undefined || parseDuration(timeout).ok
          ? engine.decide(snapshot)
          : { type: 'EngineError', cause: 'Exception', message: 'time: invalid duration', log: '' };
      },
    }),
  },
  {
    name: 'a Pod without our label is not ours',
    breaks: ['the-status-says-what-the-pod-did', 'one-pod-an-attempt', 'every-task-ends'],
    engine: sees((snapshot) => ({
      ...snapshot,
      read: Object.fromEntries(
        Object.entries(snapshot.read).map(([key, answer]) => [
          key,
          key.startsWith('Pod/') && 'found' in answer && answer.found.metadata.labels?.[LABELS.taskUid] === undefined
            ? { absent: true }
            : answer,
        ]),
      ),
    })),
  },
  {
    name: 'a Task ends only when its Agent’s server has told of the session',
    breaks: ['every-task-ends'],
    engine: decidesLike((decided, { outcomes, pods }) => {
      const isAttached = pods.some(({ metadata }) => metadata.annotations?.[ANNOTATIONS.startedWith]?.includes('serverUrl') === true);
      const isEnd = decided.actions.some((action) => statusOf(action)?.completionTime !== undefined);
      const isTold = outcomes.some(({ actionId, result }) => actionId.startsWith('session/') && result === 'ok');
      if (!isAttached || !isEnd || isTold) return decided;
      return { ...decided, actions: decided.actions.filter(({ type }) => type === 'Effect') };
    }),
  },
];

function statusOf(action: Action): Readonly<Record<string, unknown>> | undefined {
  return action.type === 'Patch' && action.subresource === 'status'
    ? (action.patch.status as Readonly<Record<string, unknown>>)
    : undefined;
}

/** The question whether a Task is still this host's, by its labels. */
function isConfirmation({ kind, fieldSelector, labelSelector }: ListOptions): boolean {
  return kind === 'Task' && fieldSelector !== undefined && labelSelector !== undefined;
}

function anyone({ labelSelector: _, ...options }: ListOptions): ListOptions {
  return options;
}

function withoutSidecars(pod: Pod): Pod {
  const containerStatuses = (pod.status?.containerStatuses ?? []).filter(({ name }) => name === AGENT_CONTAINER);
  return { ...pod, status: { ...pod.status, containerStatuses } };
}

/** Answers the look at a Pod with what the watch shows. */
function blindly(engine: Engine, snapshot: Snapshot): EngineResult {
  const result = engine.decide(snapshot);
  if (result.type !== 'Answered' || result.decision.type !== 'Reads') return result;
  const shown = result.decision.refs.flatMap((ref) => {
    const pod = snapshot.pods.find(({ metadata }) => ref.kind === 'Pod' && metadata.name === ref.name);
    return pod === undefined ? [] : [[refKey(ref), { found: pod }] as const];
  });
  if (shown.length === 0) return result;
  return engine.decide({ ...snapshot, read: { ...snapshot.read, ...Object.fromEntries(shown) } });
}

function without(cluster: Cluster, replaced: Partial<Cluster>): Cluster {
  return { ...cluster, ...replaced };
}

function owned(object: KubernetesObject, { subject }: Snapshot): KubernetesObject {
  const owner = { apiVersion: 'kubeopencode.io/v1alpha1', kind: 'Task', name: subject.name, uid: subject.uid, controller: true };
  return { ...object, metadata: { ...object.metadata, ownerReferences: [owner] } };
}
