import { ANNOTATIONS, LABELS } from '#core/contract/names.ts';
import { parseDuration } from '#core/units/duration.ts';
import type { Scenario } from '#host/simulation/scenario.ts';
import { agent, agentNamed, at, create, scenario } from './hand-written.ts';
import {
  anyone,
  blindly,
  decidesLike,
  isConfirmation,
  isRelease,
  type Mutant,
  owned,
  sees,
  statusOf,
  without,
  withoutSidecars,
} from './mutant.ts';

/** Mistakes that show only where others are at work too: other hosts, wrong clocks, webhooks, servers of Agents, hands. */
export const MEDDLED_MUTANTS: readonly Mutant[] = [
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
    scenarioOf: clockBehind,
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
    scenarioOf: agentChangedMeanwhile,
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

/** Somebody names another Agent while the Pod is made for the first, or right after. */
function agentChangedMeanwhile(seed: number): Scenario {
  const timed = scenario(
    [0, agent()],
    [0, agentNamed('writer')],
    [100, create('t0', {})],
    [100 + (seed % 20), { type: 'PatchTask', at: at('t0'), spec: { agentRef: { name: 'writer' } } }],
  );
  return { ...timed, seed };
}

/** A host that nobody tells the API server's time. */
function clockBehind(seed: number): Scenario {
  return { ...scenario([0, agent()], [50, { type: 'JumpClock', byMs: -60_000 }], [100, create('t0', {})]), seed, isUndated: true };
}
