import { describe, expect, test } from 'vitest';
import type { ConfigMap, Pod } from '#core/api/kubernetes.ts';
import type { Decided } from '#core/contract/decision.ts';
import type { Outcome, Snapshot } from '#core/contract/snapshot.ts';
import {
  agent,
  agentTask,
  CREATED,
  condition,
  exited,
  found,
  lookedAt,
  NAMESPACE,
  NOW,
  pod,
  read,
  running,
  snapshot,
  task,
  template,
} from '#test/support/builders.ts';
import { decide, decided, statusPatch, summary } from '#test/support/decide.ts';

/**
 * Faults of upstream's controller that concern a Task, by their numbers in the comparison with it, each as it is here. Those of the Pod alone are in `test/pod/upstream-bugs.test.ts`
 * too; those that show only when a host runs are in `test/host/controller/upstream-faults.test.ts`.
 */
const POD = { kind: 'Pod', name: 'fix-bug-pod', live: true } as const;
const GONE = read([POD, { absent: true }]);
const ATTACHED = { 'kubeopencode.io/started-with': '{"agent":"coder","serverUrl":"http://coder:4096"}' };
const limited = agent({ maxConcurrentTasks: 1 });

const refused = (code: number, reason: string, message: string): Pick<Snapshot, 'outcomes'> => ({
  outcomes: [{ actionId: 'pod/1', result: 'refused', code, reason, message, count: 1, firstAt: NOW, lastAt: NOW }],
});
const start = (taskName: string, startTime: string) => ({ taskName, taskNamespace: NAMESPACE, startTime });

function created<T>(decision: Decided, kind: 'Pod' | 'ConfigMap'): T {
  const action = decision.actions.find((one) => one.type === 'Create' && one.object.kind === kind);
  if (action?.type !== 'Create') throw new Error(`expected a ${kind} to be created, came ${summary(decision.actions).join(', ')}`);
  return action.object as T;
}

function conditionOf(decision: Decided, type: string): unknown {
  const conditions = statusPatch(decision)?.conditions;
  return Array.isArray(conditions) ? conditions.find((entry: { readonly type: string }) => entry.type === type) : undefined;
}

describe('1: a Pod that has vanished leaves its Task Running for ever', () => {
  test('the Task fails, once a look at the API server itself has shown that the Pod is not there', () => {
    expect(decide(snapshot({ task: task({ status: running() }) }))).toMatchObject({ type: 'Reads', refs: [{ kind: 'Pod', live: true }] });
    expect(statusPatch(decided(snapshot({ task: task({ status: running() }), read: GONE })))).toMatchObject({
      phase: 'Failed',
      cause: 'PodDeleted',
    });
  });
});

describe('2: an Agent, template or ConfigMap that the cache does not show yet fails the Task for good', () => {
  test.each([
    { what: 'Agent', made: agentTask(), there: read([{ kind: 'Agent', name: 'coder' }, { absent: true }]) },
    { what: 'AgentTemplate', made: task(), there: read([{ kind: 'AgentTemplate', name: 'coder' }, { absent: true }]) },
    {
      what: 'ConfigMap',
      made: task({ spec: { contexts: [{ type: 'ConfigMap', configMap: { name: 'notes' } }] } }),
      there: { ...found(), ...read([{ kind: 'ConfigMap', name: 'notes' }, { absent: true }]) },
    },
  ])('a missing $what is waited for', ({ made, there }) => {
    const decision = decided(snapshot({ task: made, read: there }));
    expect(statusPatch(decision)).toMatchObject({ phase: 'Pending', message: expect.stringContaining('not found') });
    expect(decision.wakeAt).toBeDefined();
  });
});

describe('3: any refusal of the Pod or its ConfigMap is final', () => {
  test.each([
    { code: 403, reason: 'Forbidden', message: 'exceeded quota: pods' },
    { code: 500, reason: 'InternalError', message: 'failed calling webhook: deadline exceeded' },
    { code: 429, reason: 'TooManyRequests', message: 'slow down' },
  ])('$code $message: waits, and says why', ({ code, reason, message }) => {
    const decision = decided(snapshot({ read: { ...found(), ...GONE }, ...refused(code, reason, message) }));
    expect(statusPatch(decision)).toMatchObject({ phase: 'Pending', message: expect.stringContaining(message) });
    expect(decision.wakeAt).toBeDefined();
  });
});

