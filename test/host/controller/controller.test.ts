import { describe, expect, test } from 'vitest';
import type { Agent } from '#core/api/agent.ts';
import type { Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import type { Action, Decision } from '#core/contract/decision.ts';
import { MAX_PASSES } from '#core/contract/decision.ts';
import type { Ref, Snapshot } from '#core/contract/snapshot.ts';
import { refKey } from '#core/contract/snapshot.ts';
import { sleep } from '#host/clock.ts';
import { agentTask, NAMESPACE, pod, task } from '#test/support/builders.ts';
import { newObject } from '#test/support/new-object.ts';
import { decided, scriptedEngine } from '#test/support/scripted-engine.ts';
import { type VirtualHost, virtualHost } from '#test/support/virtual-host.ts';

const newTask = (name: string, more: Parameters<typeof task>[0] = {}) => newObject('Task', task({ name, ...more }));
const taskOf = (host: VirtualHost, name: string): Task | undefined => host.get<Task>('Task', NAMESPACE, name);
const conditionOf = (host: VirtualHost, name: string, type: string) =>
  taskOf(host, name)?.status?.conditions?.find((condition) => condition.type === type);

function podOf({ subject }: Snapshot, name = `${subject.name}-pod`): Pod {
  const owner = { apiVersion: 'kubeopencode.io/v1alpha1', kind: 'Task', name: subject.name, uid: subject.uid, controller: true };
  return pod({
    metadata: { name, labels: { 'kubeopencode.io/task-uid': subject.uid }, ownerReferences: [owner] },
    spec: { containers: [{ name: 'agent', image: 'agent:1' }] },
  });
}

const createPod = (snapshot: Snapshot): Action => ({ type: 'Create', id: 'pod/1', object: newObject('Pod', podOf(snapshot)) });

const setPhase = ({ subject, task: present }: Snapshot, phase: string, id = 'status'): Action => ({
  type: 'Patch',
  id,
  ref: { kind: 'Task', namespace: subject.namespace, name: subject.name },
  uid: subject.uid,
  ...(present?.metadata.resourceVersion === undefined ? {} : { resourceVersion: present.metadata.resourceVersion }),
  patchType: 'merge',
  subresource: 'status',
  patch: { status: { phase } },
});

describe('an engine that fails on one Task', () => {
  const failing = (cause: 'OutOfFuel' | 'Trap', until: () => boolean) =>
    scriptedEngine((snapshot) => {
      if (snapshot.subject.name === 'bad' && !until()) return { type: 'EngineError', cause, message: 'it loops', log: '' };
      return snapshot.task?.status?.phase === undefined ? decided({ actions: [setPhase(snapshot, 'Running')] }) : decided();
    });

  test('costs that Task a condition, which is written once and taken back; the others go on', async () => {
    let isMended = false;
    const host = virtualHost({ engine: failing('OutOfFuel', () => isMended) });
    await host.start();
    host.put(newTask('bad', { status: { conditions: [] } }));
    host.put(newTask('good'));
    await host.clock.advance(60_000);
    expect(conditionOf(host, 'bad', 'EngineError')).toMatchObject({ status: 'True', reason: 'OutOfFuel' });
    expect(taskOf(host, 'good')?.status?.phase).toBe('Running');
    expect(host.count('patch', 'Task')).toBe(2);
    // With backoff: 5 ms doubled is 14 tries in a minute, not thousands.
    expect(host.decisions.filter(({ subject }) => subject.name === 'bad').length).toBeLessThan(20);
    isMended = true;
    await host.clock.advance(60_000);
    expect(conditionOf(host, 'bad', 'EngineError')).toMatchObject({ status: 'False', reason: 'Recovered' });
    expect(taskOf(host, 'bad')?.status?.phase).toBe('Running');
  });

  test('keeps the other conditions of the Task', async () => {
    const host = virtualHost({ engine: failing('Trap', () => false) });
    host.put(newTask('bad'));
    const ready = { type: 'Ready', status: 'True' as const, reason: 'x', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' };
    host.server.patch(
      { kind: 'Task', namespace: NAMESPACE, name: 'bad' },
      { status: { conditions: [ready] } },
      { patchType: 'merge', subresource: 'status' },
    );
    await host.start();
    expect(taskOf(host, 'bad')?.status?.conditions?.map(({ type }) => type)).toEqual(['Ready', 'EngineError']);
  });

  test.each<[string, (snapshot: Snapshot) => Decision, string]>([
    [
      'asks again for what it has',
      ({ subject }) => ({ type: 'Reads', refs: [{ kind: 'Agent', namespace: subject.namespace, name: 'a' }] }),
      'expected a ref that it was not given yet',
    ],
    [
      'never stops asking',
      ({ subject, read }) => ({
        type: 'Reads',
        refs: [{ kind: 'Agent', namespace: subject.namespace, name: `a${Object.keys(read).length}` }],
      }),
      `expected at most ${MAX_PASSES} passes`,
    ],
    ['speaks another contract', () => ({ type: 'Unusable', contract: 7, message: 'too old' }), 'core of contract 7: too old'],
    [
      'reaches into another namespace',
      ({ subject }) =>
        decided({
          actions: [
            { type: 'Delete', id: 'd', ref: { kind: 'Pod', namespace: 'kube-system', name: 'x' }, uid: 'u' },
            { type: 'Delete', id: 'e', ref: { kind: 'Pod', namespace: subject.namespace, name: 'x' }, uid: 'u' },
          ],
        }),
      'expected an object in namespace team-a',
    ],
  ])('a core that %s is at fault, and nothing of it is done', async (_, decide, text) => {
    const engine = scriptedEngine(decide);
    const host = virtualHost({ engine });
    await host.start();
    host.put(newTask('bad'));
    await host.clock.advance(1);
    expect(conditionOf(host, 'bad', 'EngineError')).toMatchObject({ reason: 'Nonsense' });
    expect(conditionOf(host, 'bad', 'EngineError')?.message).toContain(text);
    expect(host.writes.map(({ verb, kind }) => `${verb} ${kind}`)).toEqual(['patch Task']);
    expect(engine.snapshots.length).toBeLessThanOrEqual((MAX_PASSES + 1) * host.decisions.length);
  });
});

describe('the reads of a decision', () => {
  test('stand on one moment: time, Task and Pods do not change between the passes', async () => {
    const refs: readonly Ref[] = [
      { kind: 'Agent', namespace: NAMESPACE, name: 'coder' },
      { kind: 'Agent', namespace: NAMESPACE, name: 'coder', live: true },
      { kind: 'ConfigMap', namespace: NAMESPACE, name: 'context' },
      { kind: 'Pod', namespace: NAMESPACE, name: 'nobody', live: true },
      { kind: 'ConfigMap', namespace: 'other', name: 'secret' },
    ];
    const engine = scriptedEngine(({ read }) => {
      const next = refs.find((ref) => read[refKey(ref)] === undefined);
      return next === undefined ? decided() : { type: 'Reads', refs: [next] };
    });
    const host = virtualHost({ engine, faults: { onCall: ({ verb }) => (verb === 'get' ? { delayMs: 500 } : undefined) } });
    host.put(newObject('ConfigMap', { metadata: { name: 'context', namespace: NAMESPACE }, data: { a: 'b' } } as never));
    await host.start();
    host.put(newTask('t'));
    await host.clock.advance(10_000);
    expect(engine.snapshots).toHaveLength(refs.length + 1);
    expect(new Set(engine.snapshots.map(({ read: _, ...rest }) => JSON.stringify(rest))).size).toBe(1);
    const { read } = engine.snapshots.at(-1) as Snapshot;
    expect(Object.keys(read)).toEqual([...Object.keys(read)].sort());
    expect(read['Agent/team-a/coder']).toEqual({ absent: true });
    expect(read['Agent/team-a/coder?live']).toEqual({ absent: true });
    expect(read['ConfigMap/team-a/context']).toMatchObject({ found: { data: { a: 'b' } } });
    expect(read['Pod/team-a/nobody?live']).toEqual({ absent: true });
    expect(read['ConfigMap/other/secret']).toMatchObject({ unavailable: { code: 403 } });
    // The cached read cost no request, the foreign one was never sent.
    expect(host.reads.filter(({ verb }) => verb === 'get').map(({ kind }) => kind)).toEqual(['Agent', 'ConfigMap', 'Pod']);
  });

  test('a change while the core thinks is not missed', async () => {
    const agentRef: Ref = { kind: 'Agent', namespace: NAMESPACE, name: 'coder' };
    const slow: Ref = { kind: 'ConfigMap', namespace: NAMESPACE, name: 'slow' };
    const engine = scriptedEngine(({ read }) => {
      if (read[refKey(agentRef)] === undefined) return { type: 'Reads', refs: [agentRef] };
      return read[refKey(slow)] === undefined ? { type: 'Reads', refs: [slow] } : decided({ dependsOn: [agentRef] });
    });
    const host = virtualHost({ engine, faults: { onCall: ({ verb }) => (verb === 'get' ? { delayMs: 1_000 } : undefined) } });
    await host.start();
    host.put(newTask('t'));
    await host.clock.advance(500);
    host.put(newObject('Agent', { metadata: { name: 'coder', namespace: NAMESPACE }, spec: {} } as never));
    await host.clock.advance(5_000);
    expect(engine.snapshots.at(-1)?.read[refKey(agentRef)]).toHaveProperty('found');
    expect(host.decisions).toHaveLength(2);
  });
});

describe('a change of what others depend on', () => {
  const agentRef: Ref = { kind: 'Agent', namespace: NAMESPACE, name: 'coder' };
  const address = { kind: 'Agent', namespace: NAMESPACE, name: 'coder' } as const;
  const changes = async (host: VirtualHost, patch: object, subresource?: 'status'): Promise<void> => {
    host.server.patch(address, patch, { patchType: 'merge', ...(subresource === undefined ? {} : { subresource }) });
    await host.clock.advance(100);
  };

  test('reaches a Task that waits with each change, one that has ended only with the spec, and of a line the head', async () => {
    const engine = scriptedEngine(({ subject }) =>
      subject.name.startsWith('line')
        ? decided({ dependsOn: [agentRef], queue: { state: 'Wants', key: 'k', order: subject.name, slots: 0 } })
        : decided({ dependsOn: subject.name === 'other' ? [] : [agentRef] }),
    );
    const host = virtualHost({ engine });
    host.put(newObject('Agent', { metadata: { name: 'coder', namespace: NAMESPACE }, spec: {} } as never));
    for (const name of ['waits', 'ended', 'other', 'line-1', 'line-2', 'line-3']) host.put(newTask(name));
    host.server.patch(
      { kind: 'Task', namespace: NAMESPACE, name: 'ended' },
      { status: { phase: 'Completed' } },
      { patchType: 'merge', subresource: 'status' },
    );
    await host.start();
    const since = (count: number): readonly string[] => engine.snapshots.slice(count).map(({ subject }) => subject.name);
    let count = engine.snapshots.length;
    await changes(host, { status: { idleSince: '2026-01-01T00:00:00Z' } }, 'status');
    expect(since(count)).toEqual(['waits', 'line-1']);
    count = engine.snapshots.length;
    await changes(host, { spec: { suspend: true } });
    expect(since(count)).toEqual(['waits', 'line-1', 'ended']);
  });
});

test.each([
  ['holds a place', true],
  ['waits for one', false],
] as const)('what a Task that %s was told counts in that line alone', async (_, isHolder) => {
  const engine = scriptedEngine(({ task: present, granted }) => {
    const key = present?.spec.agentRef?.name ?? '';
    const wish = { state: 'Wants', key, order: 'a', slots: isHolder ? 1 : 0 } as const;
    return decided({ queue: granted === true ? { state: 'Holds', key } : wish });
  });
  const host = virtualHost({ engine });
  const told = (): readonly unknown[] => engine.snapshots.map(({ task: present, granted }) => [present?.spec.agentRef?.name, granted]);
  host.put(newObject('Task', agentTask({ name: 't' })));
  await host.start();
  await host.clock.advance(100);
  expect(told().at(-1)).toEqual(['coder', isHolder]);
  const before = engine.snapshots.length;
  host.server.patch({ kind: 'Task', namespace: NAMESPACE, name: 't' }, { spec: { agentRef: { name: 'other' } } }, { patchType: 'merge' });
  await host.clock.advance(100);
  // Asked at first by what it was told in the line before, then without; then in the new line.
  expect(told().slice(before, before + 3)).toEqual([
    ['other', isHolder],
    ['other', undefined],
    ['other', isHolder],
  ]);
});

describe('a start that is decided', () => {
  test('counts for the next Task before it is recorded, and no more when it could not be', async () => {
    const agentRef: Ref = { kind: 'Agent', namespace: NAMESPACE, name: 'coder' };
    const seen: (readonly string[])[] = [];
    const engine = scriptedEngine(({ subject, read, outcomes, now }) => {
      const answer = read[refKey(agentRef)];
      if (answer === undefined) return { type: 'Reads', refs: [agentRef] };
      const coder = ('found' in answer ? answer.found : {}) as Agent;
      seen.push((coder.status?.taskStartHistory ?? []).map(({ taskName }) => taskName));
      if (subject.name !== 'a' || outcomes.length > 0) return decided();
      const record = { taskName: 'a', taskNamespace: NAMESPACE, startTime: now };
      const configMap = newObject('ConfigMap', { metadata: { name: 'taken', namespace: NAMESPACE } });
      return decided({
        actions: [
          { type: 'Create', id: 'configmap', object: configMap },
          {
            type: 'RecordStart',
            id: 'start',
            agent: { namespace: NAMESPACE, name: 'coder', uid: coder.metadata.uid ?? '' },
            record,
            windowSeconds: 60,
          },
        ],
      });
    });
    const host = virtualHost({ engine, faults: { onCall: ({ verb }) => (verb === 'create' ? { delayMs: 1_000 } : undefined) } });
    host.put(newObject('Agent', { metadata: { name: 'coder', namespace: NAMESPACE }, spec: {} } as never));
    host.put(newObject('ConfigMap', { metadata: { name: 'taken', namespace: NAMESPACE } }));
    await host.start();
    seen.length = 0;
    host.put(newTask('a'));
    await host.clock.advance(10);
    host.put(newTask('b'));
    await host.clock.advance(10);
    expect(seen).toEqual([[], ['a']]);
    await host.clock.advance(2_000);
    host.put(newTask('c'));
    await host.clock.advance(10);
    expect(seen.at(-1)).toEqual([]);
    expect(host.count('patch', 'Agent')).toBe(0);
  });
});

describe('time', () => {
  test('wakes at the time that was asked for, and once only', async () => {
    const engine = scriptedEngine(({ now }) => decided(now < '2026-01-01T00:01' ? { wakeAt: '2026-01-01T00:01:00.000Z' } : {}));
    const host = virtualHost({ engine });
    host.put(newTask('t'));
    await host.start();
    await host.clock.advance(300_000);
    expect(engine.snapshots.map(({ now }) => now.slice(14, 19))).toEqual([expect.stringMatching(/^00:0/), '01:00']);
  });

  test('a core that asks for a time that is over is asked once a second, not for ever at once', async () => {
    const engine = scriptedEngine(() => decided({ wakeAt: '2020-01-01T00:00:00.000Z' }));
    const host = virtualHost({ engine });
    host.put(newTask('t'));
    await host.start();
    await host.clock.advance(10_000);
    expect(engine.snapshots.length).toBeLessThan(15);
  });

  test('ten thousand times are one timer, each kept to the millisecond', async () => {
    const wake = (name: string): string => new Date(Date.UTC(2026, 0, 1, 1) + Number(name.slice(1)) * 7).toISOString();
    const late: string[] = [];
    const engine = scriptedEngine(({ now, subject }) => {
      const at = wake(subject.name);
      if (now >= at && now !== at) late.push(subject.name);
      return decided(now < at ? { wakeAt: at } : {});
    });
    const host = virtualHost({ engine });
    for (let index = 0; index < 10_000; index++) host.put(newTask(`t${index}`));
    await host.start();
    expect(engine.snapshots).toHaveLength(10_000);
    await host.clock.advance(2 * 3_600_000);
    expect(engine.snapshots).toHaveLength(20_000);
    expect(late).toEqual([]);
  });
});

describe('our own writes', () => {
  const startOnce = () =>
    scriptedEngine((snapshot) => {
      const [present] = snapshot.pods;
      if (present === undefined && snapshot.task?.status?.phase === undefined) return decided({ actions: [createPod(snapshot)] });
      return snapshot.task?.status?.phase === 'Running' ? decided() : decided({ actions: [setPhase(snapshot, 'Running')] });
    });

  test('are waited for: a watch that lags causes no second write', async () => {
    const host = virtualHost({
      engine: startOnce(),
      faults: { onDelivery: ({ kind }) => ({ type: 'Deliver', delayMs: kind === 'Pod' ? 3_000 : 0 }) },
    });
    await host.start();
    host.put(newTask('t'));
    await host.clock.advance(20_000);
    expect(host.writes.map(({ verb, kind }) => `${verb} ${kind}`)).toEqual(['create Pod', 'patch Task']);
    expect(host.warnings).toEqual([]);
  });

  test('are asked for live after five seconds of silence', async () => {
    const host = virtualHost({
      engine: startOnce(),
      faults: { onDelivery: ({ kind }, event) => (kind === 'Pod' && event.type !== 'BOOKMARK' ? { type: 'Drop' } : undefined) },
    });
    await host.start();
    host.put(newTask('t'));
    await host.clock.advance(4_900);
    expect(host.writes.map(({ verb, kind }) => `${verb} ${kind}`)).toEqual(['create Pod']);
    await host.clock.advance(1_000);
    expect(host.writes.map(({ verb, kind }) => `${verb} ${kind}`)).toEqual(['create Pod', 'patch Task']);
    expect(host.reads.filter(({ verb }) => verb === 'get').map(({ kind, name }) => `${kind} ${name}`)).toContain('Pod t-pod');
  });

  test('whose answer is lost are looked for before anything else is decided', async () => {
    let isLost = false;
    const engine = startOnce();
    const host = virtualHost({
      engine,
      faults: {
        onCall: ({ verb, kind }) => {
          if (isLost || verb !== 'create' || kind !== 'Pod') return undefined;
          isLost = true;
          return { lose: { type: 'Unreachable', message: 'reset' } };
        },
        onDelivery: ({ kind }) => ({ type: 'Deliver', delayMs: kind === 'Pod' ? 2_000 : 0 }),
      },
    });
    await host.start();
    host.put(newTask('t'));
    await host.clock.advance(1_000);
    expect(host.writes.map(({ verb, kind }) => `${verb} ${kind}`)).toEqual(['create Pod', 'patch Task']);
    expect(engine.snapshots[1]?.outcomes).toMatchObject([{ actionId: 'pod/1', result: 'unknown', count: 1 }]);
    expect(engine.snapshots[1]?.pods).toHaveLength(1);
  });

  test('whose answer is lost are decided on again when the watch has come as far as the live read and does not have what it found', async () => {
    const engine = startOnce();
    const host = virtualHost({
      engine,
      faults: {
        onCall: ({ verb, kind }) => (verb === 'create' && kind === 'Pod' ? { lose: { type: 'Unreachable', message: 'reset' } } : undefined),
        onDelivery: ({ kind }, event) => (kind === 'Pod' && event.type !== 'BOOKMARK' ? { type: 'Drop' } : undefined),
      },
    });
    await host.start();
    host.put(newTask('t'));
    await host.clock.advance(1_000);
    expect(engine.snapshots.at(-1)).toMatchObject({ task: { status: { phase: 'Running' } }, pods: [{ metadata: { name: 't-pod' } }] });
    await host.clock.advance(120_000);
    expect(engine.snapshots.at(-1)).toMatchObject({ task: { status: { phase: 'Running' } }, pods: [] });
  });

  test('that overtake somebody else’s are refused, and decided again on what is there', async () => {
    const engine = scriptedEngine((snapshot) => {
      if (snapshot.task?.status?.phase === 'Running') return decided();
      return decided({ actions: [setPhase(snapshot, 'Running')] });
    });
    const host = virtualHost({ engine, faults: { onDelivery: ({ kind }) => ({ type: 'Deliver', delayMs: kind === 'Task' ? 1_000 : 0 }) } });
    host.put(newTask('t'));
    await host.start();
    expect(taskOf(host, 't')?.status?.phase).toBe('Running');
    host.put(newTask('u'));
    host.server.patch({ kind: 'Task', namespace: NAMESPACE, name: 'u' }, { metadata: { labels: { a: 'b' } } }, { patchType: 'merge' });
    await host.clock.advance(1_000);
    await host.clock.advance(10);
    expect(taskOf(host, 'u')?.status?.phase).toBe('Running');
    const outcomes = engine.snapshots.filter(({ subject }) => subject.name === 'u').map(({ outcomes: seen }) => seen);
    expect(outcomes.flat().every(({ result, reason }) => result === 'ok' || reason === 'Conflict')).toBe(true);
  });
});

describe('a Task that is gone', () => {
  const releasing = () =>
    scriptedEngine((snapshot) => {
      if (snapshot.task !== null) return snapshot.pods.length === 0 ? decided({ actions: [createPod(snapshot)] }) : decided();
      return decided({
        actions: snapshot.pods
          .filter(({ metadata }) => metadata.finalizers?.includes('kubeopencode.io/pod-end'))
          .map((present) => ({
            type: 'Patch',
            id: 'release',
            ref: { kind: 'Pod', namespace: NAMESPACE, name: present.metadata.name },
            uid: present.metadata.uid ?? '',
            patchType: 'strategic',
            patch: { metadata: { '$deleteFromPrimitiveList/finalizers': ['kubeopencode.io/pod-end'] } },
          })),
      });
    });

  /** As garbage collection does with what has lost its owner. */
  const collectPod = (host: VirtualHost): void => {
    host.server.delete({ kind: 'Pod', namespace: NAMESPACE, name: 't-pod' }, {});
  };

  test('is shown as null only after a live read, and its Pod is let go', async () => {
    const engine = releasing();
    const host = virtualHost({ engine });
    await host.start();
    host.put(newTask('t'));
    await host.clock.advance(100);
    host.server.delete({ kind: 'Task', namespace: NAMESPACE, name: 't' }, {});
    await host.clock.advance(100);
    expect(engine.snapshots.some(({ task: present }) => present === null)).toBe(false);
    collectPod(host);
    await host.clock.advance(100);
    expect(engine.snapshots.some(({ task: present }) => present === null)).toBe(true);
    expect(host.get<Pod>('Pod', NAMESPACE, 't-pod')?.metadata.finalizers ?? []).toEqual([]);
    expect(host.reads.filter(({ verb, kind }) => verb === 'get' && kind === 'Task')).toHaveLength(1);
  });

  test('and made again under its name is another subject', async () => {
    const engine = releasing();
    const host = virtualHost({ engine });
    await host.start();
    const first = host.put(newTask('t'));
    await host.clock.advance(100);
    host.server.delete({ kind: 'Task', namespace: NAMESPACE, name: 't' }, {});
    const second = host.put(newTask('t'));
    collectPod(host);
    await host.clock.advance(1_000);
    const gone = engine.snapshots.filter(({ task: present }) => present === null);
    expect(gone.map(({ subject }) => subject.uid)).toEqual(gone.map(() => first.metadata.uid));
    expect(gone.length).toBeGreaterThan(0);
    expect(engine.snapshots.find(({ subject }) => subject.uid === second.metadata.uid)?.task?.metadata.uid).toBe(second.metadata.uid);
  });

  test('a Pod whose Task watch lags behind is no orphan', async () => {
    const engine = releasing();
    const host = virtualHost({ engine, faults: { onDelivery: ({ kind }) => ({ type: 'Deliver', delayMs: kind === 'Task' ? 5_000 : 0 }) } });
    await host.start();
    const made = host.put(newTask('t'));
    const subject = { namespace: NAMESPACE, name: 't', uid: made.metadata.uid ?? '' };
    host.put(newObject('Pod', podOf({ subject } as Snapshot)));
    collectPod(host);
    await host.clock.advance(1_000);
    expect(engine.snapshots.length).toBeGreaterThan(0);
    expect(engine.snapshots.every(({ task: present }) => present !== null)).toBe(true);
    expect(host.writes).toEqual([]);
  });

  test('nothing is concluded while the API server can not be asked', async () => {
    const engine = releasing();
    let isDown = true;
    const host = virtualHost({
      engine,
      faults: {
        onCall: ({ verb, kind }) =>
          isDown && verb === 'get' && kind === 'Task' ? { refuse: { type: 'Unreachable', message: 'down' } } : undefined,
      },
    });
    const subject = { namespace: NAMESPACE, name: 't', uid: 'long-gone' };
    host.put(newObject('Pod', podOf({ subject } as Snapshot)));
    collectPod(host);
    await host.start();
    await host.clock.advance(10_000);
    expect(engine.snapshots).toEqual([]);
    expect(host.warnings[0]).toBe('will try again: read task team-a/t: down');
    isDown = false;
    await host.clock.advance(20_000);
    expect(host.get<Pod>('Pod', NAMESPACE, 't-pod')?.metadata.finalizers ?? []).toEqual([]);
  });

  test('leaves nothing behind in the controller', async () => {
    const host = virtualHost({ engine: scriptedEngine(() => decided({ queue: { state: 'Wants', key: 'k', order: '1', slots: 0 } })) });
    await host.start();
    host.put(newTask('t'));
    await host.clock.advance(100);
    expect(host.controller.counts().lines).toMatchObject([{ key: 'k', waiting: 1 }]);
    host.server.delete({ kind: 'Task', namespace: NAMESPACE, name: 't' }, {});
    await host.clock.advance(100);
    expect(host.controller.counts()).toMatchObject({ lines: [], depth: 0, active: 0 });
    expect(host.clock.nextTimerMs()).toBeGreaterThan(host.clock.now() + 10_000);
  });
});

describe('Tasks that are somebody else’s by their labels', () => {
  test('are not touched, nor are their Pods', async () => {
    const engine = scriptedEngine(() => decided());
    const host = virtualHost({ engine, caches: { taskSelector: 'team=a' }, controller: { taskSelector: 'team=a' } });
    const foreign = host.put(newTask('foreign', { metadata: { labels: { team: 'b' } } }));
    const subject = { namespace: NAMESPACE, name: 'foreign', uid: foreign.metadata.uid ?? '' };
    host.put(newObject('Pod', podOf({ subject } as Snapshot)));
    host.put(newTask('ours', { metadata: { labels: { team: 'a' } } }));
    await host.start();
    await host.clock.advance(30_000);
    expect(engine.snapshots.map(({ subject: { name } }) => name)).toEqual(['ours']);
  });
});

describe('effects', () => {
  test('run once however often they are asked for, beside the decision, and their answer comes back', async () => {
    const engine = scriptedEngine(({ outcomes }) =>
      decided({
        actions:
          outcomes.length > 0 ? [] : [{ type: 'Effect', id: 'session/1', kind: 'SessionSummary', url: 'http://agent', title: 'title' }],
      }),
    );
    let asked = 0;
    const host = virtualHost({
      engine,
      sessions: {
        summary: async () => {
          asked += 1;
          await sleep(host.clock, 10_000);
          return { ok: true, value: { id: 's-1' } };
        },
        abort: async () => ({ ok: true, value: null }),
      },
    });
    await host.start();
    host.put(newTask('t'));
    await host.clock.advance(1_000);
    host.server.patch({ kind: 'Task', namespace: NAMESPACE, name: 't' }, { metadata: { labels: { a: 'b' } } }, { patchType: 'merge' });
    await host.clock.advance(1_000);
    expect(engine.snapshots).toHaveLength(2);
    expect(host.controller.counts().effects).toBe(1);
    await host.clock.advance(20_000);
    expect(asked).toBe(1);
    expect(engine.snapshots).toHaveLength(3);
    expect(engine.snapshots[2]?.outcomes).toMatchObject([{ actionId: 'session/1', result: 'ok', answer: '{"id":"s-1"}' }]);
    expect(host.acts.map(({ action, outcome }) => `${action.id} ${outcome.result}`)).toEqual(['session/1 ok']);
  });
});

describe('one watch a namespace', () => {
  test('works as one for all, and sees no other namespace', async () => {
    const engine = scriptedEngine((snapshot) => {
      if (snapshot.task?.status?.phase === 'Running') return decided();
      return decided({ actions: snapshot.pods.length === 0 ? [createPod(snapshot)] : [setPhase(snapshot, 'Running')] });
    });
    const host = virtualHost({ engine, caches: { namespaces: [NAMESPACE, 'team-b'] } });
    await host.start();
    host.put(newTask('t'));
    host.put(newTask('other', { metadata: { namespace: 'team-c' } }));
    await host.clock.advance(20_000);
    expect(host.writes.map(({ verb, kind, name }) => `${verb} ${kind} ${name}`)).toEqual(['create Pod t-pod', 'patch Task t']);
    expect(engine.snapshots.map(({ subject }) => subject.namespace)).toEqual(engine.snapshots.map(() => NAMESPACE));
    expect(host.warnings).toEqual([]);
  });
});
