import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Reflector } from '#host/cluster/reflector-driver.ts';
import { createRestCluster, type RestCluster } from '#host/cluster/rest/rest-cluster.ts';
import { Store } from '#host/cluster/store.ts';
import { realClock } from '#host/real-clock.ts';
import { type FakeApiServer, type Fault, startFakeApiServer, type Verb } from '#test/support/fake-apiserver.ts';

/** Reflector, transport and a real socket together, with timers that run faster than the world. */
let server: FakeApiServer;
let cluster: RestCluster | undefined;
let abort: AbortController;
let unhandled: unknown[];
const onUnhandled = (reason: unknown): void => {
  unhandled.push(reason);
};

beforeEach(async () => {
  server = await startFakeApiServer();
  abort = new AbortController();
  unhandled = [];
  process.on('unhandledRejection', onUnhandled);
});

afterEach(async () => {
  abort.abort();
  await cluster?.close();
  await server.close();
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled).toEqual([]);
});

async function reflect(speed = 20): Promise<{ store: Store; reflector: Reflector }> {
  const clock = { ...realClock, after: (delayMs: number, fire: () => void) => realClock.after(delayMs / speed, fire) };
  // The transport keeps real time: a busy machine must not look like a fault.
  cluster = await createRestCluster({ kubeconfig: server.kubeconfig, clock: realClock });
  const store = new Store();
  const scope = { kind: 'Task', namespace: 'team-a' } as const;
  const reflector = new Reflector({ cluster, clock, scope, sink: store.sink('Task', 'team-a'), signal: abort.signal });
  return { store, reflector };
}

const put = (name: string, phase = 'Running') =>
  server.store.put('Task', { metadata: { name, namespace: 'team-a' }, spec: { description: name }, status: { phase } } as Parameters<
    typeof server.store.put
  >[1]);

const served = () =>
  server.store
    .list('Task', 'team-a')
    .map(({ metadata }) => `${metadata.name}@${metadata.uid}@${metadata.resourceVersion}`)
    .sort();
const stored = (store: Store) =>
  [...store.list('Task')].map(({ metadata }) => `${metadata.name}@${metadata.uid}@${metadata.resourceVersion}`).sort();

