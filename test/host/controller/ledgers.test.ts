import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { TaskStatus } from '#core/api/task.ts';
import { tellsOfPod } from '#core/contract/ended.ts';
import type { Address } from '#host/cluster/cluster.ts';
import { Store } from '#host/cluster/store.ts';
import { LiveObjects } from '#host/controller/live-objects.ts';
import { Outcomes, type Report } from '#host/controller/outcomes.ts';
import { PATIENCE_MS, PendingWrites } from '#host/controller/pending-writes.ts';
import { NAMESPACE, pod, task } from '#test/support/builders.ts';

const SUBJECT = 'team-a/fix-bug/uid';
const TOLD = (): boolean => true;
const UNTOLD = (): boolean => false;

describe('whether a task tells of the pod of an attempt', () => {
  const told = { number: 1, podName: 'fix-bug-pod' };
  test.each([
    { name: 'it runs', status: { phase: 'Running', podName: 'fix-bug-pod' }, tells: ['pod/1', 'pod/2'] },
    { name: 'it has ended', status: { phase: 'Failed' }, tells: ['pod/1', 'pod/2'] },
    { name: 'it waits for the attempt after', status: { phase: 'Pending', podName: 'fix-bug-pod', attempts: [told] }, tells: ['pod/1'] },
    { name: 'upstream has written that it runs', status: { phase: 'Running' }, tells: [] },
    { name: 'people have written nonsense', status: { phase: 'Pending', attempts: 'none' }, tells: [] },
    { name: 'people have written more of it', status: { phase: 'Pending', attempts: [null, 'pod/1', {}] }, tells: [] },
  ])('$name', ({ status, tells }) => {
    const one = task({ status: status as TaskStatus });
    expect(['pod/1', 'pod/2'].filter((creationId) => tellsOfPod(one, creationId))).toEqual(tells);
  });
});

