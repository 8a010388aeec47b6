import { describe, expect, it } from 'vitest';
import type { Task, TaskStatus } from '#core/api/task.ts';
import { faultsOf, summaryLine, summaryTable, type TaskEnd } from '#scripts/demo/summary.ts';

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

describe('the summary of the demo', () => {
  it('has no fault when each Task ended as expected and one queued and then ran', () => {
    expect(faultsOf([end('a', 'Completed', {}, true), end('b', 'Failed')], { b: 'Failed' })).toEqual([]);
  });

  it('names each Task that ended otherwise, is missing, or that nothing queued', () => {
    expect(faultsOf([end('a', 'Failed', { message: 'no luck' }), end('b', 'unfinished')], { c: 'Stopped' })).toEqual([
      'task a: expected Completed, got Failed: no luck',
      'task b: expected Completed, got unfinished',
      'task c: expected it among the examples',
      'expected a task that queued and then ran, none did',
    ]);
  });

  it('prints a row a Task and counts them', () => {
    const ends = [
      end('waits', 'Completed', { times, podName: 'waits-pod' }, true),
      end('b', 'Failed', { cause: 'Application', podName: 'b-pod' }),
    ];
    expect(summaryTable(ends)).toBe(
      [
        'TASK    END         CAUSE         QUEUED   RAN    POD\n',
        'waits   Completed                 4.5s     3.0s   waits-pod\n',
        'b       Failed      Application                   b-pod\n',
      ].join(''),
    );
    expect(summaryLine(ends)).toBe('2 Tasks: 1 Completed, 1 Failed; 1 of them queued first');
  });
});
