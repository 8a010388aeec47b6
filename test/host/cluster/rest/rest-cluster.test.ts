import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Address, ClusterError, Result, WatchEvent } from '#host/cluster/cluster.ts';
import type { Exchange } from '#host/cluster/rest/connection.ts';
import { createRestCluster, type RestCluster } from '#host/cluster/rest/rest-cluster.ts';
import { realClock } from '#host/real-clock.ts';
import { datesTo, serverClock } from '#host/server-clock.ts';
import { type FakeApiServer, startFakeApiServer } from '#test/support/fake-apiserver.ts';

let server: FakeApiServer;
let cluster: RestCluster;

beforeEach(async () => {
  server = await startFakeApiServer();
  cluster = await createRestCluster({ kubeconfig: server.kubeconfig, clock: realClock, requestTimeoutMs: 2_000, connections: 16 });
});

afterEach(async () => {
  await cluster.close();
  await server.close();
});

const config = (name: string, more: object = {}) => ({ kind: 'ConfigMap' as const, metadata: { name, namespace: 'team-a' }, ...more });
const address = (name: string): Address => ({ kind: 'ConfigMap', namespace: 'team-a', name });

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`expected a value, came ${JSON.stringify(result.error)}`);
  return result.value;
}

function failure(result: Result<unknown>): ClusterError {
  if (result.ok) throw new Error('expected an error, came a value');
  return result.error;
}

