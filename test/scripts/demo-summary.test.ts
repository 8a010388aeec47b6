import { describe, expect, it } from 'vitest';
import type { Task, TaskStatus } from '#core/api/task.ts';
import { plain } from '#plugin/io.ts';
import { faultsOf } from '#scripts/demo/faults.ts';
import { summaryLines, summaryTable, type TaskEnd } from '#scripts/demo/summary.ts';

function end(name: string, outcome: TaskEnd['end'], status: TaskStatus = {}, hasQueued = false): TaskEnd {
  const task = { apiVersion: 'kubeopencode.io/v1alpha1', kind: 'Task', metadata: { name }, spec: {}, status } as unknown as Task;
  return { name, end: outcome, hasQueued, task };
}

const times = {
  queued: '2026-01-01T00:00:00.000Z',
  podCreated: '2026-01-01T00:00:04.500Z',
  running: '2026-01-01T00:00:05.000Z',
  finished: '2026-01-01T00:00:08.000Z',
};
const one = { most: 1, doubles: [] };

describe('the summary of the demo', () => {
  it('has no fault when each Task ended as expected, for the cause that was', () => {
    const ends = [end('a', 'Completed', {}, true), end('b', 'Failed', { cause: 'Evicted' })];
    expect(faultsOf(ends, one, { ends: { b: 'Failed' }, causes: { b: 'Evicted' }, queued: 1, mostPods: 1 })).toEqual([]);
  });

  it('names all that is otherwise', () => {
    const ends = [end('a', 'Failed', { message: 'no luck' }), end('b', 'unfinished'), end('d', 'Failed', { cause: 'Application' })];
    const expects = { ends: { c: 'Stopped', d: 'Failed' }, causes: { d: 'Evicted' }, queued: 1, mostPods: 2 } as const;
    expect(faultsOf(ends, { most: 3, doubles: [['b-pod', 'b-pod-2']] }, expects)).toEqual([
      'task a: expected Completed, got Failed: no luck',
      'task b: expected Completed, got unfinished',
      'task d: expected the cause Evicted, got Application',
      'task c: expected it to be there',
      'pods b-pod, b-pod-2: expected one at a time for their Task',
      'expected at most 2 Pods to live at the same time, 3 did',
      'expected 1 Tasks to queue and then to run, 0 did',
    ]);
  });

  it('prints a row a Task and counts them', () => {
    const ends = [
      end('waits', 'Completed', { times, podName: 'waits-pod' }, true),
      end('b', 'Failed', { cause: 'Application', podName: 'b-pod' }),
    ];
    expect(summaryTable(ends, plain)).toBe(
      [
        'TASK    END         CAUSE         QUEUED   RAN    POD\n',
        'waits   Completed                 4.5s     3.0s   waits-pod\n',
        'b       Failed      Application                   b-pod\n',
      ].join(''),
    );
    expect(summaryLines(ends, { writes: 11, events: 5 })).toBe(
      '2 Tasks: 1 Completed, 1 Failed; 1 of them queued first.\n11 writes (5.5 a Task) and 5 Events.\n',
    );
  });
});
