import { expect, test } from 'vitest';
import { createWorld } from '#host/cluster/memory/world.ts';
import { LEDGERS } from '#host/controller/controller.ts';
import { agent, agentTask, NAMESPACE, task, template } from '#test/support/builders.ts';
import { newObject } from '#test/support/new-object.ts';
import { sourceEngine } from '#test/support/source-engine.ts';
import { virtualHost } from '#test/support/virtual-host.ts';

const ZERO = Object.fromEntries(LEDGERS.map((ledger) => [ledger, 0]));
const COUNT = 300;

test('nothing is kept of Tasks that were created, run, stopped and deleted, whatever became of the calls', async () => {
  const world = createWorld();
  world.apply(newObject('AgentTemplate', template()));
  world.apply(newObject('Agent', agent({ maxConcurrentTasks: 20, quota: { maxTaskStarts: 60, windowSeconds: 60 } })));
  let calls = 0;
  const host = virtualHost({
    engine: sourceEngine,
    world,
    faults: {
      onCall: ({ verb }) => {
        calls += 1;
        if (calls % 23 === 0 && ['create', 'patch', 'delete'].includes(verb)) return { lose: { type: 'Unreachable', message: 'reset' } };
        if (calls % 41 === 0)
          return { refuse: { type: 'Refused', code: 429, reason: 'TooManyRequests', message: 'slow', retryAfterMs: 500 } };
        return { delayMs: calls % 5 };
      },
      onDelivery: () => ({ type: 'Deliver', delayMs: calls % 300 }),
    },
  });
  await host.start();
  const names = Array.from({ length: COUNT }, (_, index) => `t${index}`);
  for (const [index, name] of names.entries()) {
    world.apply(newObject('Task', index % 2 === 0 ? task({ name }) : agentTask({ name })));
    if (index % 7 === 0) await world.clock.advance(500);
    if (index % 11 === 10) {
      const stop = { metadata: { annotations: { 'kubeopencode.io/stop': 'true' } } };
      world.server.patch({ kind: 'Task', namespace: NAMESPACE, name: names[index - 5] ?? '' }, stop, { patchType: 'merge' });
    }
    if (index % 13 === 12) world.server.delete({ kind: 'Task', namespace: NAMESPACE, name: names[index - 3] ?? '' }, {});
  }
  await world.clock.advance(900_000);
  expect(host.controller.counts().ledgers).toMatchObject({ effects: 0, outcomes: 0, pending: 0, places: 0, queue: 0, starts: 0 });
  expect(host.controller.counts().ledgers.finished).toBeGreaterThan(COUNT / 2);
  for (const name of names) world.server.delete({ kind: 'Task', namespace: NAMESPACE, name }, {});
  await world.clock.advance(120_000);
  expect([...world.server.store.values('Pod')]).toEqual([]);
  expect(host.controller.counts().ledgers).toEqual(ZERO);
  for (const kind of ['Task', 'Pod'] as const) expect(host.caches.store.count(kind)).toBe(0);
});
