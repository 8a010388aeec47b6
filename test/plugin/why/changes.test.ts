import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Why } from '#plugin/contract/why.ts';
import { smallest } from '#plugin/why/changes/smallest.ts';
import { play } from './play.ts';
import { anAgent, anAgentTask, outcome, patch, type Situation, together } from './steps.ts';

async function explained(situation: Situation | undefined): Promise<Why> {
  if (situation === undefined) throw new Error('expected a situation');
  const { why, end } = await play(situation);
  const told = await why();
  end();
  return told;
}

describe('the smallest change that is enough', () => {
  const full = [
    anAgent({ maxConcurrentTasks: 2, ...outcome('never') }),
    together(...['a', 'b', 'c', 'd', 'e'].map((name) => anAgentTask(name))),
  ];

  test.each([2, 3, 4])('a limit of %d is not enough for the third who waits, one of 5 is', async (maxConcurrentTasks) => {
    const told = await explained({ about: 'e', steps: full });
    expect(told.changes[0]).toMatchObject({ kind: 'Limit', goesOn: true, change: 'Agent coder runs 5 Tasks at once (now 2)' });
    const raised = await explained({ about: 'e', steps: [...full, patch('Agent', 'coder', { spec: { maxConcurrentTasks } })] });
    expect(raised.phase).toBe('Queued');
  });

  test('a priority passes those who are older by less than it weighs, and no more is told than it takes', async () => {
    const told = await explained({ about: 'e', steps: full });
    expect(told.queue).toMatchObject({ position: 3, ahead: ['c', 'd'] });
    expect(told.changes.find(({ kind }) => kind === 'Priority')).toMatchObject({
      change: 'spec.priority is 1 (now 0)',
      goesOn: false,
      position: 1,
    });
    const raised = await explained({ about: 'e', steps: [...full, patch('Task', 'e', { spec: { priority: 1 } })] });
    expect(raised.queue?.position).toBe(1);
  });

  test('any whole number that is enough is found, and none below it', () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 500 }), fc.nat(500), fc.nat(600), async (low, span, limit) => {
        const found = await smallest(low, low + span, async (number) => number >= limit);
        expect(found).toBe(limit > low + span ? undefined : Math.max(low, limit));
      }),
    ));
});