describe('outcomes', () => {
  const write = (actionId: string, result: Report['result'], more: Partial<Report> = {}): Report => ({
    actionId,
    of: 'Write',
    result,
    ...more,
  });

  test('count how often an action came to the same result in a row, and since when', () => {
    const outcomes = new Outcomes();
    outcomes.record(SUBJECT, write('pod/1', 'refused', { code: 403 }), 0);
    outcomes.record(SUBJECT, write('pod/1', 'refused', { code: 429 }), 1_000);
    expect(outcomes.of(SUBJECT)).toEqual([
      {
        actionId: 'pod/1',
        result: 'refused',
        code: 429,
        count: 2,
        firstAt: '1970-01-01T00:00:00.000Z',
        lastAt: '1970-01-01T00:00:01.000Z',
      },
    ]);
    outcomes.record(SUBJECT, write('pod/1', 'unknown'), 2_000);
    expect(outcomes.of(SUBJECT)).toEqual([
      { actionId: 'pod/1', result: 'unknown', count: 1, firstAt: '1970-01-01T00:00:02.000Z', lastAt: '1970-01-01T00:00:02.000Z' },
    ]);
  });

  test('stand in the order of their ids', () => {
    const outcomes = new Outcomes();
    for (const id of ['c', 'a', 'b']) outcomes.record(SUBJECT, write(id, 'ok'), 0);
    expect(outcomes.of(SUBJECT).map(({ actionId }) => actionId)).toEqual(['a', 'b', 'c']);
  });

  test('a write that went well stays until a decision that has seen it was carried out whole', () => {
    const outcomes = new Outcomes();
    outcomes.record(SUBJECT, write('pod/1', 'ok'), 0);
    const seen = outcomes.of(SUBJECT);
    outcomes.record(SUBJECT, write('status/running/1', 'ok'), 1);
    outcomes.settle(SUBJECT, seen, TOLD);
    expect(outcomes.of(SUBJECT).map(({ actionId }) => actionId)).toEqual(['status/running/1']);
  });

  test('that a pod was created stays until its task tells of it, whatever was decided and done meanwhile', () => {
    const outcomes = new Outcomes();
    outcomes.record(SUBJECT, { actionId: 'pod/1', of: 'Pod', result: 'ok' }, 0);
    outcomes.record(SUBJECT, write('claim/uid', 'ok'), 1);
    outcomes.settle(SUBJECT, outcomes.of(SUBJECT), UNTOLD);
    expect(outcomes.of(SUBJECT).map(({ actionId }) => actionId)).toEqual(['pod/1']);
    outcomes.settle(SUBJECT, outcomes.of(SUBJECT), TOLD);
    expect(outcomes.of(SUBJECT)).toEqual([]);
  });

  test('while a write stands failed nothing is settled, so that the next try knows what is there', () => {
    const outcomes = new Outcomes();
    outcomes.record(SUBJECT, write('configmap/1', 'ok'), 0);
    outcomes.record(SUBJECT, { actionId: 'pod/1', of: 'Pod', result: 'refused' }, 0);
    outcomes.settle(SUBJECT, outcomes.of(SUBJECT), UNTOLD);
    expect(outcomes.of(SUBJECT)).toHaveLength(2);
    outcomes.record(SUBJECT, write('pod/1', 'ok'), 1);
    outcomes.settle(SUBJECT, outcomes.of(SUBJECT), TOLD);
    expect(outcomes.of(SUBJECT)).toEqual([]);
  });

  test('a pod that its task tells of is settled, also one that no answer told of, and whatever else stands failed', () => {
    const outcomes = new Outcomes();
    outcomes.record(SUBJECT, { actionId: 'pod/1', of: 'Pod', result: 'unknown' }, 0);
    outcomes.record(SUBJECT, { actionId: 'pod/2', of: 'Pod', result: 'ok' }, 1);
    outcomes.record(SUBJECT, write('status/running/1', 'refused', { code: 409 }), 2);
    outcomes.settle(SUBJECT, outcomes.of(SUBJECT), (creationId) => creationId === 'pod/1');
    expect(outcomes.of(SUBJECT).map(({ actionId }) => actionId)).toEqual(['pod/2', 'status/running/1']);
  });

  test('a failed Event hinders nothing; an Effect is known until the end, its answer until all is done', () => {
    const outcomes = new Outcomes();
    outcomes.record(SUBJECT, { actionId: 'event/1', of: 'Event', result: 'refused', code: 403 }, 0);
    outcomes.record(SUBJECT, { actionId: 'session/1', of: 'Effect', result: 'ok', answer: '{"id":"s"}' }, 0);
    outcomes.settle(SUBJECT, outcomes.of(SUBJECT), TOLD);
    expect(outcomes.of(SUBJECT)).toMatchObject([{ actionId: 'session/1', answer: '{"id":"s"}' }]);
    outcomes.close(SUBJECT, outcomes.of(SUBJECT));
    expect(outcomes.of(SUBJECT)).toEqual([]);
    expect(outcomes.size).toBe(0);
  });

  test('are bounded', () => {
    const outcomes = new Outcomes();
    for (let index = 0; index < 1_000; index++) outcomes.record(SUBJECT, write(`w${String(index).padStart(4, '0')}`, 'refused'), index);
    expect(outcomes.of(SUBJECT).map(({ actionId }) => actionId)[0]).toBe('w0936');
    expect(outcomes.of(SUBJECT)).toHaveLength(64);
  });
});

const TASK: Address = { kind: 'Task', namespace: NAMESPACE, name: 'fix-bug' };
const POD: Address = { kind: 'Pod', namespace: NAMESPACE, name: 'fix-bug-pod' };

function at(object: KubernetesObject, resourceVersion: string, uid?: string): KubernetesObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion, ...(uid === undefined ? {} : { uid }) } };
}

function world() {
  const store = new Store();
  const [tasks, pods] = [store.sink('Task'), store.sink('Pod')];
  for (const sink of [tasks, pods]) {
    sink.beginList();
    sink.endList('100');
  }
  return { store, tasks, pods, pending: new PendingWrites(store, false), live: new LiveObjects(store) };
}

