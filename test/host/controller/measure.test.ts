import { expect, test } from 'vitest';
import type { Task, TaskStatus } from '#core/api/task.ts';
import { measure } from '#host/controller/measure.ts';

function measured(before: TaskStatus | undefined, after: TaskStatus | undefined): readonly string[] {
  const told: string[] = [];
  const metrics = {
    taskStarted: (owner: object, seconds: number) => told.push(`started ${JSON.stringify(owner)} ${seconds}`),
    attemptEnded: (_owner: object, cause: string) => told.push(`attempt ${cause}`),
    taskFinished: ({ outcome, cause }: { outcome: string; cause: string }, seconds: number | null) =>
      told.push(`finished ${outcome} ${cause} ${seconds}`),
  };
  const task = (status: TaskStatus | undefined): Task => ({
    apiVersion: 'kubeopencode.io/v1alpha1',
    kind: 'Task',
    metadata: { name: 't', namespace: 'ns', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { agentRef: { name: 'coder' } },
    ...(status === undefined ? {} : { status }),
  });
  measure(metrics, task(before), task(after));
  return told;
}

const STARTED = { phase: 'Running', startTime: '2026-01-01T00:00:12Z' } as const;
const OWNER = '{"namespace":"ns","agent":"coder"}';

test.each<[string, TaskStatus | undefined, TaskStatus | undefined, readonly string[]]>([
  ['a start', undefined, STARTED, [`started ${OWNER} 12`]],
  ['nothing new', STARTED, STARTED, []],
  ['an attempt that is followed by another', STARTED, { ...STARTED, attempts: [{ number: 1, cause: 'Evicted' }] }, ['attempt Evicted']],
  [
    'the last attempt, and the end',
    { ...STARTED, attempts: [{ number: 1, cause: 'Evicted' }] },
    { ...STARTED, phase: 'Completed', completionTime: '2026-01-01T00:01:12Z', attempts: [{ number: 1, cause: 'Evicted' }, { number: 2 }] },
    ['attempt ', 'finished Completed  60'],
  ],
  [
    'an end without a start',
    { phase: 'Queued' },
    { phase: 'Completed', cause: 'Stopped', completionTime: '2026-01-01T00:00:05Z' },
    ['finished Stopped Stopped 5'],
  ],
  [
    'times that are none',
    undefined,
    { phase: 'Failed', startTime: 'x', cause: 'Agent', completionTime: 'y' },
    ['finished Failed Agent null'],
  ],
])('%s', (_name, before, after, expected) => expect(measured(before, after)).toEqual(expected));

test('attempts that are no list are none', () => {
  const bent: TaskStatus = JSON.parse('{"attempts":"many"}');
  expect(measured(bent, bent)).toEqual([]);
});
