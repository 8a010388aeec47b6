import type { Action } from '#core/contract/decision.ts';
import { ANNOTATIONS } from '#core/contract/names.ts';
import { NO_FAULTS, type Scenario } from '#host/simulation/scenario.ts';
import { agent, at, create, scenario } from './hand-written.ts';
import { decidesLike, endsWhatever, isRelease, isStatus, type Mutant, owned, sees, without, withoutVersion } from './mutant.ts';

/** Mistakes in what every history shows: UIDs, versions, order of writes, caches, queues, ends. */
export const BASIC_MUTANTS: readonly Mutant[] = [
  {
    name: 'deletions without the UID',
    scenarioOf: nameUsedAgain,
    breaks: [
      'pods-are-ended-only-for-a-reason',
      'only-own-pods-are-touched',
      'only-finished-tasks-are-cleaned-up',
      'pods-are-disposed-only-where-that-is-wanted',
    ],
    cluster: (cluster) =>
      without(cluster, {
        delete: (address, { uid: _, resourceVersion: __, ...options }, signal) => cluster.delete(address, options, signal),
      }),
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
    name: 'a Pod is ended whatever it has come to since it was judged',
    scenarioOf: endsMeanwhile,
    breaks: ['the-status-says-what-the-pod-did', 'a-log-that-goes-is-accounted-for', 'pods-are-disposed-only-where-that-is-wanted'],
    engine: endsWhatever,
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
    cluster: (cluster) =>
      without(cluster, {
        create: async (object, how, signal) => withoutVersion(await cluster.create(object, how, signal)),
        patch: async (address, patch, how, signal) => withoutVersion(await cluster.patch(address, patch, how, signal)),
      }),
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
];

/** A deletion that is long on its way, and another Task of the same name whose Pod it meets: only where a stop deletes at once. */
function nameUsedAgain(seed: number): Scenario {
  const made = create('t0', { outcome: 'never', stopExitCode: 0 });
  const timed = scenario(
    [0, { type: 'ApplyConfig', spec: { evidence: 'BestEffort' } }],
    [0, agent({ podSpec: { terminationGracePeriodSeconds: 1 } })],
    [100, made],
    [30_000, { type: 'StopTask', at: at('t0') }],
    [30_500, { type: 'Delete', kind: 'Task', at: at('t0'), options: {} }],
    [34_000, made],
  );
  return { ...timed, seed, quietAfterMs: 70_000, rates: { ...NO_FAULTS, late: 0.3 } };
}

/** A stop that is long on its way to a Pod whose agent ends by itself. */
function endsMeanwhile(seed: number): Scenario {
  const timed = scenario(
    [0, { type: 'Webhook', adds: { sidecar: true } }],
    [0, agent()],
    [0, create('t0', { outcome: 'out-of-memory', runForMs: 40_000 })],
    [38_000, { type: 'StopTask', at: at('t0') }],
  );
  return { ...timed, seed, quietAfterMs: 120_000, rates: { ...NO_FAULTS, late: 0.6 } };
}
