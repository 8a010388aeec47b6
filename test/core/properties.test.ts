import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Agent } from '#core/api/agent.ts';
import type { Task } from '#core/api/task.ts';
import type { Snapshot } from '#core/contract/snapshot.ts';
import { decide } from '#core/decide.ts';
import { applied } from '#test/support/applied.ts';
import { agent, agentTask, condition, exited, found, type PodOptions, pod, running, snapshot, task } from '#test/support/builders.ts';

/** Snapshots of every stage of a Task's life. */
const pods: readonly PodOptions[] = [
  { phase: 'Pending', agent: {} },
  {},
  { phase: 'Succeeded', agent: exited(0) },
  { phase: 'Failed', agent: exited(137, { reason: 'OOMKilled' }) },
  { metadata: { deletionTimestamp: '2026-01-01T10:05:20Z', deletionGracePeriodSeconds: 30 } },
  { phase: 'Failed', agent: exited(0), status: { reason: 'DeadlineExceeded' }, annotations: { 'kubeopencode.io/ended-for': 'Stopped' } },
];
const statuses: readonly (Task['status'] | undefined)[] = [
  undefined,
  { phase: 'Pending', conditions: [condition('Ready', 'False', 'AgentError', '2026-01-01T10:04:30Z')] },
  { phase: 'Queued', conditions: [condition('Queued', 'True', 'AgentAtCapacity')] },
  running(),
  running({ conditions: [condition('Stopping', 'True', 'UserStopped', '2026-01-01T10:04:00Z')] }),
  { phase: 'Completed', completionTime: '2026-01-01T10:04:00Z', podName: 'fix-bug-pod' },
];

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
  })
  .map((stage) => {
    const options = {
      stop: stage.stop,
      ...(stage.status === undefined ? {} : { status: stage.status }),
      spec: { ...(stage.timeout === undefined ? {} : { timeout: stage.timeout }) },
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
    });
  });

const isFinal = (phase: string | undefined): boolean => phase === 'Completed' || phase === 'Failed';

describe('every stage', () => {
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

  test('no Pod is made while one is there, and none for a Task that says it has one', () => {
    fc.assert(
      fc.property(stages, (stage) => {
        const decision = decide(stage);
        if (decision.type !== 'Decided') return;
        const creates = decision.actions.filter((action) => action.type === 'Create' && action.object.kind === 'Pod');
        expect(creates.length).toBeLessThan(2);
        if (stage.pods.length > 0 || stage.task?.status?.podName !== undefined) expect(creates).toEqual([]);
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
