import { afterEach, describe, expect, test } from 'vitest';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { ApiServer } from '#host/cluster/memory/api-server.ts';
import { MemoryCluster } from '#host/cluster/memory/memory-cluster.ts';
import { parseFlags } from '#host/flags.ts';
import { type HostParts, runHost } from '#host/host.ts';
import { createLog } from '#host/observe/log.ts';
import { VirtualClock } from '#host/virtual-clock.ts';
import { makeCertificates } from '#test/support/certificates.ts';
import { sourceEngine } from '#test/support/source-engine.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function start(flags: readonly string[], more: Partial<HostParts> = {}) {
  const clock = new VirtualClock();
  const server = new ApiServer({ clock });
  const cluster = new MemoryCluster(server, { client: 'a' });
  const parsed = parseFlags(['--health-probe-bind-address=0', ...flags], {}, '1');
  if (parsed.type !== 'Run') throw new Error(JSON.stringify(parsed));
  const shutdown = new AbortController();
  const written: string[] = [];
  const log = createLog({ level: 'info', clock, stream: { write: (line) => void written.push(line) } });
  const nothing = { ok: true, value: null } as const;
  const ports = await new Promise<readonly number[]>((resolve, reject) => {
    const end = runHost(
      parsed.config,
      {
        clock,
        cluster,
        leaseCluster: cluster,
        engine: sourceEngine,
        sessions: { summary: async () => nothing, abort: async () => nothing },
        log,
        identity: 'a',
        leaseNamespace: 'system',
        version: '1',
        onListening: (addresses) => resolve(addresses.map(({ port }) => port)),
        ...more,
      },
      shutdown.signal,
    );
    end.catch(reject);
    ends.push(async () => {
      shutdown.abort();
      await clock.advance(1_000);
      await end;
    });
  });
  return { clock, server, ports, log, lines: () => written.join('') };
}

const META = { namespace: 'ns' };
function createTasks(server: ApiServer): void {
  const api = 'kubeopencode.io/v1alpha1';
  const spec = { workspaceDir: '/w', serviceAccountName: 'default' };
  const objects = [
    { apiVersion: api, kind: 'Agent', metadata: { ...META, name: 'coder' }, spec: { ...spec, maxConcurrentTasks: 1 } },
    {
      apiVersion: api,
      kind: 'Task',
      metadata: { ...META, name: 'one' },
      spec: { agentRef: { name: 'coder' }, description: 'use Bearer abcdefgh12345678' },
    },
    { apiVersion: api, kind: 'Task', metadata: { ...META, name: 'two' }, spec: { agentRef: { name: 'coder' }, description: 'x' } },
  ];
  for (const object of objects) expect(server.create(object as KubernetesObject & { kind: 'Task' })).toMatchObject({ ok: true });
}

async function get(port: number | undefined, path: string, init: RequestInit = {}): Promise<[number, string]> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
  return [response.status, await response.text()];
}

