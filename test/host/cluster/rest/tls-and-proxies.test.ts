import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRestCluster, type RestCluster } from '#host/cluster/rest/rest-cluster.ts';
import { realClock } from '#host/real-clock.ts';
import { makeCertificates } from '#test/support/certificates.ts';
import { type FakeApiServer, startFakeApiServer } from '#test/support/fake-apiserver.ts';

const get = { kind: 'ConfigMap', namespace: 'n', name: 'x' } as const;
const found = { ok: false, error: { type: 'Refused', code: 404 } };

let certificates: ReturnType<typeof makeCertificates>;
let folder: string;
let server: FakeApiServer;
const opened: RestCluster[] = [];

beforeAll(() => {
  certificates = makeCertificates();
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tls-'));
  writeFileSync(join(folder, 'ca.crt'), certificates.ca);
  writeFileSync(join(folder, 'client.crt'), certificates.client.cert);
  writeFileSync(join(folder, 'client.key'), certificates.client.key);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const cluster of opened.splice(0)) await cluster.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

async function open(cluster: string, user = '{token: abc}', clock = realClock): Promise<RestCluster> {
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(
    kubeconfig,
    `clusters: [{name: c, cluster: ${cluster}}]\nusers: [{name: u, user: ${user}}]\ncontexts: [{name: c, context: {cluster: c, user: u}}]\ncurrent-context: c\n`,
  );
  const made = await createRestCluster({ kubeconfig, clock, requestTimeoutMs: 3_000 });
  opened.push(made);
  return made;
}

const withCa = (url: string, more = '') => `{server: "${url}", certificate-authority: ca.crt${more}}`;

describe('TLS', () => {
  test('the API server is checked against the certificate authority, and one connection serves all', async () => {
    server = await startFakeApiServer(certificates.server);
    const cluster = await open(withCa(server.url));
    for (let index = 0; index < 50; index++) expect(await cluster.get(get)).toMatchObject(found);
    expect(server.connections.opened).toBe(1);
  });

  test('one that it did not sign is refused, with a word on what to check', async () => {
    server = await startFakeApiServer(certificates.server);
    const cluster = await open(`{server: "${server.url}"}`);
    expect(await cluster.get(get)).toMatchObject({
      ok: false,
      error: { type: 'Unreachable', message: expect.stringMatching(/check certificate-authority in the kubeconfig$/) },
    });
    expect(server.requests).toEqual([]);
  });

  test('a name that the certificate has not is refused, and tls-server-name mends it', async () => {
    server = await startFakeApiServer(certificates.server);
    const url = server.url.replace('127.0.0.1', 'localhost');
    expect(await (await open(withCa(url))).get(get)).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('tls-server-name') },
    });
    expect(await (await open(withCa(url, ', tls-server-name: api.example'))).get(get)).toMatchObject(found);
  });

  test('insecure-skip-tls-verify skips it', async () => {
    server = await startFakeApiServer(certificates.server);
    expect(await (await open(`{server: "${server.url}", insecure-skip-tls-verify: true}`)).get(get)).toMatchObject(found);
  });

  test('a client certificate is shown', async () => {
    server = await startFakeApiServer({ ...certificates.server, ca: certificates.ca, requestCert: true, rejectUnauthorized: true });
    expect(await (await open(withCa(server.url), '{client-certificate: client.crt, client-key: client.key}')).get(get)).toMatchObject(
      found,
    );
    expect(await (await open(withCa(server.url))).get(get)).toMatchObject({ ok: false, error: { type: 'Unreachable' } });
  });

  test('a certificate authority that changes on disk gives a new pool, and what is under way goes on', async () => {
    server = await startFakeApiServer(certificates.server);
    let nowMs = 0;
    const cluster = await open(withCa(server.url), '{token: abc}', { ...realClock, monotonic: () => nowMs });
    const abort = new AbortController();
    const watch = cluster.watch({ kind: 'ConfigMap', resourceVersion: '100', timeoutSeconds: 60 }, abort.signal)[Symbol.asyncIterator]();
    const first = watch.next();
    while (server.watches === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    writeFileSync(join(folder, 'ca.crt'), makeCertificates().ca);
    expect(await cluster.get(get)).toMatchObject(found);
    nowMs = 2_000;
    expect(await cluster.get(get)).toMatchObject({ ok: false, error: { type: 'Unreachable' } });
    server.store.put('ConfigMap', { metadata: { name: 'x', namespace: 'n' } });
    expect(await first).toMatchObject({ value: { type: 'ADDED' } });
    writeFileSync(join(folder, 'ca.crt'), certificates.ca);
    nowMs = 4_000;
    expect(await cluster.get(get)).toMatchObject({ ok: true });
    abort.abort();
    await watch.next();
  });
});

describe('proxies', () => {
  let closeProxy: () => void = () => {};

  afterEach(() => closeProxy());

  /** An HTTP proxy that tunnels every CONNECT to the fake server, whatever its name is; answers the names. */
  async function httpProxy(): Promise<{ url: string; asked: string[] }> {
    const asked: string[] = [];
    const target = Number(new URL(server.url).port);
    const proxy: Server = createServer((_, response) => response.writeHead(501).end());
    proxy.on('connect', (request, client: Socket) => {
      asked.push(request.url ?? '');
      const upstream = connect(target, '127.0.0.1', () => client.write('HTTP/1.1 200 Connection established\r\n\r\n'));
      tie(client, upstream);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    closeProxy = () => proxy.closeAllConnections() ?? proxy.close();
    return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, asked };
  }

  test('proxy-url of the kubeconfig, by CONNECT, with TLS to the API server itself', async () => {
    server = await startFakeApiServer(certificates.server);
    const proxy = await httpProxy();
    const cluster = await open(withCa('https://api.example:6443', `, proxy-url: "${proxy.url}"`));
    for (let index = 0; index < 5; index++) expect(await cluster.get(get)).toMatchObject(found);
    expect(proxy.asked).toEqual(['api.example:6443']);
    expect(server.connections.opened).toBe(1);
  });

  test('HTTPS_PROXY of the environment, but not for this machine', async () => {
    server = await startFakeApiServer(certificates.server);
    const proxy = await httpProxy();
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    vi.stubEnv('NO_PROXY', '');
    expect(await (await open(withCa('https://api.example:6443'))).get(get)).toMatchObject(found);
    expect(await (await open(withCa(server.url))).get(get)).toMatchObject(found);
    expect(proxy.asked).toEqual(['api.example:6443']);
  });

  test('a SOCKS5 proxy', async () => {
    server = await startFakeApiServer(certificates.server);
    const asked: string[] = [];
    const target = Number(new URL(server.url).port);
    const proxy: TcpServer = createTcpServer((client) => {
      client.once('data', () => {
        client.write(Buffer.from([5, 0]));
        client.once('data', (request) => {
          asked.push(request.subarray(5, 5 + (request[4] ?? 0)).toString());
          const upstream = connect(target, '127.0.0.1', () => client.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0])));
          tie(client, upstream);
        });
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    closeProxy = () => proxy.close();
    const url = `socks5://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const cluster = await open(withCa('https://api.example:6443', `, proxy-url: "${url}"`));
    for (let index = 0; index < 5; index++) expect(await cluster.get(get)).toMatchObject(found);
    expect(asked).toEqual(['api.example']);
  });
});

function tie(client: Socket, upstream: Socket | TLSSocket): void {
  client.pipe(upstream).pipe(client);
  client.on('error', () => upstream.destroy());
  upstream.on('error', () => client.destroy());
}
