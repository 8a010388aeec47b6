import type { Pod } from '#core/api/kubernetes.ts';
import type { Retry } from '#core/api/retry.ts';
import type { Task } from '#core/api/task.ts';
import type { Action } from '#core/contract/decision.ts';
import { ANNOTATIONS } from '#core/contract/names.ts';
import type { Snapshot } from '#core/contract/snapshot.ts';
import { attemptsIn, lastNumberIn } from '#host/simulation/life-records.ts';
import { isLogName } from '#host/simulation/log-faults.ts';
import { decidesLike, endsWhatever, isRelease, type Mutant, sees, statusOf, without } from './mutant.ts';

/** Mistakes in a Task's whole life: attempts, what is kept of them, what is done after the end. */
export const LIFE_MUTANTS: readonly Mutant[] = [
  {
    name: 'the next attempt starts without the proof that the one before has ended',
    breaks: ['never-two-live-pods'],
    engine: sees((snapshot) => ({
      ...snapshot,
      pods: snapshot.pods.filter((pod) => !isEarlier(snapshot, pod)),
      read: Object.fromEntries(
        Object.entries(snapshot.read).map(([key, answer]) => [
          key,
          key.startsWith('Pod/') && 'found' in answer && isEarlier(snapshot, answer.found as Pod) ? { absent: true as const } : answer,
        ]),
      ),
    })),
  },
  {
    name: 'one retry more than the limit',
    breaks: ['attempts-are-within-their-budgets'],
    engine: wants((retry) => ({ ...retry, limit: (retry.limit ?? 0) + 1 })),
  },
  {
    name: 'one retry more than the limit of a cause',
    breaks: ['attempts-are-within-their-budgets'],
    engine: wants(({ causes = {}, ...retry }) => ({
      ...retry,
      causes: Object.fromEntries(Object.entries(causes).map(([cause, count]) => [cause, (count ?? 0) + 1])),
    })),
  },
  {
    name: 'a Pod that never started is replaced for ever',
    breaks: ['attempts-are-within-their-budgets'],
    engine: seesTask(({ status, ...task }) => ({ ...task, status: { ...status, retries: { ...status?.retries, unstarted: 0 } } })),
  },
  {
    name: 'the Pod of an attempt is released before its end is recorded',
    breaks: ['no-pod-is-released-before-its-end-is-recorded'],
    engine: decidesLike((decided) =>
      decided.actions.some(({ id }) => id.startsWith('status/attempt/'))
        ? { ...decided, actions: [...decided.actions.filter(isRelease), ...decided.actions.filter((action) => !isRelease(action))] }
        : decided,
    ),
  },
  {
    name: 'nobody waits for the end of a log',
    breaks: ['the-end-of-a-log-is-kept'],
    engine: sees((snapshot) => {
      const { now } = snapshot;
      const ids = snapshot.pods.flatMap(({ metadata: { uid }, spec: { initContainers = [] } }) => [
        `log/${uid}`,
        ...initContainers.map(({ name }) => `log/${uid}/${name}`),
      ]);
      const given = ids.map((actionId) => ({ actionId, result: 'refused' as const, count: 1, firstAt: now, lastAt: now }));
      return { ...snapshot, outcomes: [...snapshot.outcomes.filter(({ actionId }) => !actionId.startsWith('log/')), ...given] };
    }),
  },
  {
    name: 'an attempt whose Pod goes is recorded without its log',
    breaks: ['a-log-that-goes-is-accounted-for', 'the-end-of-a-log-is-kept'],
    engine: decidesLike((decided) => ({
      ...decided,
      actions: decided.actions.map((action) => withAttempts(action, (list) => list.map(withoutLog))),
    })),
  },
  {
    name: 'a log is said to be kept that nobody has written',
    breaks: ['a-kept-log-is-there'],
    cluster: (cluster) =>
      without(cluster, {
        create: async (object, how, signal) =>
          object.kind === 'ConfigMap' && isLogName(object.metadata.name)
            ? { ok: true, value: object }
            : cluster.create(object, how, signal),
      }),
  },
  {
    name: 'what is to be stopped is tried again',
    breaks: ['nothing-is-tried-again-after-a-stop'],
    engine: seesTask((task) => {
      const { [ANNOTATIONS.stop]: _, ...annotations } = task.metadata.annotations ?? {};
      return attemptsIn(task.status).length > 0 || task.status?.phase === 'Running'
        ? { ...task, metadata: { ...task.metadata, annotations } }
        : task;
    }),
  },
  {
    name: 'a Task that has failed is opened again by nobody',
    breaks: ['a-finished-task-reopens-only-when-asked'],
    engine: seesTask((task) => {
      const annotations = { ...task.metadata.annotations, [ANNOTATIONS.retry]: String(lastNumberIn(task.status) + 1) };
      return task.status?.phase === 'Failed' ? { ...task, metadata: { ...task.metadata, annotations } } : task;
    }),
  },
  {
    name: 'a Task that has succeeded is done again',
    breaks: ['a-finished-task-reopens-only-when-asked'],
    engine: seesTask(({ status, ...task }) => ({
      ...task,
      ...(status === undefined ? {} : { status: status.phase === 'Completed' ? { ...status, phase: 'Failed' } : status }),
    })),
  },
  {
    name: 'the attempts before are lost',
    breaks: ['attempts-are-numbered-and-never-lost'],
    engine: decidesLike((decided) => ({
      ...decided,
      actions: decided.actions.map((action) => withAttempts(action, (list) => list.slice(-1))),
    })),
  },
  {
    name: 'a Task holds its place between its attempts',
    breaks: ['who-waits-for-an-attempt-holds-no-place'],
    engine: decidesLike((decided, { subject, task }) => {
      const agent = task?.spec.agentRef?.name;
      const isWaiting = decided.reasons.some(({ rule }) => rule === 'task/backoff');
      return isWaiting && agent !== undefined ? { ...decided, queue: { state: 'Holds', key: `${subject.namespace}/${agent}` } } : decided;
    }),
  },
  {
    name: 'the next attempt does not wait',
    breaks: ['no-attempt-before-its-time'],
    engine: seesTask(({ status, ...task }) => {
      const { nextAttemptTime: _, ...rest } = status ?? {};
      return { ...task, status: rest };
    }),
  },
  {
    name: 'a Pod is disposed of before its delay is over',
    breaks: ['no-pod-is-disposed-before-its-time'],
    engine: seesTask(({ spec, ...task }) => ({
      ...task,
      spec: { ...spec, ...(isDelayed(spec) ? { cleanup: { ...spec.cleanup, pod: { ...spec.cleanup?.pod, delaySeconds: 0 } } } : {}) },
    })),
  },
  {
    name: 'a Pod that is to be kept is disposed of',
    breaks: ['pods-are-disposed-only-where-that-is-wanted'],
    engine: seesTask(({ spec, ...task }) => ({ ...task, spec: { ...spec, cleanup: { ...spec.cleanup, pod: { failed: 'Delete' } } } })),
  },
  {
    name: 'a Pod that seems to outlive its Task is deleted without a look at it',
    breaks: ['pods-are-disposed-only-where-that-is-wanted'],
    // Bound to the version that was judged it would not be: the two guard it, each by itself.
    engine: (engine) =>
      endsWhatever(
        sees((snapshot) => ({
          ...snapshot,
          read: Object.fromEntries(
            Object.entries(snapshot.read).map(([key, answer]) => {
              const shown =
                'found' in answer ? snapshot.pods.find(({ metadata }) => metadata.uid === answer.found.metadata.uid) : undefined;
              return [key, shown === undefined ? answer : { found: shown }];
            }),
          ),
        }))(engine),
      ),
  },
];

