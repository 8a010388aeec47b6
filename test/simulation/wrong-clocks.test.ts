import { expect, test } from 'vitest';
import type { TaskRecord } from '#host/simulation/records.ts';
import { type History, simulate } from '#host/simulation/simulate.ts';
import { quickEngine } from '#test/support/source-engine.ts';
import { agent, create, scenario } from './hand-written.ts';

const engine = quickEngine();
const AHEAD_OR_BEHIND = [318_522, -318_522];

function taskIn({ ledger }: History): TaskRecord | undefined {
  return [...ledger.tasks.values()][0];
}

test.each(AHEAD_OR_BEHIND)(
  'a host whose clock is off by %i ms gives up no node, and deletes no pod, whose agent has ended',
  async (byMs) => {
    const from = scenario(
      [0, { type: 'Webhook', adds: { sidecar: true } }],
      [0, agent()],
      [1_000, { type: 'JumpClock', byMs }],
      [2_000, create('t0', { outcome: 'succeed', runForMs: 2_000, stopAfterMs: 2_600 })],
    );
    const history = await simulate(from, { engine });
    const lines = history.lines.join('\n');
    expect(history.violations, lines).toEqual([]);
    const task = taskIn(history);
    expect([task?.latest.status?.phase, task?.latest.status?.cause], lines).toEqual(['Completed', undefined]);
    expect(task?.pods[0]?.deletion, 'its log can be read').toBeUndefined();
  },
);

test.each(AHEAD_OR_BEHIND)('a host whose clock is off by %i ms ends a task when its time is over', async (byMs) => {
  const from = scenario(
    [0, agent()],
    [1_000, { type: 'JumpClock', byMs }],
    [2_000, create('t0', { outcome: 'never' }, { timeout: '60s' })],
  );
  const history = await simulate(from, { engine });
  const lines = history.lines.join('\n');
  expect(history.violations, lines).toEqual([]);
  const [pod] = taskIn(history)?.pods ?? [];
  const askedAfterMs = (pod?.deletion?.atMs ?? 0) - (pod?.createdMs ?? 0);
  expect(Math.abs(askedAfterMs - 60_000), lines).toBeLessThan(2_000);
});
