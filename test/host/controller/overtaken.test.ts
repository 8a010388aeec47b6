import { describe, expect, test } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { ANNOTATIONS } from '#core/contract/names.ts';
import { Store } from '#host/cluster/store.ts';
import { isOvertaken } from '#host/controller/facts.ts';
import { LiveObjects } from '#host/controller/live-objects.ts';
import { keyOf } from '#host/controller/subject.ts';
import { NAMESPACE, pod, TASK_UID, task } from '#test/support/builders.ts';

const SUBJECT = { namespace: NAMESPACE, name: 'fix-bug', uid: TASK_UID };

function changed(version: string, metadata: Partial<Task['metadata']> = {}, more: Partial<Task> = {}): Task {
  const before = task();
  return { ...before, ...more, metadata: { ...before.metadata, ...metadata, resourceVersion: version } };
}

function numbered(one: Pod, uid: string): Pod {
  return { ...one, metadata: { ...one.metadata, uid } };
}

function knowing(shown: Task, ...pods: readonly Pod[]) {
  const store = new Store();
  const tasks = store.sink('Task');
  tasks.upsert(shown);
  const podSink = store.sink('Pod');
  for (const one of pods) podSink.upsert(one);
  return { store, live: new LiveObjects(store) };
}

describe('whether a decision still stands', () => {
  const decidedOn = { subject: SUBJECT, task: changed('100'), pods: [numbered(pod(), 'first')] };

  test.each<[string, boolean, Task]>([
    ['nothing has come since', false, changed('100')],
    ['the watch is behind what was decided on', false, changed('99', {}, { status: { phase: 'Failed' } })],
    ['nothing but the version is another', false, changed('101')],
    ['its labels have changed', false, changed('101', { labels: { 'kubeopencode.io/agent': 'coder' } })],
    ['it has ended', true, changed('101', {}, { status: { phase: 'Failed' } })],
    ['it is to be stopped', true, changed('101', { annotations: { [ANNOTATIONS.stop]: 'true' } })],
    ['it is being deleted', true, changed('101', { deletionTimestamp: '2026-01-01T10:00:00Z' })],
    ['people want something else', true, changed('101', {}, { spec: { ...task().spec, suspend: true } })],
  ])('%s: %s', (_, expected, shown) => {
    expect(isOvertaken(knowing(shown), decidedOn)).toBe(expected);
  });

  test('a pod that it did not know overtakes it, one that is gone does not', () => {
    expect(isOvertaken(knowing(changed('100'), numbered(pod(), 'first')), decidedOn)).toBe(false);
    expect(isOvertaken(knowing(changed('100'), numbered(pod(), 'second')), decidedOn)).toBe(true);
    expect(isOvertaken(knowing(changed('100')), decidedOn)).toBe(false);
  });

  test('what was read live counts, so that who decides again knows of it', () => {
    const sources = knowing(changed('100'), numbered(pod(), 'second'));
    const { name } = pod().metadata;
    sources.live.put(keyOf(SUBJECT), { kind: 'Pod', namespace: NAMESPACE, name }, null);
    expect(isOvertaken(sources, { ...decidedOn, pods: [] }), 'the watch does not know yet that the pod is gone').toBe(false);
    sources.live.put(keyOf(SUBJECT), { kind: 'Task', namespace: NAMESPACE, name: SUBJECT.name }, null);
    expect(isOvertaken(sources, { ...decidedOn, pods: [] })).toBe(true);
    expect(isOvertaken(sources, { ...decidedOn, task: null }), 'nothing is created for a task that is gone').toBe(false);
  });
});
