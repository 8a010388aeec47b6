import { get } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { Snapshot } from '#core/contract/snapshot.ts';
import type { Cluster, WatchEvent } from '#host/cluster/cluster.ts';
import type { EngineResult } from '#host/engine/engine.ts';
import { engineCheck, reflectorsCheck, syncedCheck, type WatchedReflector } from '#host/observe/health.ts';
import { createLog } from '#host/observe/log.ts';
import { createMetrics } from '#host/observe/metrics.ts';
import { observeCluster } from '#host/observe/observed-cluster.ts';
import { observeEngine } from '#host/observe/observed-engine.ts';
import { checkRoutes, serve } from '#host/observe/server.ts';
import { VirtualClock } from '#host/virtual-clock.ts';

const LOCAL = { host: '127.0.0.1', port: 0 };

function metrics() {
  return createMetrics({ leaseName: 'lease', version: '1.2.3', coreDigest: 'sha256:c', process: false });
}

function lines(level: 'debug' | 'info' = 'info') {
  const written: string[] = [];
  const log = createLog({
    level,
    clock: new VirtualClock({ startMs: Date.UTC(2026, 0, 2) }),
    stream: { write: (line) => void written.push(line) },
  });
  return { log, written: () => written.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('log', () => {
  test('one JSON line with time, level, message and fields', () => {
    const { log, written } = lines();
    log.info('decided', { controller: 'task', namespace: 'ns', name: 'a', reconcileID: 7, generation: 2 });
    log.debug('not at this level');
    expect(written()).toEqual([
      {
        level: 'info',
        time: '2026-01-02T00:00:00.000Z',
        msg: 'decided',
        controller: 'task',
        namespace: 'ns',
        name: 'a',
        reconcileID: 7,
        generation: 2,
      },
    ]);
    expect([log.enabled('debug'), log.enabled('warn')]).toEqual([false, true]);
  });

  test('its level can be changed while it is written', () => {
    const { log, written } = lines();
    log.debug('one');
    log.level = 'debug';
    log.debug('two');
    expect([log.level, log.enabled('debug')]).toEqual(['debug', true]);
    log.level = 'error';
    log.warn('three');
    expect(written().map(({ msg }) => msg)).toEqual(['two']);
  });

  test('errors are told with their causes, and without secrets', () => {
    const { log, written } = lines();
    const error = new Error('list Pods', { cause: new Error('refused: Bearer abcdefgh12345678') });
    log.error('failed with Bearer abcdefgh12345678', {
      error: Object.assign(error, { headers: { authorization: 'abc' } }),
      env: [{ name: 'TOKEN', value: 'abc' }],
    });
    expect(written()).toMatchObject([
      { msg: 'failed with Bearer ***', error: 'list Pods: refused: Bearer ***', env: [{ name: 'TOKEN', value: '***' }] },
    ]);
  });
});

describe('metrics', () => {
  test.each([
    'controller_runtime_reconcile_total{controller="task",result="success"} 0',
    'controller_runtime_reconcile_total{controller="task",result="requeue_after"} 0',
    'controller_runtime_reconcile_errors_total{controller="task"} 0',
    'controller_runtime_reconcile_time_seconds_count{controller="task"} 0',
    'controller_runtime_active_workers{controller="task"} 0',
    'workqueue_depth{name="task",controller="task"} 0',
    'workqueue_adds_total{name="task",controller="task"} 0',
    'workqueue_queue_duration_seconds_bucket{le="1e-8",name="task",controller="task"} 0',
    'workqueue_queue_duration_seconds_bucket{le="1000",name="task",controller="task"} 0',
    'leader_election_master_status{name="lease"} 0',
    'kubeopencode_sandbox_restarts_total{cause="OutOfFuel"} 0',
    'kubeopencode_reflector_restarts_total{kind="Pod",reason="Expired"} 0',
    'kubeopencode_build_info{version="1.2.3",core="sha256:c"} 1',
    'kubeopencode_journal_errors_total 0',
  ])('from the start: %s', async (line) => {
    expect((await metrics().scrape()).text.split('\n')).toContain(line);
  });

  test('tasks by phase are read at the scrape; a series that is gone is gone', async () => {
    const all = metrics();
    let samples = [{ labels: { namespace: 'a', phase: 'Running' }, value: 3 }];
    all.observe({ tasks: () => samples, workQueueDepth: () => 5 });
    expect((await all.scrape()).text).toContain('kubeopencode_tasks{namespace="a",phase="Running"} 3');
    expect((await all.scrape()).text).toContain('workqueue_depth{name="task",controller="task"} 5');
    samples = [{ labels: { namespace: 'b', phase: 'Failed' }, value: 1 }];
    const { text } = await all.scrape();
    expect(text).toContain('kubeopencode_tasks{namespace="b",phase="Failed"} 1');
    expect(text).not.toContain('namespace="a"');
  });

  test('what is told is counted', async () => {
    const all = metrics();
    all.reconciled('error', 0.2);
    all.leading(true);
    all.queueAdded();
    all.reflectorRestarted('Pod', 'Expired');
    const { text } = await all.scrape();
    for (const line of [
      'controller_runtime_reconcile_total{controller="task",result="error"} 1',
      'controller_runtime_reconcile_errors_total{controller="task"} 1',
      'controller_runtime_reconcile_time_seconds_bucket{le="0.2",controller="task"} 1',
      'leader_election_master_status{name="lease"} 1',
      'workqueue_adds_total{name="task",controller="task"} 1',
      'kubeopencode_reflector_restarts_total{kind="Pod",reason="Expired"} 1',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
  });

  test('metrics of the process are there by default', async () => {
    const { text } = await createMetrics({ leaseName: 'l', version: '1', coreDigest: 'c' }).scrape();
    expect(text).toMatch(/^process_resident_memory_bytes \d+/m);
  });
});

describe('an observed engine', () => {
  const subject = { namespace: 'ns', name: 'a', uid: 'u' };
  const snapshot: Snapshot = {
    contract: 1,
    kind: 'Task',
    now: 'now',
    subject,
    task: null,
    pods: [],
    read: {},
    outcomes: [],
    settings: { config: {}, referenceGraceSeconds: 60, unreachableAfterSeconds: 300 },
  };

  test.each([
    [
      'an answer',
      { type: 'Answered', decision: { type: 'Decided', actions: [], dependsOn: [], reasons: [] }, log: 'trace', fuelUsed: 3 },
      'kubeopencode_decision_fuel_sum 3',
      { level: 'debug', msg: 'the core wrote to stderr', stderr: 'trace', name: 'a', reconcileID: 7 },
    ],
    [
      'a fault',
      { type: 'EngineError', cause: 'Trap', message: 'unreachable', log: 'last words' },
      'kubeopencode_sandbox_restarts_total{cause="Trap"} 1',
      { level: 'warn', msg: 'the core wrote to stderr before it failed', stderr: 'last words', namespace: 'ns' },
    ],
  ] as const)('%s is passed on, measured, logged and kept', async (_name, result: EngineResult, metric, line) => {
    const all = metrics();
    const { log, written } = lines('debug');
    const kept: unknown[] = [];
    const engine = observeEngine(
      { digest: 'sha256:c', decide: () => result },
      { clock: new VirtualClock({ startMs: 0 }), metrics: all, log, journal: { record: (...entry) => kept.push(entry) } },
    );
    expect(engine.decide(snapshot, { reconcileID: 7 })).toBe(result);
    expect((await all.scrape()).text).toContain(metric);
    expect(written()).toMatchObject([line]);
    expect(kept).toEqual([['1970-01-01T00:00:00.000Z', 'sha256:c', snapshot, result, { reconcileID: 7 }]]);
  });
});

describe('an observed cluster', () => {
  const refused = { ok: false, error: { type: 'Refused', code: 409, reason: 'Conflict', message: '' } } as const;
  const lost = { ok: false, error: { type: 'Unreachable', message: '' } } as const;
  const good = { ok: true, value: { metadata: { name: 'a' } } } as const;
  async function* expired(): AsyncIterable<WatchEvent> {
    yield { type: 'BOOKMARK', resourceVersion: '1' };
    yield { type: 'ERROR', error: { type: 'Refused', code: 410, reason: 'Expired', message: '' } };
  }
  const cluster: Cluster = {
    list: () => Promise.resolve({ ok: true, value: { resourceVersion: '1', items: [] } }),
    watch: expired,
    get: () => Promise.resolve(good),
    create: () => Promise.resolve(good),
    replace: () => Promise.resolve(refused),
    patch: () => Promise.resolve(lost),
    delete: () => Promise.resolve({ ok: true, value: null }),
    logs: () => Promise.resolve({ ok: true, value: 'tail' }),
    followLogs: async function* () {
      yield { type: 'TEXT', text: 'tail' };
      yield { type: 'ERROR', error: lost.error };
    },
  };

  test('counts every call by verb, kind and code, and changes no answer', async () => {
    const all = metrics();
    const observed = observeCluster(cluster, new VirtualClock(), all);
    const pod = { kind: 'Pod', namespace: 'ns', name: 'a' } as const;
    const lease = { kind: 'Lease', metadata: { name: 'a' } } as const;
    expect(await observed.get(pod)).toBe(good);
    expect(await observed.create({ ...lease, kind: 'Pod' })).toBe(good);
    expect(await observed.replace(lease)).toBe(refused);
    expect(await observed.patch(pod, {}, { patchType: 'merge' })).toBe(lost);
    await observed.delete(pod, {});
    await observed.logs(pod, { container: 'agent' });
    await observed.list({ kind: 'Pod' });
    const seen: string[] = [];
    for await (const event of observed.watch({ kind: 'Pod', resourceVersion: '1', timeoutSeconds: 1 }, new AbortController().signal))
      seen.push(event.type);
    for await (const piece of observed.followLogs(pod, { container: 'agent' }, new AbortController().signal)) seen.push(piece.type);
    expect(seen).toEqual(['BOOKMARK', 'ERROR', 'TEXT', 'ERROR']);
    const counted = (await all.scrape()).text.split('\n').filter((line) => line.startsWith('kubeopencode_api_requests_total{'));
    expect(counted.sort()).toEqual(
      [
        'verb="create",kind="Pod",code="201"',
        'verb="delete",kind="Pod",code="200"',
        'verb="get",kind="Pod",code="200"',
        'verb="list",kind="Pod",code="200"',
        'verb="logs",kind="Pod",code="0"',
        'verb="logs",kind="Pod",code="200"',
        'verb="patch",kind="Pod",code="0"',
        'verb="update",kind="Lease",code="409"',
        'verb="watch",kind="Pod",code="410"',
      ].map((labels) => `kubeopencode_api_requests_total{${labels}} 1`),
    );
  });
});

describe('health', () => {
  const MINUTE_MS = 60_000;

  test('a reflector that neither hears nor tries for ten minutes hangs; one that tries in vain does not', async () => {
    const clock = new VirtualClock();
    let watches = 0;
    const silent: WatchedReflector = {
      scope: { kind: 'Pod', namespace: 'a' },
      isSynced: true,
      lastProgressAtMs: clock.now(),
      counters: { pages: 1, watches: 1 },
    };
    const trying = (): WatchedReflector => ({ ...silent, scope: { kind: 'Task' }, counters: { pages: 1, watches } });
    const check = reflectorsCheck(clock, () => [silent, trying()]);
    expect(check.fault()).toBeUndefined();
    for (let minute = 0; minute < 11; minute += 1) {
      watches += 1;
      await clock.advance(MINUTE_MS);
      if (minute < 10) expect(check.fault()).toBeUndefined();
    }
    expect(check.fault()).toBe('no sign of life for 10 minutes from Pod in a');
  });

  test('ready when each first list is done', () => {
    const reflector: WatchedReflector = {
      scope: { kind: 'Pod' },
      isSynced: false,
      lastProgressAtMs: 0,
      counters: { pages: 0, watches: 0 },
    };
    expect(syncedCheck(() => [reflector, { ...reflector, isSynced: true }]).fault()).toBe('first list not done of Pod');
    expect(syncedCheck(() => [{ ...reflector, isSynced: true }]).fault()).toBeUndefined();
  });

  test('a core that fails on one Task is well; one that fails on all for five minutes is not, until it answers again', async () => {
    const clock = new VirtualClock();
    const check = engineCheck(clock);
    const tell = (uid: string, type: 'Answered' | 'EngineError') => check.told({ subject: { namespace: 'n', name: uid, uid } }, { type });
    for (let index = 0; index < 10; index += 1) tell('only', 'EngineError');
    await clock.advance(6 * MINUTE_MS);
    expect(check.fault()).toBeUndefined();
    tell('second', 'EngineError');
    tell('third', 'EngineError');
    expect(check.fault()).toBe('the core has failed on every Task for 6 minutes');
    tell('fourth', 'Answered');
    expect(check.fault()).toBeUndefined();
  });
});

describe('the servers', () => {
  async function fetchText(port: number, path: string): Promise<[number, string]> {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return [response.status, await response.text()];
  }

  test('serve their paths and nothing else, and close while a connection is kept alive', async () => {
    let fault: string | undefined;
    const health = checkRoutes('/readyz', [
      { name: 'caches', fault: () => fault },
      { name: 'other', fault: () => undefined },
    ]);
    const broken = { '/metrics': () => Promise.reject(new Error('no metrics')) };
    const servers = await serve([
      { address: LOCAL, routes: health },
      { address: LOCAL, routes: broken },
    ]);
    const [first = 0, second = 0] = servers.addresses.map(({ port }) => port);
    expect(first).not.toBe(second);
    expect(await fetchText(first, '/readyz')).toEqual([200, 'ok']);
    expect(await fetchText(first, '/readyz?verbose')).toEqual([200, '[+]caches ok\n[+]other ok\nreadyz check passed\n']);
    fault = 'first list not done of Pod';
    expect(await fetchText(first, '/readyz')).toEqual([
      500,
      '[-]caches failed: first list not done of Pod\n[+]other ok\nreadyz check failed\n',
    ]);
    expect(await fetchText(first, '/readyz/other')).toEqual([200, 'ok']);
    expect(await fetchText(first, '/metrics')).toEqual([404, 'not found\n']);
    expect(await fetchText(second, '/metrics')).toEqual([500, 'no metrics\n']);
    expect((await fetch(`http://127.0.0.1:${first}/readyz`, { method: 'POST' })).status).toBe(404);
    await servers.close();
    await expect(fetchText(first, '/readyz')).rejects.toThrow();
  });

  test('close although somebody began a request and does not end it; an answer under way is ended', async () => {
    let answer: (text: string) => void = () => {};
    const slow = new Promise<string>((resolve) => {
      answer = resolve;
    });
    const routes = { '/slow': async () => ({ code: 200, contentType: 'text/plain', text: await slow }) };
    const servers = await serve([{ address: LOCAL, routes }]);
    const [{ port } = LOCAL] = servers.addresses;
    const half = connect(port, '127.0.0.1');
    half.on('error', () => {});
    await new Promise<void>((resolve) => half.write('GET /slow HTTP/1.1\r\nHost:', () => resolve()));
    const asked = fetchText(port, '/slow');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const closed = servers.close();
    answer('text');
    expect(await asked).toEqual([200, 'text']);
    await closed;
    half.destroy();
  });

  test('an address that is taken is an error that names it, and nothing stays open', async () => {
    const servers = await serve([{ address: LOCAL, routes: {} }]);
    const [taken = LOCAL] = servers.addresses;
    await expect(serve([{ address: taken, routes: {} }])).rejects.toThrow(`listen on 127.0.0.1:${taken.port}: expected a free address`);
    await servers.close();
  });

  test('two sites at one fixed address share it', async () => {
    const probe = await serve([{ address: LOCAL, routes: {} }]);
    const [free = LOCAL] = probe.addresses;
    await probe.close();
    const answer = (text: string) => () => ({ code: 200, contentType: 'text/plain', text });
    const servers = await serve([
      { address: free, routes: { '/a': answer('a') } },
      { address: free, routes: { '/b': answer('b') } },
    ]);
    expect(await Promise.all([fetchText(free.port, '/a'), fetchText(free.port, '/b')])).toEqual([
      [200, 'a'],
      [200, 'b'],
    ]);
    await servers.close();
  });

  test('HEAD has no body', async () => {
    const servers = await serve([{ address: LOCAL, routes: checkRoutes('/healthz', []) }]);
    const [{ port } = LOCAL] = servers.addresses;
    const body = await new Promise<string>((resolve, reject) => {
      get({ host: '127.0.0.1', port, path: '/healthz', method: 'HEAD' }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        response.on('end', () => resolve(text));
      }).on('error', reject);
    });
    expect(body).toBe('');
    await servers.close();
  });
});
