import { describe, expect, test } from 'vitest';
import type { Task, TaskStatus } from '#core/api/task.ts';
import { ANNOTATIONS } from '#core/contract/names.ts';
import { contextOf } from '#core/task/context.ts';
import { reopening } from '#core/task/reopen.ts';
import { askingFor, isRetriedByAll, nextAttempt } from '#plugin/retry/next-attempt.ts';
import { condition, running, snapshot, task } from '#test/support/builders.ts';
import { ended } from '../tasks.ts';

/** Statuses in which a Task can be, and the number of the attempt that comes next. */
const NEXT: readonly (readonly [what: string, status: TaskStatus, next: number])[] = [
  ['failed before its first Pod', ended('Failed', { cause: 'Agent', attemptCount: 0 }), 1],
  [
    'failed before its first Pod, and again when that was asked for',
    ended('Failed', { cause: 'Agent', attempts: [{ number: 1, cause: 'Agent' }] }),
    2,
  ],
  ['failed', ended('Failed', { cause: 'Application', podName: 'fix-bug-pod', attempts: [{ number: 1, podName: 'fix-bug-pod' }] }), 2],
  ['failed after many', ended('Failed', { cause: 'Evicted', attemptCount: 14, attempts: [{ number: 13 }, { number: 14 }] }), 15],
  ['stopped', ended('Completed', { cause: 'Stopped', attempts: [{ number: 3 }] }), 4],
  ['timed out', ended('Completed', { cause: 'Timeout', attempts: [{ number: 1 }] }), 2],
  ['run by another controller', { phase: 'Failed', podName: 'fix-bug-pod' }, 2],
  [
    'run by another controller, stopped',
    { phase: 'Completed', podName: 'fix-bug-pod', conditions: [condition('Stopped', 'True', 'UserStopped')] },
    2,
  ],
];

describe('the next attempt', () => {
  test.each(NEXT)('of a Task that %s', (_what, status, next) => {
    expect(nextAttempt({ status })).toBe(next);
    expect(askingFor(task({ status }))).toEqual({ type: 'Ask', attempt: next });
  });

  test.each(NEXT)('is the one that the core starts: %s', (_what, status, next) => {
    const asked = (number: number): Task => task({ status, metadata: { annotations: { [ANNOTATIONS.retry]: String(number) } } });
    const verdict = (number: number): string => {
      const object = asked(number);
      return reopening(contextOf(snapshot({ task: object }), object)).type;
    };
    expect([verdict(next - 1), verdict(next), verdict(next + 1)]).toEqual(['Stays', 'Reopened', 'Stays']);
  });
});

describe('what can’t be asked for', () => {
  test.each<[what: string, made: Task, why: string, instead?: readonly string[]]>([
    [
      'success',
      task({ status: ended('Completed') }),
      'it has succeeded; to do it again make another Task',
      ['run', '--template', 'coder', 'Fix the bug'],
    ],
    ['a Task that runs', task({ status: running() }), 'it has not ended: Running; to end it', ['stop', 'fix-bug']],
    ['one that was never looked at', task(), 'it has not ended: Pending; to end it', ['stop', 'fix-bug']],
    [
      'another controller’s',
      task({ spec: { managedBy: 'example.com/other' }, status: ended('Failed') }),
      'it is managed by example.com/other, and this controller never touches it',
    ],
    ['one that goes', task({ status: ended('Failed'), metadata: { deletionTimestamp: '2026-01-01T10:00:00Z' } }), 'it is being deleted'],
  ])('%s', (_what, made, why, instead) =>
    expect(askingFor(made)).toEqual({ type: 'Refused', why, ...(instead === undefined ? {} : { instead }) }),
  );

  test.each([
    [{ description: 'Fix the tests' }, ['run', '--template', 'coder', 'Fix the tests']],
    [{ description: 'Fix', agentRef: { name: 'a' } }, ['run', '--agent', 'a', 'PROMPT']],
    [{ description: '-v is not taken' }, ['run', '--template', 'coder', 'PROMPT']],
    [{ description: 'Fix the tests,\nall of them' }, ['run', '--template', 'coder', 'PROMPT']],
    [{ description: 'long '.repeat(50) }, ['run', '--template', 'coder', 'PROMPT']],
  ])('of one that has succeeded another can be made: %j', (spec, instead) =>
    expect(askingFor(task({ spec, status: ended('Completed') }))).toMatchObject({ type: 'Refused', instead }),
  );

  test('a Task that succeeded, or runs, the core does not start again either', () => {
    for (const status of [ended('Completed', { attempts: [{ number: 1 }] })]) {
      const made = task({ status, metadata: { annotations: { [ANNOTATIONS.retry]: '2' } } });
      expect(reopening(contextOf(snapshot({ task: made }), made)).type).toBe('Stays');
    }
  });
});

describe('asking twice is asking once', () => {
  const asked = { annotations: { [ANNOTATIONS.retry]: '2' } };
  const attempts = [{ number: 1 }];

  test.each<[string, TaskStatus, string]>([
    [
      'before the controller has seen it',
      ended('Failed', { attempts }),
      'attempt 2 was asked for before, and the controller has not begun it yet',
    ],
    ['while that attempt runs', running({ attempts, attemptCount: 2 }), 'attempt 2 was asked for before, and has not ended yet'],
  ])('%s', (_when, status, why) => expect(askingFor(task({ status, metadata: asked }))).toEqual({ type: 'Asked', attempt: 2, why }));

  test('not where a stop was asked for since, nor when that attempt has ended', () => {
    const stopped = { annotations: { ...asked.annotations, [ANNOTATIONS.stop]: 'true' } };
    expect(askingFor(task({ status: ended('Failed', { attempts }), metadata: stopped }))).toEqual({ type: 'Ask', attempt: 2 });
    expect(askingFor(task({ status: ended('Failed', { attempts: [{ number: 2 }] }), metadata: asked }))).toEqual({
      type: 'Ask',
      attempt: 3,
    });
  });
});

test.each<[boolean, TaskStatus]>([
  [true, ended('Failed', { cause: 'Application' })],
  [true, ended('Completed', { cause: 'Timeout' })],
  [false, ended('Completed', { cause: 'Stopped' })],
  [false, ended('Completed')],
  [false, running()],
])('by a selector: %s', (isMeant, status) => expect(isRetriedByAll(task({ status }))).toBe(isMeant));
