import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Agent } from '#core/api/agent.ts';
import type { Task, TaskSpec } from '#core/api/task.ts';
import type { Outcome, Snapshot } from '#core/contract/snapshot.ts';
import { decide } from '#core/decide.ts';
import { applied } from '#test/support/applied.ts';
import { between, FIRST_ATTEMPT } from '#test/support/attempts.ts';
import {
  agent,
  agentTask,
  CREATED,
  condition,
  configured,
  exited,
  found,
  NOW,
  type PodOptions,
  pod,
  running,
  snapshot,
  task,
} from '#test/support/builders.ts';

/** Snapshots of every stage of a Task's life. */
const pods: readonly PodOptions[] = [
  { phase: 'Pending', agent: {} },
  {},
  { phase: 'Succeeded', agent: exited(0) },
  { phase: 'Failed', agent: exited(137, { reason: 'OOMKilled' }) },
  { metadata: { deletionTimestamp: '2026-01-01T10:05:20Z', deletionGracePeriodSeconds: 30 } },
  { phase: 'Failed', agent: exited(0), status: { reason: 'DeadlineExceeded' }, annotations: { 'kubeopencode.io/ended-for': 'Stopped' } },
  { phase: 'Pending', agent: { waiting: { reason: 'ErrImagePull', message: 'denied' } }, status: { startTime: CREATED } },
  {
    phase: 'Failed',
    agent: exited(1),
    metadata: { deletionTimestamp: '2026-01-01T10:04:58Z', deletionGracePeriodSeconds: 0, generation: 2 },
  },
];
const statuses: readonly (Task['status'] | undefined)[] = [
  undefined,
  { phase: 'Pending', conditions: [condition('Ready', 'False', 'AgentError', '2026-01-01T10:04:30Z')] },
  { phase: 'Queued', conditions: [condition('Queued', 'True', 'AgentAtCapacity')] },
  running(),
  running({ conditions: [condition('Stopping', 'True', 'UserStopped', '2026-01-01T10:04:00Z')] }),
  running({ conditions: [condition('Stopping', 'True', 'ImagePull', '2026-01-01T10:04:00Z')] }),
  running({ attempts: [{ ...FIRST_ATTEMPT, podUID: 'gone' }], attemptCount: 2 }),
  between(),
  between({ nextAttemptTime: '2026-01-01T10:06:00.000Z' }),
  { phase: 'Completed', completionTime: '2026-01-01T10:04:00Z', podName: 'fix-bug-pod' },
  { phase: 'Failed', completionTime: '2026-01-01T10:04:00Z', podName: 'fix-bug-pod', cause: 'Application', attempts: [FIRST_ATTEMPT] },
];

const READ: Outcome = {
  actionId: 'log/pod-uid',
  result: 'ok',
  answer: '{"bytes":1,"truncated":false}',
  count: 1,
  firstAt: NOW,
  lastAt: NOW,
};

const stages: fc.Arbitrary<Snapshot> = fc
  .record({
    status: fc.constantFrom(...statuses),
    pod: fc.constantFrom(undefined, ...pods),
    byAgent: fc.boolean(),
    stop: fc.boolean(),
    timeout: fc.constantFrom(undefined, '1m', '1h', '1 hour'),
    granted: fc.constantFrom(undefined, false, true),
    limit: fc.constantFrom(undefined, 1),
    deleting: fc.boolean(),
    absent: fc.boolean(),
    spec: fc.constantFrom<Partial<TaskSpec>>(
      {},
      { retry: { limit: 1, causes: { Timeout: 1 } } },
      { pendingTimeouts: { imagePull: '1m' }, cleanup: { pod: { failed: 'Delete', completed: 'Delete', delaySeconds: 90 } } },
    ),
    evidence: fc.constantFrom('Finalizer' as const, 'BestEffort' as const),
    // Answered, the end of a log no longer stands in the way of what comes after.
    isRead: fc.boolean(),
  })
  .map((stage) => {
    const options = {
      stop: stage.stop,
      ...(stage.status === undefined ? {} : { status: stage.status }),
      spec: { ...stage.spec, ...(stage.timeout === undefined ? {} : { timeout: stage.timeout }) },
      ...(stage.deleting ? { metadata: { deletionTimestamp: '2026-01-01T10:04:59Z' } } : {}),
    };
    const made = stage.byAgent ? agentTask(options) : task(options);
    return snapshot({
      task: made,
      pods: stage.pod === undefined ? [] : [pod(stage.pod)],
      read: {
        ...found(stage.byAgent ? { agent: agent(stage.limit === undefined ? {} : { maxConcurrentTasks: stage.limit }) } : undefined),
        ...(stage.absent ? { 'Pod/team-a/fix-bug-pod?live': { absent: true as const } } : {}),
      },
      ...(stage.granted === undefined ? {} : { granted: stage.granted }),
      settings: configured({ evidence: stage.evidence }),
      outcomes: stage.isRead ? [READ] : [],
    });
  });

const isFinal = (phase: string | undefined): boolean => phase === 'Completed' || phase === 'Failed';

