import { describe, expect, test } from 'vitest';
import type { Result } from '#host/cluster/cluster.ts';
import type { User } from '#host/cluster/rest/reviews.ts';
import { accessGuard, guarded } from '#host/observe/guard.ts';
import { createLog } from '#host/observe/log.ts';
import type { Asked } from '#host/observe/server.ts';
import { VirtualClock } from '#host/virtual-clock.ts';

/** An API server that knows one user, who may get /metrics. */
function apiServer() {
  const asked: string[] = [];
  const state = { isAway: false, mayRead: true, hold: Promise.resolve() };
  const away: Result<never> = { ok: false, error: { type: 'Unreachable', message: 'away' } };
  return {
    asked,
    state,
    authenticate: async (token: string): Promise<Result<User | null>> => {
      asked.push(`who is ${token}`);
      await state.hold;
      return state.isAway ? away : { ok: true, value: token === 'good' ? { username: 'prometheus', groups: ['g'] } : null };
    },
    authorize: async (user: User, { verb, path }: { verb: string; path: string }): Promise<Result<boolean>> => {
      asked.push(`may ${user.username} ${verb} ${path}`);
      return { ok: true, value: state.mayRead && path === '/metrics' };
    },
  };
}

function setUp() {
  const clock = new VirtualClock({ startMs: 0 });
  const api = apiServer();
  const written: string[] = [];
  const log = createLog({ level: 'info', clock, stream: { write: (line) => void written.push(line) } });
  const guard = accessGuard(api, clock, log);
  const ask = async (authorization?: string, path = '/metrics', method = 'GET'): Promise<number> => {
    const asked: Asked = { method, path, query: new URLSearchParams(), headers: { authorization }, body: async () => '' };
    return (await guard(asked))?.code ?? 200;
  };
  return { clock, api, written, ask, guard };
}

describe('a guard', () => {
  test.each([
    [undefined, '/metrics', 'GET', 401],
    ['Basic abc', '/metrics', 'GET', 401],
    ['Bearer bad', '/metrics', 'GET', 401],
    ['Bearer good', '/metrics', 'GET', 200],
    ['bearer good', '/metrics', 'GET', 200],
    ['Bearer good', '/debug/queue', 'GET', 403],
  ])('%s for %s %s: %i', async (authorization, path, method, code) => expect(await setUp().ask(authorization, path, method)).toBe(code));

  test('asks with the method as the verb, and for each path anew', async () => {
    const { ask, api } = setUp();
    await ask('Bearer good', '/debug/loglevel', 'PUT');
    expect(api.asked).toEqual(['who is good', 'may prometheus put /debug/loglevel']);
  });

  test('remembers a permission for a minute and a refusal for ten seconds', async () => {
    const { ask, api, clock } = setUp();
    expect([await ask('Bearer good'), await ask('Bearer good'), await ask('Bearer bad'), await ask('Bearer bad')]).toEqual([
      200, 200, 401, 401,
    ]);
    expect(api.asked).toEqual(['who is good', 'may prometheus get /metrics', 'who is bad']);
    api.state.mayRead = false;
    await clock.advance(11_000);
    expect([await ask('Bearer good'), await ask('Bearer bad')]).toEqual([200, 401]);
    expect(api.asked.slice(3)).toEqual(['who is bad']);
    await clock.advance(50_000);
    expect(await ask('Bearer good')).toBe(403);
  });

  test('lets nobody in while the API server is away, says so in the log, and remembers nothing of it', async () => {
    const { ask, api, written } = setUp();
    api.state.isAway = true;
    expect(await ask('Bearer good')).toBe(503);
    expect(written.join('')).toContain('away');
    expect(written.join('')).not.toContain('good');
    api.state.isAway = false;
    expect(await ask('Bearer good')).toBe(200);
  });

  test('asks of no more than eight at a time, and remembers no more than 512, whoever makes tokens up', async () => {
    const { ask, api } = setUp();
    let free = (): void => {};
    api.state.hold = new Promise((resolve) => {
      free = resolve;
    });
    const codes = Array.from({ length: 10 }, (_, index) => ask(`Bearer t${index}`));
    free();
    expect((await Promise.all(codes)).filter((code) => code === 429).length).toBe(2);
    expect(await ask('Bearer good')).toBe(200);
    for (let index = 0; index < 600; index += 1) await ask(`Bearer made-up-${index}`);
    const before = api.asked.length;
    await ask('Bearer made-up-599');
    expect(api.asked.length).toBe(before);
    await ask('Bearer good');
    expect(api.asked.length).toBe(before + 2);
  });

  test('stands before every route', async () => {
    const { guard } = setUp();
    const routes = guarded(
      { '/a': () => ({ code: 200, contentType: '', text: 'a' }), 'PUT /b': () => ({ code: 200, contentType: '', text: 'b' }) },
      guard,
    );
    const asked: Asked = { method: 'GET', path: '/a', query: new URLSearchParams(), headers: {}, body: async () => '' };
    expect(await Promise.all(Object.values(routes).map((route) => route(asked)))).toMatchObject([{ code: 401 }, { code: 401 }]);
  });
});