async function until(holds: () => boolean): Promise<void> {
  for (let waitedMs = 0; !holds(); waitedMs += 5) {
    if (waitedMs > 5_000) throw new Error('expected it to hold within 5 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function collect(events: AsyncIterable<WatchEvent>, count: number, abort?: AbortController): Promise<WatchEvent[]> {
  const seen: WatchEvent[] = [];
  for await (const event of events) {
    seen.push(event);
    if (seen.length === count) abort?.abort();
  }
  return seen;
}

const watchConfigs = (signal: AbortSignal, resourceVersion = '100', timeoutSeconds = 60) =>
  cluster.watch({ kind: 'ConfigMap', namespace: 'team-a', resourceVersion, timeoutSeconds }, signal);

describe('requests', () => {
  test('tell what time it is at the API server', async () => {
    const time = serverClock({ clock: { ...realClock, now: () => realClock.now() + 318_000 } });
    const dated = await createRestCluster({ kubeconfig: server.kubeconfig, clock: realClock, onExchange: datesTo(time) });
    expect(time.clock.now() - realClock.now()).toBeGreaterThan(300_000);
    expect((await dated.list({ kind: 'ConfigMap', namespace: 'team-a' })).ok).toBe(true);
    expect(Math.abs(time.clock.now() - realClock.now())).toBeLessThan(7_000);
    await dated.close();
  });

  test('say who is asking and with whose token', async () => {
    await cluster.get(address('a'));
    expect(server.requests[0]?.headers).toMatchObject({
      'user-agent': expect.stringMatching(/^kubeopencode-host\/\d+\.\d+\.\d+$/),
      authorization: 'Bearer test-token',
      accept: 'application/json',
    });
  });

  test('go to the path of their kind, group and namespace', async () => {
    const paths = async (call: Promise<unknown>) => {
      await call;
      return server.requests.at(-1)?.path;
    };
    expect(await paths(cluster.get({ kind: 'Task', namespace: 'team-a', name: 'x' }))).toBe(
      '/apis/kubeopencode.io/v1alpha1/namespaces/team-a/tasks/x',
    );
    expect(await paths(cluster.get({ kind: 'KubeOpenCodeConfig', namespace: '', name: 'cluster' }))).toBe(
      '/apis/kubeopencode.io/v1alpha1/kubeopencodeconfigs/cluster',
    );
    expect(await paths(cluster.list({ kind: 'Pod' }))).toBe('/api/v1/pods');
    expect(await paths(cluster.patch({ kind: 'Task', namespace: 'n', name: 'x' }, {}, { patchType: 'merge', subresource: 'status' }))).toBe(
      '/apis/kubeopencode.io/v1alpha1/namespaces/n/tasks/x/status',
    );
  });

  test.each([
    ['merge', 'application/merge-patch+json'],
    ['strategic', 'application/strategic-merge-patch+json'],
  ] as const)('a %s patch is sent as %s', async (patchType, contentType) => {
    const { uid } = server.store.put('ConfigMap', config('a', { data: { old: '1' } })).metadata;
    const patched = value(await cluster.patch(address('a'), { metadata: { uid }, data: { old: null, fresh: '2' } }, { patchType }));
    expect(patched).toMatchObject({ data: { fresh: '2' } });
    expect(server.requests.at(-1)?.headers['content-type']).toBe(contentType);
  });

  test('a delete carries its preconditions, grace and propagation', async () => {
    const { uid } = server.store.put('ConfigMap', config('a')).metadata;
    const options = { uid: uid ?? '', resourceVersion: '7', gracePeriodSeconds: 3, propagationPolicy: 'Foreground' as const };
    expect(value(await cluster.delete(address('a'), options))).toBeNull();
    expect(JSON.parse(server.requests.at(-1)?.body ?? '')).toEqual({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid, resourceVersion: '7' },
      gracePeriodSeconds: 3,
      propagationPolicy: 'Foreground',
    });
  });

  test('a delete of a Pod that a finalizer holds answers with the Pod, one that nothing holds with null', async () => {
    const pod = { kind: 'Pod' as const, namespace: 'team-a', name: 'p' };
    server.store.put('Pod', { metadata: { name: 'p', namespace: 'team-a', finalizers: ['a/b'] } });
    expect(value(await cluster.delete(pod, {}))).toMatchObject({ metadata: { deletionTimestamp: expect.any(String) } });
    server.store.put('Pod', { metadata: { name: 'p', namespace: 'team-a' } });
    expect(value(await cluster.delete(pod, {}))).toBeNull();
  });

  test('a delete with another UID is refused', async () => {
    server.store.put('ConfigMap', config('a'));
    expect(failure(await cluster.delete(address('a'), { uid: 'other' }))).toMatchObject({ type: 'Refused', code: 409, reason: 'Conflict' });
    expect(server.store.get('ConfigMap', 'team-a', 'a')).toBeDefined();
  });

  test('create answers with the object as stored, a repetition with AlreadyExists, replace of an old version with Conflict', async () => {
    const created = value(await cluster.create(config('a', { data: { x: 'ä' } })));
    expect(created).toMatchObject({ data: { x: 'ä' }, metadata: { uid: expect.any(String) } });
    expect(failure(await cluster.create(config('a')))).toMatchObject({ type: 'Refused', code: 409, reason: 'AlreadyExists' });
    const old = { ...config('a'), metadata: { ...created.metadata, resourceVersion: '1' } };
    expect(failure(await cluster.replace(old))).toMatchObject({ type: 'Refused', code: 409, reason: 'Conflict' });
    expect(value(await cluster.replace({ ...old, metadata: created.metadata })).metadata.uid).toBe(created.metadata.uid);
  });

  test('lists come in pages, and their items have a kind', async () => {
    for (let index = 0; index < 5; index++) server.store.put('ConfigMap', config(`c${index}`));
    const first = value(await cluster.list({ kind: 'ConfigMap', namespace: 'team-a', limit: 3 }));
    expect(first.items).toHaveLength(3);
    expect(first.items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
    const { continueToken = '' } = first;
    const second = value(await cluster.list({ kind: 'ConfigMap', namespace: 'team-a', limit: 3, continueToken }));
    expect(second.items.map(({ metadata }) => metadata.name)).toEqual(['c3', 'c4']);
    expect(second.continueToken).toBeUndefined();
  });

  test('logs are text, with their limits in the query', async () => {
    server.log = 'line one\nline zwö\n';
    expect(
      value(await cluster.logs({ kind: 'Pod', namespace: 'team-a', name: 'p' }, { container: 'agent', tailLines: 5, limitBytes: 99 })),
    ).toBe(server.log);
    expect(server.requests.at(-1)?.query).toEqual({ container: 'agent', tailLines: '5', limitBytes: '99' });
  });
});

describe('refusals and failures are values', () => {
  test.each([
    ['seconds', () => '7', 7_000],
    ['a date', () => new Date(Date.now() + 20_000).toUTCString(), 20_000],
    ['a date in the past', () => 'Wed, 21 Oct 2015 07:28:00 GMT', 0],
    ['nonsense', () => 'soon', undefined],
  ])('429 with Retry-After in %s', async (_, header, expectedMs) => {
    const retryAfter = header();
    server.fail('get', { type: 'Status', code: 429, reason: 'TooManyRequests', retryAfter });
    const error = failure(await cluster.get(address('a')));
    if (error.type !== 'Refused') throw new Error(`expected Refused, came ${error.type}`);
    expect(error).toMatchObject({ code: 429, reason: 'TooManyRequests', message: 'as the test asked' });
    if (expectedMs === undefined) expect(error.retryAfterMs).toBeUndefined();
    else expect(Math.abs((error.retryAfterMs ?? Number.NaN) - expectedMs)).toBeLessThan(2_000);
  });

  test('500 from something that is no API server', async () => {
    server.fail('get', { type: 'Raw', code: 502, body: '<html>bad gateway</html>' });
    expect(failure(await cluster.get(address('a')))).toMatchObject({
      type: 'Refused',
      code: 502,
      reason: '',
      message: 'HTTP 502 without a Status: <html>bad gateway</html>',
    });
  });

  test.each([
    [
      'a login page',
      { type: 'Raw', code: 200, body: '<html>log in</html>' } as const,
      /expected an object of the API, came HTTP 200 with text\/html/,
    ],
    ['a redirect', { type: 'Raw', code: 302, body: '' } as const, /came HTTP 302/],
    ['a connection that dies', { type: 'ResetBeforeWrite' } as const, /GET http:.*configmaps\/a: /],
  ])('%s is Unreachable', async (_, fault, message) => {
    server.fail('get', fault);
    const error = failure(await cluster.get(address('a')));
    expect(error.type).toBe('Unreachable');
    expect(error.message).toMatch(message);
  });

  test('no answer is Unreachable after the request timeout', async () => {
    const quick = await createRestCluster({ kubeconfig: server.kubeconfig, clock: realClock, requestTimeoutMs: 50 });
    server.fail('get', { type: 'Silence' });
    const error = failure(await quick.get(address('a')));
    await quick.close();
    expect(error).toMatchObject({ type: 'Unreachable', message: expect.stringContaining('expected an answer within 0.05 s') });
  });

  test('a body that drips in too slowly is cut by the same timeout', async () => {
    const quick = await createRestCluster({ kubeconfig: server.kubeconfig, clock: realClock, requestTimeoutMs: 100 });
    server.store.put('ConfigMap', config('a', { data: { x: 'y'.repeat(500) } }));
    server.fail('get', { type: 'Pieces', bytes: 10, delayMs: 20 });
    expect(failure(await quick.get(address('a')))).toMatchObject({ type: 'Unreachable', message: expect.stringContaining('within 0.1 s') });
    await until(() => server.connections.open === 0);
    await quick.close();
  });

  test('a body that breaks off is Unreachable, and its request is told once', async () => {
    const told: Exchange[] = [];
    const observed = await createRestCluster({ kubeconfig: server.kubeconfig, clock: realClock, onExchange: (one) => told.push(one) });
    server.fail('list', { type: 'Broken' });
    expect(failure(await observed.list({ kind: 'ConfigMap' }))).toMatchObject({ type: 'Unreachable' });
    expect(told.map(({ came }) => came)).toMatchObject([{ type: 'Answer', code: 200 }]);
    await observed.close();
  });

  test('an address that is none is Unreachable', async () => {
    const kubeconfig = server.kubeconfig.replace(/kubeconfig$/, 'nowhere');
    writeFileSync(kubeconfig, readFileSync(server.kubeconfig, 'utf8').replace(server.url, 'nowhere'));
    const lost = await createRestCluster({ kubeconfig, clock: realClock });
    expect(failure(await lost.get(address('a')))).toMatchObject({ type: 'Unreachable', message: expect.stringContaining('Invalid URL') });
    await lost.close();
  });

  test('a write whose answer is lost is Unreachable, and done', async () => {
    server.fail('create', { type: 'ResetAfterWrite' });
    expect(failure(await cluster.create(config('a')))).toMatchObject({
      type: 'Unreachable',
      message: expect.stringContaining('read before trying again'),
    });
    expect(server.store.get('ConfigMap', 'team-a', 'a')).toBeDefined();
    expect(failure(await cluster.create(config('a')))).toMatchObject({ code: 409, reason: 'AlreadyExists' });
  });

  test('a server that is not there', async () => {
    await server.close();
    const error = failure(await cluster.get(address('a')));
    expect(error).toMatchObject({ type: 'Unreachable', message: expect.stringMatching(/ECONNREFUSED.*check that the API server runs/) });
    server = await startFakeApiServer();
  });

  test('a closed cluster', async () => {
    await cluster.close();
    expect(failure(await cluster.get(address('a')))).toMatchObject({
      type: 'Unreachable',
      message: expect.stringContaining('it was closed'),
    });
  });
});

describe('connections', () => {
  test('one serves 200 GETs in a row, whatever the answer', async () => {
    server.store.put('ConfigMap', config('a'));
    for (let index = 0; index < 200; index++) {
      if (index % 10 === 0) server.fail('get', { type: 'Status', code: 500 });
      await cluster.get(address(index % 3 === 0 ? 'missing' : 'a'));
    }
    expect(server.requests).toHaveLength(200);
    expect(server.connections.opened).toBe(1);
  });

  test('400 GETs at once share at most 16', async () => {
    server.store.put('ConfigMap', config('a'));
    server.fail('get', { type: 'Pieces', bytes: 1_000, delayMs: 2 }, 400);
    const results = await Promise.all(Array.from({ length: 400 }, () => cluster.get(address('a'))));
    expect(results.every((result) => result.ok)).toBe(true);
    expect(server.connections.opened).toBeLessThanOrEqual(16);
    expect(server.connections.opened).toBeGreaterThan(8);
  });

  test('watches leave the calls their connections', async () => {
    const narrow = await createRestCluster({ kubeconfig: server.kubeconfig, clock: realClock, requestTimeoutMs: 2_000, connections: 1 });
    const abort = new AbortController();
    const open = [1, 2, 3].map(() =>
      collect(narrow.watch({ kind: 'ConfigMap', resourceVersion: '100', timeoutSeconds: 60 }, abort.signal), 99),
    );
    await until(() => server.watches === 3);
    expect(failure(await narrow.get(address('a')))).toMatchObject({ code: 404 });
    abort.abort();
    await Promise.all(open);
    await narrow.close();
  });

  test('an abort in the middle of a body ends the call and frees the connection', async () => {
    server.store.put('ConfigMap', config('a', { data: { x: 'y'.repeat(10_000) } }));
    server.fail('get', { type: 'Pieces', bytes: 100, delayMs: 20 });
    const abort = new AbortController();
    const call = cluster.get(address('a'), abort.signal);
    await until(() => server.requests.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    abort.abort();
    expect(failure(await call)).toMatchObject({ type: 'Unreachable', message: expect.stringContaining('abort') });
    await until(() => server.connections.open === 0);
    expect(value(await cluster.get(address('a'))).metadata.name).toBe('a');
  });

  test('a call that is aborted while it waits for a connection is not sent', async () => {
    const narrow = await createRestCluster({ kubeconfig: server.kubeconfig, clock: realClock, requestTimeoutMs: 500, connections: 1 });
    server.fail('get', { type: 'Silence' });
    const first = narrow.get(address('a'));
    const abort = new AbortController();
    const second = narrow.get(address('b'), abort.signal);
    abort.abort();
    expect(failure(await second).type).toBe('Unreachable');
    await first;
    await narrow.close();
    expect(server.requests.map(({ path }) => path.at(-1))).toEqual(['a']);
  });
});

describe('watches', () => {
  test('ask for bookmarks and a timeout, and deliver what comes, until they are aborted', async () => {
    const abort = new AbortController();
    const events = collect(watchConfigs(abort.signal), 4, abort);
    await until(() => server.watches === 1);
    server.store.put('ConfigMap', config('a'));
    server.store.put('ConfigMap', config('a', { data: { x: '1' } }));
    server.bookmark('ConfigMap');
    server.store.remove('ConfigMap', 'team-a', 'a');
    expect((await events).map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'BOOKMARK', 'DELETED']);
    expect(server.requests[0]?.query).toEqual({ watch: 'true', allowWatchBookmarks: 'true', resourceVersion: '100', timeoutSeconds: '60' });
    await until(() => server.connections.open === 0);
  });

  test.each([1, 2, 3, 7, 64])('watch-split-frames: pieces of %i bytes', async (bytes) => {
    server.store.put('ConfigMap', config('a', { data: { text: 'zwölf Ölfässer 日本語 🚀' } }));
    server.store.put('ConfigMap', config('b'));
    server.fail('watch', { type: 'Pieces', bytes, delayMs: 0 });
    const abort = new AbortController();
    const events = await collect(watchConfigs(abort.signal), 1, abort);
    expect(events[0]).toMatchObject({ type: 'ADDED', object: { data: { text: 'zwölf Ölfässer 日本語 🚀' } } });
  });

  test('watch-410-as-status', async () => {
    server.store.compact();
    expect(await collect(watchConfigs(new AbortController().signal), 9)).toEqual([
      { type: 'ERROR', error: { type: 'Refused', code: 410, reason: 'Expired', message: 'too old resource version' } },
    ]);
  });

  test('watch-410-mid-stream', async () => {
    server.store.put('ConfigMap', config('a'));
    server.store.put('ConfigMap', config('b'));
    server.fail('watch', { type: 'ErrorFrame', afterFrames: 1, code: 410, reason: 'Expired' });
    const events = await collect(watchConfigs(new AbortController().signal), 9);
    expect(events).toMatchObject([{ type: 'ADDED' }, { type: 'ERROR', error: { type: 'Refused', code: 410, reason: 'Expired' } }]);
  });

  test('watch-429', async () => {
    server.fail('watch', { type: 'Status', code: 429, reason: 'TooManyRequests', retryAfter: '3' });
    expect(await collect(watchConfigs(new AbortController().signal), 9)).toMatchObject([
      { type: 'ERROR', error: { type: 'Refused', code: 429, retryAfterMs: 3_000 } },
    ]);
    // Its body was read: the connection serves the next call.
    await cluster.get(address('a'));
    expect(server.connections.opened).toBe(1);
  });

  test.each(['Cut', 'CutMidFrame'] as const)('watch-cut: %s', async (type) => {
    server.store.put('ConfigMap', config('a'));
    server.store.put('ConfigMap', config('b'));
    server.fail('watch', { type, afterFrames: 1 });
    const events = await collect(watchConfigs(new AbortController().signal), 9);
    expect(events).toMatchObject([{ type: 'ADDED' }, { type: 'ERROR', error: { type: 'Unreachable' } }]);
  });

  test('watch-closed-by-server ends without an event', async () => {
    server.store.put('ConfigMap', config('a'));
    server.fail('watch', { type: 'Close', afterFrames: 0 });
    expect(await collect(watchConfigs(new AbortController().signal), 9)).toEqual([]);
  });

  test('watch-not-json', async () => {
    server.fail('watch', { type: 'Raw', code: 200, body: 'hello\n' });
    expect(await collect(watchConfigs(new AbortController().signal), 9)).toMatchObject([
      { type: 'ERROR', error: { type: 'Unreachable', message: expect.stringContaining('came: hello') } },
    ]);
  });

  test('watch-stalled is cut a while after its timeout', async () => {
    // A clock whose timers run 100 times as fast: 1 s of timeout and 10 s of margin are 110 ms.
    const fast = { ...realClock, after: (delayMs: number, fire: () => void) => realClock.after(delayMs / 100, fire) };
    const impatient = await createRestCluster({ kubeconfig: server.kubeconfig, clock: fast });
    server.fail('watch', { type: 'Stall', afterFrames: 0 });
    const events = await collect(
      impatient.watch({ kind: 'ConfigMap', resourceVersion: '100', timeoutSeconds: 1 }, new AbortController().signal),
      9,
    );
    expect(events).toMatchObject([
      { type: 'ERROR', error: { type: 'Unreachable', message: expect.stringContaining('the watch stays silent') } },
    ]);
    await impatient.close();
  });

  test('watch-not-opened is cut by the request timeout', async () => {
    const quick = await createRestCluster({ kubeconfig: server.kubeconfig, clock: realClock, requestTimeoutMs: 50 });
    server.fail('watch', { type: 'Silence' });
    const events = await collect(
      quick.watch({ kind: 'ConfigMap', resourceVersion: '100', timeoutSeconds: 60 }, new AbortController().signal),
      9,
    );
    expect(events).toMatchObject([
      { type: 'ERROR', error: { message: expect.stringContaining('within 0.05 s, the watch was not opened') } },
    ]);
    await quick.close();
  });

  test('a reader that stops reading ends the watch', async () => {
    server.store.put('ConfigMap', config('a'));
    for await (const event of watchConfigs(new AbortController().signal)) {
      expect(event.type).toBe('ADDED');
      break;
    }
    await until(() => server.watches === 0);
  });

  test('a slow reader holds the server back instead of filling memory', async () => {
    for (let index = 0; index < 200; index++) server.store.put('ConfigMap', config(`c${index}`, { data: { x: 'y'.repeat(100_000) } }));
    const abort = new AbortController();
    const events = watchConfigs(abort.signal)[Symbol.asyncIterator]();
    await events.next();
    await new Promise((resolve) => setTimeout(resolve, 200));
    // 20 MB were sent; what the sockets' buffers do not hold has to wait at the server.
    expect(server.pendingBytes).toBeGreaterThan(5_000_000);
    for (let index = 1; index < 200; index++) expect((await events.next()).value).toMatchObject({ type: 'ADDED' });
    expect(server.pendingBytes).toBe(0);
    abort.abort();
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });
});
