import { describe, expect, test } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import type { Task, TaskStatus } from '#core/api/task.ts';
import type { Action } from '#core/contract/decision.ts';
import type { Snapshot } from '#core/contract/snapshot.ts';
import { condition, configured, exited, lookedAt, NOW, pod, read, running, snapshot, task } from '#test/support/builders.ts';
import { decided } from '#test/support/decide.ts';

const WAITS = { phase: 'Pending', agent: { waiting: { reason: 'ContainerCreating' } } } as const;
const FAILED: TaskStatus = {
  phase: 'Failed',
  cause: 'Application',
  podName: 'fix-bug-pod',
  completionTime: '2026-01-01T10:04:00Z',
  attemptCount: 1,
  attempts: [{ number: 1, podName: 'fix-bug-pod', podUID: 'pod-uid', cause: 'Application' }],
};

/** What is written of a Pod to end it; null when nothing is. */
function ending(of: Snapshot): Extract<Action, { type: 'Patch' | 'Delete' }> | null {
  const found = decided(of).actions.find(
    (action) => (action.type === 'Patch' || action.type === 'Delete') && action.ref.kind === 'Pod' && !action.id.startsWith('release/'),
  );
  return found?.type === 'Patch' || found?.type === 'Delete' ? found : null;
}

const stopped = (made: Pod, more: Partial<Task['spec']> = {}): Snapshot =>
  snapshot({ task: task({ stop: true, status: running(), spec: more }), ...lookedAt(made) });
const beside = pod({
  agent: exited(0),
  status: {
    containerStatuses: [
      { name: 'agent', state: exited(0) },
      { name: 'proxy', state: { running: {} } },
    ],
  },
});
const asked: Pod = {
  ...beside,
  metadata: { ...beside.metadata, annotations: { ...beside.metadata.annotations, 'kubeopencode.io/ended-for': 'AgentEnded' } },
};

describe('a Pod that lives is ended only as it was judged: what it has come to since is its own, and its log stays', () => {
  const taskRef = { kind: 'Task', name: 'fix-bug', live: true } as const;
  const podRef = { kind: 'Pod', name: 'fix-bug-pod', live: true } as const;
  const left = task({ status: FAILED });
  test.each<{ name: string; snapshot: Snapshot; type: 'Patch' | 'Delete'; version: string }>([
    { name: 'a stop by a deadline', snapshot: stopped(pod()), type: 'Patch', version: '200' },
    { name: 'a stop of what does not run yet', snapshot: stopped(pod(WAITS)), type: 'Delete', version: '200' },
    {
      name: 'a stop with a grace of its own',
      snapshot: stopped(pod(), { stop: { gracePeriodSeconds: 5 } }),
      type: 'Delete',
      version: '200',
    },
    {
      name: 'a timeout',
      snapshot: snapshot({ task: task({ status: running(), spec: { timeout: '1m' } }), ...lookedAt(pod()) }),
      type: 'Patch',
      version: '200',
    },
    {
      name: 'a stop that was meant before, by what the watch shows',
      snapshot: snapshot({
        task: task({ stop: true, status: running({ conditions: [condition('Stopping', 'True', 'UserStopped', NOW)] }) }),
        pods: [pod({ metadata: { resourceVersion: '201' } })],
      }),
      type: 'Patch',
      version: '201',
    },
    {
      name: 'a container that outlives the agent',
      snapshot: snapshot({ task: task({ status: running() }), pods: [beside] }),
      type: 'Patch',
      version: '200',
    },
    {
      name: 'one that outlives it for too long',
      snapshot: snapshot({ task: task({ status: running() }), pods: [asked], now: '2026-01-01T11:00:00.000Z' }),
      type: 'Delete',
      version: '200',
    },
    {
      name: 'a Pod of a finished Task, as it is at the API server',
      snapshot: snapshot({
        task: left,
        pods: [pod()],
        read: read([taskRef, { found: left }], [podRef, { found: pod({ metadata: { resourceVersion: '205' } }) }]),
      }),
      type: 'Delete',
      version: '205',
    },
  ])('$name', ({ snapshot: of, type, version }) => {
    expect(ending(of)).toMatchObject({ type, uid: 'pod-uid', resourceVersion: version });
  });
  test('a Pod that has no version is ended all the same', () => {
    const { resourceVersion: _, ...metadata } = pod().metadata;
    expect(ending(stopped({ ...pod(), metadata }))).toMatchObject({ type: 'Patch', uid: 'pod-uid' });
    expect(ending(stopped({ ...pod(), metadata }))).not.toHaveProperty('resourceVersion');
  });
});

describe('what has ended stays so, and of a Task that goes nothing is kept: that is deleted whatever it has become', () => {
  const settings = configured({ cleanup: { pod: { failed: 'Delete' } } });
  test.each<{ name: string; snapshot: Snapshot }>([
    {
      name: 'a Pod that its clean-up deletes',
      snapshot: snapshot({
        task: task({ status: { ...FAILED, attempts: [{ ...FAILED.attempts?.[0], number: 1, log: { missing: 'gone' } }] } }),
        pods: [pod({ phase: 'Failed', agent: exited(1) })],
        settings,
      }),
    },
    {
      name: 'a Pod of a Task that is being deleted',
      snapshot: snapshot({ task: task({ status: running(), metadata: { deletionTimestamp: NOW } }), pods: [pod()] }),
    },
  ])('$name', ({ snapshot: of }) => {
    expect(ending(of)).toMatchObject({ type: 'Delete', uid: 'pod-uid' });
    expect(ending(of)).not.toHaveProperty('resourceVersion');
  });
});

test('after a conflict the Pod is judged again: what had ended by itself was not stopped', () => {
  const conflict = { result: 'refused', code: 409, reason: 'Conflict', count: 1, firstAt: NOW, lastAt: NOW } as const;
  const meant = running({ conditions: [condition('Stopping', 'True', 'UserStopped', NOW)] });
  const ended = pod({ phase: 'Failed', agent: exited(3), metadata: { resourceVersion: '202' } });
  const decision = decided(
    snapshot({ task: task({ stop: true, status: meant }), pods: [ended], outcomes: [{ actionId: 'end/pod-uid', ...conflict }] }),
  );
  expect(decision.actions[0]).toMatchObject({ patch: { status: { phase: 'Failed', cause: 'Application' } } });
  const lives = pod({ metadata: { resourceVersion: '202' } });
  const again = decided(
    snapshot({ task: task({ stop: true, status: meant }), pods: [lives], outcomes: [{ actionId: 'end/pod-uid', ...conflict }] }),
  );
  expect(again.actions).toContainEqual(expect.objectContaining({ id: 'end/pod-uid', resourceVersion: '202' }));
});
