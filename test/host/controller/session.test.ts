import { describe, expect, test } from 'vitest';
import type { Task } from '#core/api/task.ts';
import { createWorld } from '#host/cluster/memory/world.ts';
import type { Sessions } from '#host/controller/effects.ts';
import { agent, agentTask, NAMESPACE } from '#test/support/builders.ts';
import { newObject } from '#test/support/new-object.ts';
import { sourceEngine } from '#test/support/source-engine.ts';
import { virtualHost } from '#test/support/virtual-host.ts';

const AWAY = { ok: false, error: { type: 'Unreachable', message: 'connection refused' } } as const;

/** Attach Tasks whose Agent's server answers as the test says, from first to last. */
async function attached(count: number, summary: Sessions['summary'], more: Parameters<typeof agent>[0] = {}) {
  const world = createWorld();
  const server = { ...agent({ execution: 'Attach', ...more }), status: { ready: true } };
  world.apply(newObject('Agent', server));
  world.server.patch(
    { kind: 'Agent', namespace: NAMESPACE, name: 'coder' },
    { status: { ready: true } },
    { patchType: 'merge', subresource: 'status' },
  );
  const host = virtualHost({ engine: sourceEngine, world, sessions: { summary, abort: async () => ({ ok: true, value: null }) } });
  await host.start();
  for (let index = 0; index < count; index++) world.apply(newObject('Task', agentTask({ name: `t${index}` })));
  const status = (index = 0) => host.get<Task>('Task', NAMESPACE, `t${index}`)?.status;
  await world.clock.runUntil(() => status(count - 1)?.completionTime !== undefined, world.clock.now() + 60_000);
  return { world, host, status };
}

describe('an Agent’s server that is away when its Task ends', () => {
  test('is asked again until it tells, and the end waits for nothing', async () => {
    let asked = 0;
    const { world, host, status } = await attached(1, async () => {
      asked += 1;
      return asked < 4 ? AWAY : { ok: true, value: { id: 'ses_1', summary: { cost: '0.120000' } } };
    });
    expect(status()).toMatchObject({ phase: 'Completed', session: { title: expect.stringContaining('/t0/') } });
    await world.clock.advance(240_000);
    expect(asked).toBe(3);
    expect(status()?.session?.id).toBeUndefined();
    await world.clock.advance(120_000);
    expect(status()?.session).toMatchObject({ id: 'ses_1', summary: { cost: '0.120000' } });
    const before = host.decisions.length;
    await world.clock.advance(7_200_000);
    expect([asked, host.decisions.length]).toEqual([4, before]);
    expect(host.controller.counts().ledgers).toMatchObject({ outcomes: 0 });
  });

  test('five times in all', async () => {
    let asked = 0;
    const { world, host } = await attached(1, async () => {
      asked += 1;
      return AWAY;
    });
    await world.clock.advance(24 * 3_600_000);
    expect(asked).toBe(5);
    expect(host.controller.counts()).toMatchObject({ depth: 0, effects: 0, ledgers: { outcomes: 0 } });
  });

  test('and never answers holds up no other Task', async () => {
    const mute: Sessions['summary'] = (_, __, signal) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve(AWAY), { once: true }));
    const { status } = await attached(40, mute);
    expect(Array.from({ length: 40 }, (_, index) => status(index)?.phase)).toEqual(Array.from({ length: 40 }, () => 'Completed'));
  });

  test('also when the Task was stopped, and its Pod is gone', async () => {
    let asked = 0;
    const world = createWorld();
    world.apply(newObject('Agent', agent({ execution: 'Attach', podSpec: { labels: { 'sim.kubeopencode.io/outcome': 'never' } } })));
    world.server.patch(
      { kind: 'Agent', namespace: NAMESPACE, name: 'coder' },
      { status: { ready: true } },
      { patchType: 'merge', subresource: 'status' },
    );
    const urls: string[] = [];
    const sessions: Sessions = {
      summary: async (url) => {
        urls.push(url);
        asked += 1;
        return asked === 1 ? AWAY : { ok: true, value: { id: 'ses_1' } };
      },
      abort: async () => ({ ok: true, value: null }),
    };
    const host = virtualHost({ engine: sourceEngine, world, sessions });
    await host.start();
    world.apply(newObject('Task', agentTask({ name: 't0' })));
    await world.clock.advance(20_000);
    world.server.patch(
      { kind: 'Task', namespace: NAMESPACE, name: 't0' },
      { metadata: { annotations: { 'kubeopencode.io/stop': 'true' } } },
      { patchType: 'merge' },
    );
    await world.clock.advance(120_000);
    expect(host.get('Pod', NAMESPACE, 't0-pod')).toBeUndefined();
    expect(host.get<Task>('Task', NAMESPACE, 't0')?.status).toMatchObject({ cause: 'Stopped', session: { id: 'ses_1' } });
    expect(urls).toEqual(Array.from({ length: 2 }, () => 'http://coder.team-a.svc.cluster.local:4096'));
  });
});
