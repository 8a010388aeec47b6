import { expect, test } from 'vitest';
import { type Happening, NODES } from '#host/simulation/scenario.ts';
import { shrink } from '#host/simulation/shrink.ts';
import { quickEngine } from '#test/support/source-engine.ts';
import { agent, at, create, scenario } from './hand-written.ts';
import { decidesLike } from './mutant.ts';

const engine = quickEngine();

/** Forgets one Task, which never ends then. */
const mutation = {
  name: 'a Task is forgotten',
  engine: decidesLike((decided, { subject }) => (subject.name === 't1' ? { ...decided, actions: [] } : decided)),
};

const held = (isHeld: boolean): Happening => ({ type: 'Hold', kind: 'Task', at: at('t0'), isHeld });

// In each, the later half is what puts it right, and may be left out before anything else.
test.each([
  {
    wrong: 'nodes that are lost',
    from: scenario(
      [0, agent()],
      [100, create('t0', { runForMs: 60_000 }, { timeout: '16s', retry: { limit: 3, causes: { NodeLost: 2 } } })],
      ...NODES.map(({ name: node }) => [10_000, { type: 'NodeLost', node }] as const),
      [20_000, create('t1', {})],
      ...NODES.map(({ name: node }) => [400_000, { type: 'NodeBack', node }] as const),
    ),
  },
  {
    wrong: 'a quota',
    from: scenario(
      [0, agent()],
      [50, { type: 'PodQuota', hard: 0 }],
      [100, create('t0', {})],
      [20_000, create('t1', {})],
      [30_000, { type: 'PodQuota', hard: null }],
      [40_000, { type: 'Compact' }],
    ),
  },
  {
    wrong: 'a task that somebody holds',
    from: scenario(
      [0, agent()],
      [100, create('t0', {})],
      [150, held(true)],
      [200, { type: 'Delete', kind: 'Task', at: at('t0'), options: {} }],
      [20_000, create('t1', {})],
      [30_000, held(false)],
      [40_000, { type: 'Compact' }],
      [41_000, { type: 'Compact' }],
    ),
  },
])('what is left of a history shows its own violation, not what $wrong would break without the end of it', async ({ from }) => {
  const { scenario: small, history } = await shrink(from, { engine, mutation });
  expect(history.violations, history.lines.join('\n')).toMatchObject([
    { rule: 'every-task-ends', says: expect.stringContaining('team-a/t1 ') },
  ]);
  expect(small.happenings.map(({ happening }) => happening.type)).toEqual(['CreateTask']);
});
