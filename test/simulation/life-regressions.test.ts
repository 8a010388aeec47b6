import { expect, test } from 'vitest';
import { run } from './crash-runs.ts';
import { agent, at, create, scenario } from './hand-written.ts';

test('a host that had stood still deleted the pod of a task that had succeeded meanwhile, and its log with it', async () => {
  const from = scenario([0, agent()], [100, create('t0', { runForMs: 1_000 })]);
  const { writes } = await run(from);
  for (let write = 1; write <= writes; write++) {
    const { violations, ledger, lines } = await run(from, new Map([[write, 'Pauses']]));
    expect(violations, lines.join('\n')).toEqual([]);
    const [pod] = ledger.pods.values();
    expect(pod?.deletion, `stands still at write ${write}:\n${lines.join('\n')}`).toBeUndefined();
  }
});

test('by a host whose clock is behind a task that was stopped between two attempts had ended before it started', async () => {
  const retry = { limit: 1, backoff: { initial: '60s' } };
  const { violations, ledger, lines } = await run({
    ...scenario(
      [0, agent()],
      [50, { type: 'JumpClock', byMs: -600_000 }],
      [100, create('t0', { outcome: 'fail' }, { retry })],
      [20_000, { type: 'StopTask', at: at('t0') }],
    ),
    isUndated: true,
  });
  expect(violations, lines.join('\n')).toEqual([]);
  const [task] = ledger.tasks.values();
  const { startTime, completionTime, ...status } = task?.latest.status ?? {};
  expect(status, lines.join('\n')).toMatchObject({ phase: 'Completed', cause: 'Stopped', attempts: [{ number: 1, cause: 'Application' }] });
  expect(completionTime).toBe(startTime);
});

test('the pod of an attempt that is over, made late by a leader that was none any more, is deleted and changes nothing', async () => {
  const from = scenario(
    [0, agent()],
    [100, create('t0', {}, { retry: { limit: 1, backoff: { initial: '1s' } } })],
    [2_000, { type: 'Delete', kind: 'Pod', at: at('t0-pod'), options: {} }],
  );
  const { writes } = await run(from);
  for (let write = 1; write <= writes; write++) {
    const { violations, ledger, lines } = await run(from, new Map([[write, 'Pauses']]));
    expect(violations, lines.join('\n')).toEqual([]);
    const [task] = ledger.tasks.values();
    expect(task?.latest.status, `stands still at write ${write}:\n${lines.join('\n')}`).toMatchObject({ phase: 'Completed' });
  }
});

test('an agent that had ended by itself, after its stop was announced and beside a container that ran on, was told as stopped', async () => {
  const { violations, ledger, lines } = await run(
    scenario(
      [0, { type: 'Webhook', adds: { sidecar: true } }],
      [0, agent()],
      [0, create('t0', { runForMs: 1_000 }, { stop: { mode: 'Delete' } })],
      [3_000, { type: 'StopTask', at: at('t0') }],
    ),
  );
  expect(violations, lines.join('\n')).toEqual([]);
  const [task] = ledger.tasks.values();
  expect(task?.latest.status, lines.join('\n')).toMatchObject({ phase: 'Completed' });
  expect(task?.latest.status?.cause, lines.join('\n')).toBeUndefined();
});