describe('4: a Pod of the name is taken for the Task’s own, and an old ConfigMap for its files', () => {
  test('a Pod of another owner is waited for, with the reason', () => {
    const [owner] = pod().metadata.ownerReferences ?? [];
    const old = pod({ metadata: { ownerReferences: owner === undefined ? [] : [{ ...owner, uid: 'an-earlier-task' }] } });
    const decision = decided(
      snapshot({ read: { ...found(), ...read([POD, { found: old }]) }, ...refused(409, 'AlreadyExists', 'exists') }),
    );
    expect(conditionOf(decision, 'Ready')).toMatchObject({ status: 'False', reason: 'NameConflict' });
    expect(summary(decision.actions)).toEqual(['Patch Task/status fix-bug']);
  });
});

describe('5: a Task that says Running and has no Pod can fall back into the queue', () => {
  test('it starts, and holds its place', () => {
    const decision = decided(
      snapshot({ task: agentTask({ status: { phase: 'Running', startTime: CREATED } }), read: { ...found({ agent: limited }), ...GONE } }),
    );
    expect(summary(decision.actions)).toContain('Create Pod fix-bug-pod');
    expect(decision.queue).toEqual({ state: 'Holds', key: 'team-a/coder' });
  });
});

describe('6: a stop or a timeout ends the Task before its Pod, gives its place away, and loses its log; the server’s session goes on', () => {
  test.each([
    { name: 'stop', made: agentTask({ stop: true, status: running({ agentRef: { name: 'coder' } }) }) },
    { name: 'timeout', made: agentTask({ spec: { timeout: '1m' }, status: running({ agentRef: { name: 'coder' } }) }) },
  ])('$name: the containers end first, the place is held, the session is aborted', ({ made }) => {
    const decision = decided(snapshot({ task: made, ...lookedAt(pod({ annotations: ATTACHED })) }));
    expect(statusPatch(decision)).not.toHaveProperty('phase', 'Completed');
    expect(statusPatch(decision)?.completionTime).toBeUndefined();
    expect(conditionOf(decision, 'Stopping')).toMatchObject({ status: 'True' });
    expect(decision.queue).toEqual({ state: 'Holds', key: 'team-a/coder' });
    expect(summary(decision.actions)).toContain('Effect SessionAbort');
    // By a deadline: a deletion would take the log with it.
    expect(summary(decision.actions)).not.toContain('Delete Pod fix-bug-pod');
  });
});

describe('7: a Task that is deleted leaves its session running, and its place and its start are forgotten at once', () => {
  const deleting = agentTask({
    metadata: { deletionTimestamp: NOW, finalizers: ['example.com/held'] },
    status: running({ agentRef: { name: 'coder' } }),
  });
  test('its session is aborted, and it holds its place while containers run', () => {
    const decision = decided(snapshot({ task: deleting, pods: [pod({ annotations: ATTACHED })] }));
    expect(summary(decision.actions)).toEqual(expect.arrayContaining(['Effect SessionAbort', 'Delete Pod fix-bug-pod']));
    expect(decision.queue).toEqual({ state: 'Holds', key: 'team-a/coder' });
  });
  test('a start counts in the window whether its Task is still there or not', () => {
    const used = agent(
      { quota: { maxTaskStarts: 1, windowSeconds: 600 } },
      { taskStartHistory: [start('deleted', '2026-01-01T10:01:00Z')] },
    );
    const decision = decided(snapshot({ task: agentTask(), granted: true, read: found({ agent: used }) }));
    expect(decision.queue).toMatchObject({ state: 'Wants', notBefore: '2026-01-01T10:11:00.000Z' });
  });
});