async function until(holds: () => boolean): Promise<void> {
  for (let waitedMs = 0; !holds(); waitedMs += 10) {
    if (waitedMs > 10_000) throw new Error('expected it to hold within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const equal = (store: Store) => until(() => JSON.stringify(stored(store)) === JSON.stringify(served()));

describe('faults', () => {
  test.each<[string, Verb, Fault, object]>([
    ['list-429-with-retry-after', 'list', { type: 'Status', code: 429, retryAfter: '2' }, { Throttled: 1 }],
    ['list-500', 'list', { type: 'Status', code: 500 }, { ServerError: 1 }],
    ['list-403-until-rbac-is-there', 'list', { type: 'Status', code: 403, reason: 'Forbidden' }, { Refused: 1 }],
    ['list-404-until-the-crd-is-there', 'list', { type: 'Status', code: 404, reason: 'NotFound' }, { Refused: 1 }],
    ['list-reset', 'list', { type: 'ResetBeforeWrite' }, { Unreachable: 1 }],
    ['list-slow-body', 'list', { type: 'Pieces', bytes: 50, delayMs: 1 }, {}],
    ['list-behind-a-login-page', 'list', { type: 'Raw', code: 200, body: '<html>' }, { Unreachable: 1 }],
    ['watch-410-as-status', 'watch', { type: 'Status', code: 410, reason: 'Expired' }, { Expired: 1 }],
    ['watch-410-mid-stream', 'watch', { type: 'ErrorFrame', afterFrames: 2, code: 410, reason: 'Expired' }, { Expired: 1 }],
    ['watch-429', 'watch', { type: 'Status', code: 429, retryAfter: '2' }, { Throttled: 1 }],
    ['watch-500', 'watch', { type: 'Status', code: 500 }, { ServerError: 1 }],
    ['watch-500-mid-stream', 'watch', { type: 'ErrorFrame', afterFrames: 1, code: 500, reason: 'InternalError' }, { ServerError: 1 }],
    ['watch-cut', 'watch', { type: 'Cut', afterFrames: 2 }, { Unreachable: 1 }],
    ['watch-cut-mid-frame', 'watch', { type: 'CutMidFrame', afterFrames: 2 }, { Unreachable: 1 }],
    ['watch-closed-at-once', 'watch', { type: 'Close', afterFrames: 0 }, { ClosedEarly: 1 }],
    ['watch-closed-after-some', 'watch', { type: 'Close', afterFrames: 2 }, { Closed: 1 }],
    ['watch-split-frames', 'watch', { type: 'Pieces', bytes: 7, delayMs: 0 }, {}],
  ])('%s', async (_, verb, fault, restarts) => {
    for (const name of ['a', 'b', 'c']) put(name);
    server.fail(verb, fault);
    const { store, reflector } = await reflect();
    if (verb === 'watch') await until(() => server.requests.some((request) => request.verb === 'watch'));
    put('d');
    put('a', 'Completed');
    server.store.remove('Task', 'team-a', 'b');
    server.store.put('Task', { metadata: { name: 'c', namespace: 'team-a', uid: 'another' } });
    await equal(store);
    expect(reflector.isSynced).toBe(true);
    expect(reflector.counters.restarts).toMatchObject(restarts);
    expect(server.watches).toBeLessThanOrEqual(1);
  });

  test('watch-stalled', async () => {
    put('a');
    server.fail('watch', { type: 'Stall', afterFrames: 1 });
    const { store, reflector } = await reflect(200);
    await until(() => server.watches === 1);
    put('b');
    put('c');
    await equal(store);
    expect(reflector.counters.restarts.Idle).toBeGreaterThanOrEqual(1);
  });

  test('server-gone-and-back', async () => {
    put('a');
    server.fail('watch', { type: 'Close', afterFrames: 1 });
    server.fail('watch', { type: 'ResetBeforeWrite' }, 4);
    const { store, reflector } = await reflect(100);
    await reflector.synced;
    server.fail('list', { type: 'ResetBeforeWrite' }, 2);
    server.fail('watch', { type: 'Status', code: 410 });
    await until(() => server.watches === 1);
    for (let index = 0; index < 5; index++) put(`n${index}`);
    server.store.compact();
    await equal(store);
    expect(reflector.counters.restarts).toMatchObject({ Closed: 1, Expired: 1, Unreachable: 6 });
  });
});

/** The first page takes so long that what a test does meanwhile falls between the pages. */
const slowPage: Fault = { type: 'Pieces', bytes: 1_000_000, delayMs: 100 };

test('paging: 1,234 objects come in three pages, and what is written between them is not lost', async () => {
  for (let index = 0; index < 1_234; index++) put(`t${String(index).padStart(5, '0')}`);
  server.fail('list', slowPage);
  const { store, reflector } = await reflect();
  await until(() => server.requests.length === 1);
  put('a-late-one');
  server.store.remove('Task', 'team-a', 't00500');
  await equal(store);
  expect(reflector.counters).toMatchObject({ lists: 1, pages: 3, restarts: { Closed: 0 } });
  expect(server.requests.filter(({ verb }) => verb === 'list').map(({ query }) => query.limit)).toEqual(['500', '500', '500']);
});

test('list-410-between-pages begins again and ends complete', async () => {
  for (let index = 0; index < 600; index++) put(`t${index}`);
  server.fail('list', slowPage);
  server.fail('list', { type: 'Status', code: 410, reason: 'Expired' });
  const { store, reflector } = await reflect();
  await until(() => server.requests.length === 1);
  server.store.remove('Task', 'team-a', 't0');
  await equal(store);
  expect(reflector.counters).toMatchObject({ lists: 2, pages: 4, restarts: { Expired: 1 } });
});