describe('every stage', () => {
  test('is decided the same way each time', () => {
    fc.assert(
      fc.property(stages, (stage) => {
        expect(JSON.stringify(decide(structuredClone(stage)))).toBe(JSON.stringify(decide(stage)));
      }),
      { numRuns: 2_000 },
    );
  });

  test('that has nothing to do wakes in the future, or waits for what it asked for', () => {
    fc.assert(
      fc.property(stages, (stage) => {
        const decision = decide(stage);
        if (decision.type !== 'Decided' || decision.wakeAt === undefined) return;
        if (decision.actions.length === 0) expect(Date.parse(decision.wakeAt)).toBeGreaterThan(Date.parse(stage.now));
      }),
      { numRuns: 4_000 },
    );
  });

  test('a status that was written is not written again', () => {
    fc.assert(
      fc.property(stages, (stage) => {
        const next = applied(stage, decide(stage));
        // The next decision may belong to the next stage (finished: clean-up), but it never repeats a status that stands.
        const again = applied(next, decide(next));
        expect(decide(again)).toEqual(decide(applied(again, decide(again))));
        const third = decide(again);
        if (third.type === 'Decided')
          expect(third.actions.filter((action) => action.type === 'Patch' && action.subresource === 'status')).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });

  test('an end never changes', () => {
    fc.assert(
      fc.property(stages, fc.constantFrom(undefined, ...pods), (stage, later) => {
        const next = applied(stage, decide(stage));
        if (!isFinal(next.task?.status?.phase)) return;
        const after = applied(
          { ...next, pods: later === undefined ? [] : [pod(later)] },
          decide({ ...next, pods: later === undefined ? [] : [pod(later)] }),
        );
        expect(after.task?.status).toEqual(next.task?.status);
      }),
      { numRuns: 2_000 },
    );
  });

  test('no Pod is made while one lives, none for a Task that says it runs one, and none under a name that was used', () => {
    fc.assert(
      fc.property(stages, (stage) => {
        const decision = decide(stage);
        if (decision.type !== 'Decided') return;
        const creates = decision.actions.filter((action) => action.type === 'Create' && action.object.kind === 'Pod');
        expect(creates.length).toBeLessThan(2);
        const isLive = stage.pods.some(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
        const { phase, podName, attempts = [] } = stage.task?.status ?? {};
        if (isLive || (phase === 'Running' && podName !== undefined)) expect(creates).toEqual([]);
        const used = [podName, ...attempts.map((attempt) => attempt.podName), ...stage.pods.map(({ metadata }) => metadata.name)];
        for (const action of creates) expect(used).not.toContain(action.type === 'Create' ? action.object.metadata.name : '');
      }),
      { numRuns: 2_000 },
    );
  });

  test('every patch and delete names a UID, action ids are unique, a place is held only with a Pod', () => {
    fc.assert(
      fc.property(stages, (stage) => {
        const decision = decide(stage);
        if (decision.type !== 'Decided') return;
        for (const action of decision.actions) if (action.type === 'Patch' || action.type === 'Delete') expect(action.uid).not.toBe('');
        const ids = decision.actions.map((action) => action.id);
        expect(new Set(ids).size).toBe(ids.length);
        const creates = decision.actions.some((action) => action.type === 'Create' && action.object.kind === 'Pod');
        if (decision.queue?.state === 'Holds')
          expect(creates || stage.pods.length > 0 || stage.task?.status?.phase === 'Running').toBe(true);
        expect(decision.reasons.length).toBeGreaterThan(0);
      }),
      { numRuns: 2_000 },
    );
  });
});

/** Puts any JSON value at any path of an object. */
function withJunk(value: unknown, path: readonly number[], junk: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined || typeof value !== 'object' || value === null) return junk;
  const keys = Object.keys(value);
  const key = keys[step % Math.max(1, keys.length)];
  if (key === undefined) return junk;
  const inner = withJunk((value as Record<string, unknown>)[key], rest, junk);
  return Array.isArray(value) ? value.map((entry, index) => (String(index) === key ? inner : entry)) : { ...value, [key]: inner };
}

describe('objects that an older CRD, a webhook or a person has bent', () => {
  const path = fc.array(fc.nat(20), { minLength: 1, maxLength: 5 });
  test('a Task with junk in spec or status costs a decision, never a crash', () => {
    fc.assert(
      fc.property(stages, path, fc.jsonValue(), fc.constantFrom('spec', 'status'), (stage, where, junk, part) => {
        if (stage.task === null) return;
        const bent = { ...stage.task, [part]: withJunk(stage.task[part], where, junk) } as Task;
        expect(['Decided', 'Reads']).toContain(decide({ ...stage, task: bent }).type);
      }),
      { numRuns: 5_000 },
    );
  });
  test('so does an Agent', () => {
    const granted = fc.constantFrom(undefined, true, false);
    fc.assert(
      fc.property(granted, path, fc.jsonValue(), fc.constantFrom('spec', 'status'), (given, where, junk, part) => {
        const made = agent(
          { maxConcurrentTasks: 1, quota: { maxTaskStarts: 1, windowSeconds: 60 }, taskDefaults: { timeout: '1h' } },
          { taskStartHistory: [{ taskName: 'a', taskNamespace: 'team-a', startTime: '2026-01-01T10:04:30Z' }] },
        );
        const bent = { ...made, [part]: withJunk(made[part], where, junk) } as Agent;
        const stage = snapshot({ task: agentTask(), read: found({ agent: bent }), ...(given === undefined ? {} : { granted: given }) });
        expect(['Decided', 'Reads']).toContain(decide(stage).type);
      }),
      { numRuns: 5_000 },
    );
  });
  // A Pod's shape is the API server's own: junk can't be stored there.
});