describe('8: a Task that is stopped before its first start gets a Pod all the same, which is killed then', () => {
  test('none is made', () => {
    const decision = decided(snapshot({ task: task({ stop: true }), read: { ...found(), ...GONE } }));
    expect(summary(decision.actions)).toEqual(['Patch Task/status fix-bug', 'Event Stopped']);
    expect(statusPatch(decision)).toMatchObject({ phase: 'Completed', cause: 'Stopped' });
  });
});

describe('9: nothing in the status says what keeps a Pod from running, or why it failed', () => {
  test.each([
    {
      what: 'an image',
      made: pod({ phase: 'Pending', agent: { waiting: { reason: 'ErrImagePull', message: 'manifest unknown' } } }),
      cause: 'Image',
    },
    {
      what: 'the scheduler',
      made: pod({
        phase: 'Pending',
        spec: { nodeName: '' },
        status: {
          containerStatuses: [],
          conditions: [
            { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available: 3 Insufficient memory.' },
          ],
        },
      }),
      cause: 'Unschedulable',
    },
  ])('$what: the condition PodBlocked, cause and message at once', ({ made, cause }) => {
    const decision = decided(snapshot({ task: task({ status: running() }), pods: [made] }));
    expect(statusPatch(decision)).toMatchObject({ cause, message: expect.stringMatching(/manifest unknown|Insufficient memory/) });
    expect(conditionOf(decision, 'PodBlocked')).toMatchObject({ status: 'True' });
  });
  test('an init container that failed, in the status and not in an Event alone', () => {
    const failed = pod({
      phase: 'Failed',
      agent: { waiting: { reason: 'PodInitializing' } },
      status: { initContainerStatuses: [{ name: 'git-init-0', state: exited(128, { message: 'repository not found' }) }] },
    });
    const patch = statusPatch(decided(snapshot({ task: task({ status: running() }), pods: [failed] })));
    expect(patch).toMatchObject({ cause: 'InitContainer', message: expect.stringMatching(/git-init-0.*repository not found/) });
    expect(patch?.conditions).toContainEqual(expect.objectContaining({ type: 'Finished', reason: 'Failed', message: patch?.message }));
  });
});

describe('10: a quota of the Agent’s template is not kept, a crash counts a start twice, and a place hangs on a label', () => {
  const quota = { maxTaskStarts: 1, windowSeconds: 600 };
  test('the template’s quota counts', () => {
    const inheriting = agent({ templateRef: { name: 'coder' } }, { taskStartHistory: [start('a', '2026-01-01T10:01:00Z')] });
    const decision = decided(
      snapshot({ task: agentTask(), granted: true, read: found({ agent: inheriting, template: template({ quota }) }) }),
    );
    expect(statusPatch(decision)).toMatchObject({ phase: 'Queued', message: expect.stringContaining('quota') });
  });
  test('a start that was recorded before a crash is not recorded again', () => {
    const mine = agent({ quota }, { taskStartHistory: [start('fix-bug', '2026-01-01T10:02:00Z')] });
    const lines = summary(decided(snapshot({ task: agentTask(), granted: true, read: found({ agent: mine }) })).actions);
    expect(lines).toContain('Create Pod fix-bug-pod');
    expect(lines).not.toContain('RecordStart coder');
  });
  test('a Task without a label holds its place', () => {
    const decision = decided(
      snapshot({ task: agentTask({ status: running({ agentRef: { name: 'coder' } }), metadata: { labels: {} } }), pods: [pod()] }),
    );
    expect(decision.queue).toEqual({ state: 'Holds', key: 'team-a/coder' });
  });
});

describe('11: the queue has no order, says a reason that is over, and repeats its Event', () => {
  const queued = (reason: string, message: string) => ({
    phase: 'Queued' as const,
    agentRef: { name: 'coder' },
    observedGeneration: 1,
    message,
    times: { queued: NOW },
    conditions: [condition('Queued', 'True', reason, NOW, message)],
  });
  const orderOf = (name: string, creationTimestamp: string, priority = 0): string => {
    const made = agentTask({ name, spec: { priority }, metadata: { creationTimestamp } });
    const { queue } = decided(snapshot({ task: made, read: found({ agent: limited }) }));
    return queue?.state === 'Wants' ? queue.order : '';
  };
  test('who came first goes first; priority outweighs a bounded wait', () => {
    expect(orderOf('z', '2026-01-01T10:00:00Z') < orderOf('a', '2026-01-01T10:00:01Z')).toBe(true);
    expect(orderOf('z', '2026-01-01T10:09:00Z', 1) < orderOf('a', '2026-01-01T10:00:00Z')).toBe(true);
    expect(orderOf('z', '2026-01-01T10:11:00Z', 1) < orderOf('a', '2026-01-01T10:00:00Z')).toBe(false);
  });
  test('another reason takes the place of the one that is over', () => {
    const status = queued('AgentSuspended', 'Agent "coder" is suspended');
    const decision = decided(snapshot({ task: agentTask({ status }), granted: false, read: found({ agent: limited }) }));
    expect(conditionOf(decision, 'Queued')).toMatchObject({ status: 'True', reason: 'AgentAtCapacity' });
  });
  test('while nothing changes nothing is written and no Event is made', () => {
    const status = queued('AgentAtCapacity', 'Waiting for agent "coder" capacity (max: 1)');
    expect(decided(snapshot({ task: agentTask({ status }), granted: false, read: found({ agent: limited }) })).actions).toEqual([]);
  });
});

describe('12: with a workspace other than /workspace the prompt is lost', () => {
  test('it is mapped to where the agent looks', () => {
    const decision = decided(snapshot({ read: found({ template: template({ workspaceDir: '/home/agent' }) }) }));
    expect(created<ConfigMap>(decision, 'ConfigMap').data).toMatchObject({ 'home-agent-task.md': 'Fix the bug' });
    expect(JSON.stringify(created<Pod>(decision, 'Pod'))).toContain('/home/agent/task.md');
  });
});

describe('13: contexts promise what they do not do: URLs, commits, whole histories', () => {
  test('a commit and a whole history are checked out by the Pod itself', () => {
    const contexts = [
      { type: 'Git' as const, mountPath: 'src', git: { repository: 'https://example.com/x.git', ref: 'a'.repeat(40), depth: 0 } },
    ];
    const made = created<Pod>(decided(snapshot({ task: task({ spec: { contexts } }), read: found() })), 'Pod');
    const container = made.spec.initContainers?.find(({ name }) => name === 'git-init-0');
    expect(container?.command).not.toEqual(['/kubeopencode', 'git-init']);
    expect(JSON.stringify(container)).toContain('a'.repeat(40));
  });
  test('a URL is refused with the reason, and by cause', () => {
    const contexts = [{ type: 'URL' as const, url: { source: 'https://example.com/x' } }];
    const decision = decided(snapshot({ task: task({ spec: { contexts } }), read: { ...found(), ...GONE } }));
    expect(statusPatch(decision)).toMatchObject({ cause: 'Context', message: expect.stringContaining('URL') });
    expect(summary(decision.actions)).not.toContain('Create Pod fix-bug-pod');
  });
});

describe('14: contexts of a Task with an Agent do not reach the agent', () => {
  test('the Pod that does the work has them', () => {
    const contexts = [{ type: 'Text' as const, text: 'speak softly', mountPath: 'notes.md' }];
    const decision = decided(snapshot({ task: agentTask({ spec: { contexts } }), granted: true, read: found({ agent: agent() }) }));
    expect(Object.values(created<ConfigMap>(decision, 'ConfigMap').data ?? {})).toContain('speak softly');
    expect(JSON.stringify(created<Pod>(decision, 'Pod'))).toContain('/workspace/notes.md');
  });
});

describe('16: names over 63 characters, contents over 1 MiB and prompts over 128 KiB do not work', () => {
  test('a long name is cut where Kubernetes wants it short, and two do not become one', () => {
    const podOf = (name: string): Pod => created<Pod>(decided(snapshot({ task: task({ name }), read: found() })), 'Pod');
    const [one, other] = [podOf(`${'x'.repeat(252)}1`), podOf(`${'x'.repeat(252)}2`)];
    for (const { metadata } of [one, other]) {
      for (const value of Object.values(metadata.labels ?? {})) expect(value.length).toBeLessThanOrEqual(63);
      expect(metadata.name.length).toBeLessThanOrEqual(63);
    }
    expect(one.metadata.name).not.toBe(other.metadata.name);
  });
  test('more than a ConfigMap holds is said so, and never sent', () => {
    const decision = decided(snapshot({ task: task({ spec: { description: 'x'.repeat(1_100_000) } }), read: { ...found(), ...GONE } }));
    expect(statusPatch(decision)).toMatchObject({ cause: 'Context' });
    expect(summary(decision.actions)).not.toContain('Create Pod fix-bug-pod');
  });
  test('a prompt of 300 KiB is no argument of a process', () => {
    const decision = decided(snapshot({ task: task({ spec: { description: 'y'.repeat(300_000) } }), read: found() }));
    expect(JSON.stringify(created<Pod>(decision, 'Pod')).length).toBeLessThan(20_000);
    expect(Object.values(created<ConfigMap>(decision, 'ConfigMap').data ?? {})).toContain('y'.repeat(300_000));
  });
});

describe('20: observedGeneration is left behind, and Completed may mean success, stop or timeout', () => {
  test('each write says the generation that it is of, in status and conditions', () => {
    const changed = { metadata: { generation: 3 } };
    const writes = [
      decided(snapshot({ task: agentTask(changed), granted: false, read: found({ agent: limited }) })),
      decided(
        snapshot({
          task: agentTask({ ...changed, status: { phase: 'Queued', conditions: [condition('Queued', 'True', 'AgentAtCapacity')] } }),
          pods: [pod()],
        }),
      ),
      decided(snapshot({ task: task({ ...changed, status: running() }), pods: [pod({ phase: 'Succeeded', agent: exited(0) })] })),
    ];
    for (const write of writes) {
      expect(statusPatch(write)?.observedGeneration).toBe(3);
      expect(statusPatch(write)?.conditions).toContainEqual(expect.objectContaining({ observedGeneration: 3 }));
    }
    // It left the queue: that is said of this generation too.
    expect(conditionOf(writes[1] as Decided, 'Queued')).toMatchObject({ status: 'False', observedGeneration: 3 });
  });
  test('a change that changes nothing else is observed all the same', () => {
    const status = running({ templateRef: { name: 'coder' }, times: { podCreated: CREATED } });
    expect(statusPatch(decided(snapshot({ task: task({ status, metadata: { generation: 2 } }), pods: [pod()] })))).toEqual({
      observedGeneration: 2,
    });
  });
  test.each([
    { how: 'success', status: running(), ended: pod({ phase: 'Succeeded', agent: exited(0) }), cause: undefined, reason: 'Completed' },
    {
      how: 'stop',
      status: running({ conditions: [condition('Stopping', 'True', 'UserStopped')] }),
      ended: pod({ phase: 'Failed', status: { reason: 'DeadlineExceeded' }, annotations: { 'kubeopencode.io/ended-for': 'Stopped' } }),
      cause: 'Stopped',
      reason: 'Stopped',
    },
    {
      how: 'timeout',
      status: running({ conditions: [condition('Stopping', 'True', 'Timeout')] }),
      ended: pod({ phase: 'Failed', status: { reason: 'DeadlineExceeded' }, annotations: { 'kubeopencode.io/ended-for': 'Timeout' } }),
      cause: 'Timeout',
      reason: 'Timeout',
    },
  ])('Completed by $how is told from the others by cause and Finished', ({ status, ended, cause, reason }) => {
    const log: Outcome = {
      actionId: 'log/pod-uid',
      result: 'ok',
      answer: '{"bytes":1,"truncated":false}',
      count: 1,
      firstAt: NOW,
      lastAt: NOW,
    };
    const decision = decided(snapshot({ task: task({ status }), pods: [ended], outcomes: [log] }));
    expect(statusPatch(decision)).toMatchObject({ phase: 'Completed' });
    expect(statusPatch(decision)?.cause ?? undefined).toBe(cause);
    expect(conditionOf(decision, 'Finished')).toMatchObject({ status: 'True', reason });
  });
});
