import { expect, test } from 'vitest';
import type { Condition } from '#core/api/kubernetes.ts';
import type { TaskStatus } from '#core/api/task.ts';
import { outcomeOfTask } from '#core/contract/task-outcome.ts';
import { condition } from '#test/support/builders.ts';

const stopped = (reason: string): readonly Condition[] => [condition('Ready', 'True', 'PodCreated'), condition('Stopped', 'True', reason)];

test.each<{ readonly name: string; readonly status: TaskStatus | undefined; readonly outcome: string | null }>([
  { name: 'nobody has looked at', status: undefined, outcome: null },
  { name: 'that runs', status: { phase: 'Running' }, outcome: null },
  { name: 'that waits, with the reason as its cause', status: { phase: 'Pending', cause: 'Stopped' }, outcome: null },
  { name: 'that succeeded', status: { phase: 'Completed' }, outcome: 'Completed' },
  { name: 'that failed', status: { phase: 'Failed', cause: 'Application' }, outcome: 'Failed' },
  { name: 'that was stopped', status: { phase: 'Completed', cause: 'Stopped' }, outcome: 'Stopped' },
  { name: 'that timed out', status: { phase: 'Completed', cause: 'Timeout' }, outcome: 'Stopped' },
  {
    name: 'that upstream’s controller stopped',
    status: { phase: 'Completed', conditions: [...stopped('UserStopped')] },
    outcome: 'Stopped',
  },
  {
    name: 'that timed out under upstream’s controller',
    status: { phase: 'Completed', conditions: [...stopped('Timeout')] },
    outcome: 'Stopped',
  },
  {
    name: 'that was stopped, done again and succeeded',
    status: { phase: 'Completed', conditions: [condition('Stopped', 'False', 'Retried')] },
    outcome: 'Completed',
  },
  { name: 'with junk for conditions', status: { phase: 'Completed', conditions: [null, 'x', {}] as never }, outcome: 'Completed' },
  { name: 'with text for conditions', status: { phase: 'Completed', conditions: 'Stopped' as never }, outcome: 'Completed' },
])('the outcome of a Task $name', ({ status, outcome }) => {
  expect(outcomeOfTask(status)).toBe(outcome);
});