describe('/debug on a loopback address', () => {
  const FLAGS = ['--metrics-bind-address=127.0.0.1:0', '--debug-bind-address=127.0.0.1:0'];

  test('shows what the host knows of a Task, without what looks like a secret', async () => {
    const { clock, server, ports } = await start(FLAGS);
    createTasks(server);
    await clock.advance(5_000);
    const [, debug] = ports;
    const [code, text] = await get(debug, '/debug/tasks/ns/one');
    expect(code).toBe(200);
    expect(text).not.toContain('abcdefgh12345678');
    expect(JSON.parse(text)).toMatchObject({
      subject: { namespace: 'ns', name: 'one' },
      isInCache: true,
      isLeading: true,
      place: { key: 'ns/coder', state: 'holds', waiting: 1, taken: 1, slots: 1 },
      timer: { state: expect.any(String), failures: 0 },
      standing: { type: 'Clear' },
      effects: [],
      decision: { core: 'source', passes: expect.any(Number), decided: { reasons: expect.any(Array) }, snapshot: { kind: 'Task' } },
    });
    expect(JSON.parse((await get(debug, '/debug/tasks/ns/two'))[1])).toMatchObject({ place: { state: 'waiting', position: 1 } });
    expect(JSON.parse((await get(debug, '/debug/queue'))[1])).toMatchObject({
      depth: 0,
      agents: [{ key: 'ns/coder', waiting: 1, taken: 1, slots: 1 }],
      ledgers: { places: 2 },
    });
    expect(await get(debug, '/debug/tasks/ns/nobody')).toEqual([404, expect.stringContaining('no Task ns/nobody')]);
    expect((await get(debug, '/debug/tasks/ns'))[0]).toBe(404);
    expect((await get(debug, '/debug'))[1]).toContain('/debug/queue');
  });

  test('changes the level of the log while it runs', async () => {
    const { ports, log, lines } = await start(FLAGS);
    const url = '/debug/loglevel';
    expect(await get(ports[1], url)).toEqual([200, '{\n  "level": "info"\n}\n']);
    expect((await get(ports[1], url, { method: 'PUT', body: 'debug\n' }))[0]).toBe(200);
    expect([log.level, lines().includes('the level of the log was changed')]).toEqual(['debug', true]);
    expect(await get(ports[1], url, { method: 'PUT', body: 'loud' })).toEqual([400, expect.stringContaining('want one of debug, info')]);
    expect((await get(ports[1], url, { method: 'POST', body: 'info' }))[0]).toBe(404);
    expect(log.level).toBe('debug');
  });

  test('is not at the address of the metrics, and nowhere by default', async () => {
    const { ports } = await start(FLAGS);
    expect((await get(ports[0], '/debug/queue'))[0]).toBe(404);
    const plain = await start(['--metrics-bind-address=127.0.0.1:0']);
    expect([plain.ports.length, (await get(plain.ports[0], '/debug/queue'))[0]]).toEqual([1, 404]);
  });
});

describe('--metrics-auth', () => {
  const reviews: NonNullable<HostParts['reviews']> = {
    authenticate: async (token) => ({ ok: true, value: token === 'nobody' ? null : { username: token } }),
    authorize: async ({ username }, { path }) => ({ ok: true, value: username === 'admin' || path === '/metrics' }),
  };
  const as = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });

  test('lets read metrics and /debug who may, at one address', async () => {
    const { ports } = await start(['--metrics-bind-address=127.0.0.1:0', '--metrics-auth'], { reviews });
    const codes = async (path: string) =>
      Promise.all([{}, as('nobody'), as('prometheus'), as('admin')].map(async (init) => (await get(ports[0], path, init))[0]));
    expect(await codes('/metrics')).toEqual([401, 401, 200, 200]);
    expect(await codes('/debug/queue')).toEqual([401, 401, 403, 200]);
  });

  test('serves them over HTTPS, with a certificate that may be renewed', async () => {
    const certificates = makeCertificates();
    const other = makeCertificates();
    let now = { cert: certificates.server.cert, key: certificates.server.key };
    const { ports } = await start(['--metrics-bind-address=127.0.0.1:0', '--metrics-auth'], { reviews, metricsTls: () => now });
    const { request, Agent } = await import('undici');
    const read = async (ca: string): Promise<number> => {
      const dispatcher = new Agent({ connect: { ca } });
      try {
        return (await request(`https://127.0.0.1:${ports[0]}/metrics`, { dispatcher, headers: { authorization: 'Bearer prometheus' } }))
          .statusCode;
      } finally {
        await dispatcher.destroy();
      }
    };
    expect(await read(certificates.ca)).toBe(200);
    now = { cert: other.server.cert, key: other.server.key };
    expect(await read(other.ca)).toBe(200);
    await expect(read(certificates.ca)).rejects.toThrow();
  });
});