describe('writes that the store does not show yet', () => {
  test('hold their subject until the watch has got to their version', () => {
    const { pending, tasks } = world();
    pending.written(SUBJECT, TASK, '105', 0);
    expect(pending.look(SUBJECT, 0)).toEqual({ type: 'Waits', untilMs: PATIENCE_MS });
    expect(pending.seen('Task', undefined, '105'), 'nothing is waited for because somebody looks').toEqual([]);
    expect(pending.standing(SUBJECT, 0)).toEqual({ type: 'Waits', untilMs: PATIENCE_MS });
    tasks.upsert(at(task(), '104'));
    expect(pending.seen('Task', undefined, '104')).toEqual([]);
    expect(pending.standing(SUBJECT, 1)).toMatchObject({ type: 'Waits' });
    tasks.upsert(at(task(), '105'));
    expect(pending.seen('Task', undefined, '105')).toEqual([SUBJECT]);
    expect(pending.standing(SUBJECT, 2)).toEqual({ type: 'Clear' });
  });

  test('are seen by a later version, a bookmark, or the deletion of the object', () => {
    const { pending, pods } = world();
    pending.written(SUBJECT, POD, '105', 0);
    pods.bookmark('200');
    expect(pending.standing(SUBJECT, 0)).toEqual({ type: 'Clear' });
  });

  test('are not seen by a later version while the store has an older state of the object: its event was lost', () => {
    const { pending, tasks } = world();
    tasks.upsert(at(task(), '101'));
    pending.written(SUBJECT, TASK, '105', 0);
    tasks.upsert(at(task({ name: 'other', metadata: { uid: 'other' } }), '106'));
    expect(pending.standing(SUBJECT, 0)).toMatchObject({ type: 'Waits' });
    expect(pending.standing(SUBJECT, PATIENCE_MS)).toEqual({ type: 'Asks', addresses: [TASK] });
  });

  test('are written over when the store shows a later version of the object, of which it may have told nothing', () => {
    const { pending, tasks, pods } = world();
    tasks.upsert(at(task(), '101'));
    pending.written(SUBJECT, TASK, '105', 0);
    pending.written(SUBJECT, POD, '104', 0);
    expect(pending.isWrittenOver(SUBJECT), 'the store is behind').toBe(false);
    pods.upsert(at(pod(), '104'));
    tasks.upsert(at(task(), '105'));
    expect(pending.isWrittenOver(SUBJECT), 'it shows what was written').toBe(false);
    tasks.upsert(at(task(), '106'));
    expect(pending.look(SUBJECT, 1)).toEqual({ type: 'Clear' });
    expect(pending.isWrittenOver(SUBJECT), 'who only looks changes nothing').toBe(true);
    expect(pending.standing(SUBJECT, 1)).toEqual({ type: 'Clear' });
    expect(pending.isWrittenOver(SUBJECT), 'that is known').toBe(false);
  });

  test('of several kinds are all waited for', () => {
    const { pending, tasks, pods } = world();
    pending.written(SUBJECT, TASK, '106', 0);
    pending.written(SUBJECT, POD, '105', 10);
    expect(pending.standing(SUBJECT, 20)).toEqual({ type: 'Waits', untilMs: PATIENCE_MS });
    tasks.bookmark('110');
    expect(pending.seen('Task', undefined, '110')).toEqual([SUBJECT]);
    expect(pending.standing(SUBJECT, 20)).toEqual({ type: 'Waits', untilMs: PATIENCE_MS + 10 });
    pods.bookmark('110');
    expect(pending.seen('Pod', undefined, '110')).toEqual([SUBJECT]);
    expect(pending.standing(SUBJECT, 20)).toEqual({ type: 'Clear' });
  });

  test('are asked for live when the watch is silent for too long', () => {
    const { pending } = world();
    pending.written(SUBJECT, TASK, '105', 0);
    expect(pending.standing(SUBJECT, PATIENCE_MS - 1)).toMatchObject({ type: 'Waits' });
    expect(pending.standing(SUBJECT, PATIENCE_MS)).toEqual({ type: 'Asks', addresses: [TASK] });
    pending.asked(SUBJECT, TASK);
    expect(pending.standing(SUBJECT, PATIENCE_MS)).toEqual({ type: 'Clear' });
  });

  test('of which nobody knows whether they happened are asked for at once', () => {
    const { pending } = world();
    pending.doubted(SUBJECT, POD, 0);
    expect(pending.standing(SUBJECT, 0)).toEqual({ type: 'Asks', addresses: [POD] });
  });

  test('a deletion is seen when the object is gone or another has its name', () => {
    const { pending, pods } = world();
    pods.upsert(at(pod(), '101'));
    pending.deleted(SUBJECT, POD, 'pod-uid', 0);
    expect(pending.standing(SUBJECT, 0)).toMatchObject({ type: 'Waits' });
    pods.upsert(at(pod(), '103', 'other-uid'));
    expect(pending.standing(SUBJECT, 0)).toEqual({ type: 'Clear' });
  });

  test('with one watch a namespace, only that namespace’s version counts', () => {
    const store = new Store();
    const sinks = [NAMESPACE, 'team-b'].map((namespace) => store.sink('Task', namespace));
    for (const sink of sinks) {
      sink.beginList();
      sink.endList('100');
    }
    const pending = new PendingWrites(store, true);
    pending.written(SUBJECT, TASK, '105', 0);
    expect(pending.standing(SUBJECT, 0)).toMatchObject({ type: 'Waits' });
    sinks[1]?.bookmark('110');
    expect(pending.seen('Task', 'team-b', '110')).toEqual([]);
    sinks[0]?.bookmark('110');
    expect(pending.seen('Task', NAMESPACE, '110')).toEqual([SUBJECT]);
    expect(pending.standing(SUBJECT, 0)).toEqual({ type: 'Clear' });
  });

  test('nothing stays of a subject that is forgotten', () => {
    const { pending } = world();
    pending.written(SUBJECT, TASK, '105', 0);
    pending.standing(SUBJECT, 0);
    pending.forget(SUBJECT);
    expect(pending.seen('Task', undefined, '105')).toEqual([]);
    expect(pending.standing(SUBJECT, 0)).toEqual({ type: 'Clear' });
  });
});