/** An engine that is shown another Task than the one that is there. */
function seesTask(change: (task: Task) => Task): NonNullable<Mutant['engine']> {
  return sees((snapshot) => ({ ...snapshot, task: snapshot.task === null ? null : change(snapshot.task) }));
}

/** One that is shown another wish for retries, where there is one. */
function wants(change: (retry: Retry) => Retry): NonNullable<Mutant['engine']> {
  return seesTask(({ spec, ...task }) => ({
    ...task,
    spec: { ...spec, ...(spec.retry === undefined ? {} : { retry: change(spec.retry) }) },
  }));
}

/** Whether a Pod is of an attempt that is recorded, and another is to come. */
function isEarlier({ task }: Snapshot, { metadata }: Pod): boolean {
  const isOver = task?.status?.phase === 'Completed' || task?.status?.phase === 'Failed';
  return !isOver && attemptsIn(task?.status).some(({ podUID }) => podUID === metadata.uid);
}

function withAttempts(action: Action, change: (list: ReturnType<typeof attemptsIn>) => readonly object[]): Action {
  const status = statusOf(action);
  if (action.type !== 'Patch' || status?.attempts === undefined) return action;
  return { ...action, patch: { ...action.patch, status: { ...status, attempts: change(attemptsIn(status)) } } };
}

function withoutLog({ log: _, ...attempt }: ReturnType<typeof attemptsIn>[number]): object {
  return attempt;
}

function isDelayed({ cleanup }: Task['spec']): boolean {
  return (cleanup?.pod?.delaySeconds ?? 0) > 0;
}