describe('objects that were read live', () => {
  test('stand over the store until the watch has come as far', () => {
    const { live, tasks } = world();
    tasks.upsert(at(task(), '101'));
    live.put(SUBJECT, TASK, at(task(), '105'));
    expect(live.known(SUBJECT, TASK)).toMatchObject({ type: 'Found', object: { metadata: { resourceVersion: '105' } } });
    tasks.upsert(at(task(), '105'));
    expect(live.known(SUBJECT, TASK)).toEqual({ type: 'Unread' });
  });

  test('an old answer does not hide what the store has', () => {
    const { live, tasks } = world();
    tasks.upsert(at(task(), '106'));
    live.put(SUBJECT, TASK, at(task(), '105'));
    expect(live.known(SUBJECT, TASK)).toEqual({ type: 'Unread' });
  });

  test('stand over the store when its watch has got further and has lost what it should have brought', () => {
    const { live, tasks } = world();
    tasks.upsert(at(task(), '101'));
    live.put(SUBJECT, TASK, at(task(), '105'));
    tasks.bookmark('110');
    expect(live.known(SUBJECT, TASK)).toMatchObject({ type: 'Found', object: { metadata: { resourceVersion: '105' } } });
    tasks.upsert(at(task(), '111'));
    expect(live.known(SUBJECT, TASK)).toEqual({ type: 'Unread' });
  });

  test('absence holds while the store is only behind, and ends with a new object of the name', () => {
    const { live, pods } = world();
    pods.upsert(at(pod(), '101'));
    live.put(SUBJECT, POD, null);
    expect(live.known(SUBJECT, POD)).toEqual({ type: 'Absent' });
    pods.remove(at(pod(), '103'));
    expect(live.known(SUBJECT, POD)).toEqual({ type: 'Absent' });
    pods.upsert(at(pod(), '104', 'new-uid'));
    expect(live.known(SUBJECT, POD)).toEqual({ type: 'Unread' });
  });
});
