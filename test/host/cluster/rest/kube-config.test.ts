import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadCredentialSource } from '#host/cluster/rest/kube-config.ts';
import { createRestCluster } from '#host/cluster/rest/rest-cluster.ts';
import { realClock } from '#host/real-clock.ts';
import { type FakeApiServer, startFakeApiServer } from '#test/support/fake-apiserver.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kube-config-'));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** Writes a kubeconfig with one cluster, user and context of the same name; answers its path. */
function kubeconfig(name: string, user: string, server = 'https://example.invalid:6443', current = name): string {
  const path = join(folder, name);
  writeFileSync(
    path,
    `apiVersion: v1
kind: Config
clusters: [{name: ${name}, cluster: {server: "${server}"}}]
users: [{name: ${name}, user: ${user}}]
contexts: [{name: ${name}, context: {cluster: ${name}, user: ${name}}}]
current-context: ${current}
`,
  );
  return path;
}

async function headersOf(path: string): Promise<Readonly<Record<string, string | readonly string[]>>> {
  return (await loadCredentialSource({ kubeconfig: path }).credentials()).headers;
}

describe('credentials', () => {
  test.each<[string, string, object]>([
    ['a token', '{token: abc}', { Authorization: 'Bearer abc' }],
    ['a name and password', '{username: me, password: pw}', { Authorization: `Basic ${Buffer.from('me:pw').toString('base64')}` }],
    [
      'impersonation with groups and a UID',
      '{token: abc, as: other, as-groups: [one, two], as-uid: "7"}',
      { 'Impersonate-User': 'other', 'Impersonate-Group': ['one', 'two'], 'Impersonate-Uid': '7' },
    ],
    ['no user at all', '{}', {}],
  ])('%s', async (_, user, headers) => {
    expect(await headersOf(kubeconfig('a', user))).toMatchObject(headers);
  });

  test('a tokenFile is found from the kubeconfig, its newline is not sent, and it goes before a token', async () => {
    writeFileSync(join(folder, 'token'), 'from-file\n');
    expect(await headersOf(kubeconfig('a', '{tokenFile: token, token: old}'))).toMatchObject({ Authorization: 'Bearer from-file' });
  });

  test('an exec plugin is found from the kubeconfig, told what it is, and its environment reaches it', async () => {
    const plugin = 'echo "{\\"status\\": {\\"token\\": \\"$GREETING-$(echo $KUBERNETES_EXEC_INFO | grep -o ExecCredential)\\"}}"';
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin', 'plugin'), `#!/bin/sh\n${plugin}\n`, { mode: 0o755 });
    const user = '{exec: {apiVersion: client.authentication.k8s.io/v1, command: bin/plugin, env: [{name: GREETING, value: hello}]}}';
    expect(await headersOf(kubeconfig('a', user))).toMatchObject({ Authorization: 'Bearer hello-ExecCredential' });
  });

  test('a context without a user still has the certificate authority', async () => {
    const path = join(folder, 'no-user');
    const ca = Buffer.from('the CA').toString('base64');
    writeFileSync(
      path,
      `clusters: [{name: c, cluster: {server: "https://x", certificate-authority-data: ${ca}}}]
contexts: [{name: c, context: {cluster: c}}]
current-context: c
`,
    );
    const { tls } = await loadCredentialSource({ kubeconfig: path }).credentials();
    expect(tls.ca?.toString()).toBe('the CA');
  });

  test('TLS settings come through', async () => {
    const path = join(folder, 'tls');
    for (const name of ['ca.crt', 'c.crt', 'c.key']) writeFileSync(join(folder, name), name);
    writeFileSync(
      path,
      `clusters: [{name: c, cluster: {server: "https://x", certificate-authority: ca.crt, tls-server-name: other, insecure-skip-tls-verify: true}}]
users: [{name: u, user: {client-certificate: c.crt, client-key: c.key}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
`,
    );
    const { tls } = await loadCredentialSource({ kubeconfig: path }).credentials();
    expect([tls.ca, tls.cert, tls.key].map(String)).toEqual(['ca.crt', 'c.crt', 'c.key']);
    expect(tls).toMatchObject({ servername: 'other', rejectUnauthorized: false });
  });
});

describe('which configuration', () => {
  test('KUBECONFIG is a list: missing files are passed over, the first to name something wins', () => {
    const a = kubeconfig('a', '{token: abc}');
    const again = join(folder, 'again');
    mkdirSync(again);
    const b = kubeconfig('b', '{token: def}');
    vi.stubEnv('KUBECONFIG', [join(folder, 'missing'), a, b].join(':'));
    const config = loadCredentialSource({});
    expect(config.getCurrentContext()).toBe('a');
    expect(config.getContexts().map(({ name }) => name)).toEqual(['a', 'b']);
    expect(loadCredentialSource({ context: 'b' }).getCurrentCluster()?.name).toBe('b');
  });

  test('without KUBECONFIG it is ~/.kube/config', () => {
    vi.stubEnv('KUBECONFIG', '');
    vi.stubEnv('HOME', folder);
    mkdirSync(join(folder, '.kube'));
    kubeconfig('.kube/config', '{}', 'https://x', '.kube/config');
    expect(loadCredentialSource({}).getCurrentContext()).toBe('.kube/config');
  });

  test('--kubeconfig goes before all else', () => {
    vi.stubEnv('KUBECONFIG', kubeconfig('a', '{}'));
    expect(loadCredentialSource({ kubeconfig: kubeconfig('b', '{}') }).getCurrentContext()).toBe('b');
  });

  test.each<[string, () => object, RegExp]>([
    ['no file', () => ({ kubeconfig: join(folder, 'none') }), /^load kubeconfig ".*none": expected a Config.*ENOENT/],
    ['no YAML', () => ({ kubeconfig: broken('{') }), /^load kubeconfig ".*broken": expected a Config/],
    ['an empty file', () => ({ kubeconfig: broken('') }), /^load kubeconfig ".*broken": expected a Config/],
    [
      'an unknown context',
      () => ({ kubeconfig: kubeconfig('a', '{}'), context: 'b' }),
      /^use context "b": expected one of the kubeconfig's contexts \(a\)/,
    ],
    [
      'a context without its cluster',
      () => ({ kubeconfig: broken('{clusters: [], contexts: [{name: a, context: {cluster: c}}], current-context: a}') }),
      /its cluster "c" in the kubeconfig/,
    ],
    [
      'nothing anywhere',
      () => {
        vi.stubEnv('KUBECONFIG', '');
        vi.stubEnv('HOME', folder);
        vi.stubEnv('KUBERNETES_SERVICE_HOST', '');
        return {};
      },
      /^find a kubeconfig: expected one of .*\.kube\/config.*name one with --kubeconfig or KUBECONFIG$/,
    ],
  ])('%s', (_, options, message) => {
    expect(() => loadCredentialSource(options())).toThrow(message);
  });

  function broken(text: string): string {
    const path = join(folder, 'broken');
    writeFileSync(path, text);
    return path;
  }
});

describe('against a server', () => {
  let server: FakeApiServer;

  beforeEach(async () => {
    server = await startFakeApiServer();
  });

  afterEach(() => server.close());

  const get = { kind: 'ConfigMap', namespace: 'n', name: 'x' } as const;

  test('the namespace is the context’s, and default without one', async () => {
    const namespaceOf = async (context?: string) => {
      const cluster = await createRestCluster({
        kubeconfig: server.kubeconfig,
        clock: realClock,
        ...(context === undefined ? {} : { context }),
      });
      await cluster.close();
      return cluster.namespace;
    };
    expect([await namespaceOf(), await namespaceOf('other')]).toEqual(['team-a', 'default']);
  });

  test('an exec plugin runs once for calls that come together, and its failure is a value', async () => {
    const log = join(folder, 'runs');
    const plugin = (text: string) =>
      writeFileSync(join(folder, 'plugin'), `#!/bin/sh\necho run >> ${log}\nsleep 0.1\n${text}\n`, { mode: 0o755 });
    plugin('echo "{\\"status\\": {\\"token\\": \\"t\\"}}"');
    const cluster = await createRestCluster({ kubeconfig: kubeconfig('a', '{exec: {command: ./plugin}}', server.url), clock: realClock });
    await Promise.all(Array.from({ length: 20 }, () => cluster.get(get)));
    expect(server.requests).toHaveLength(20);
    expect(server.requests.every(({ headers }) => headers.authorization === 'Bearer t')).toBe(true);
    const { readFileSync } = await import('node:fs');
    expect(readFileSync(log, 'utf8')).toBe('run\n');
    await cluster.close();

    plugin('echo "no luck" >&2; exit 1');
    const other = await createRestCluster({ kubeconfig: kubeconfig('b', '{exec: {command: ./plugin}}', server.url), clock: realClock });
    const failed = await other.get(get);
    expect(failed).toMatchObject({ ok: false, error: { type: 'Credentials', message: expect.stringContaining('came: no luck') } });
    expect(server.requests).toHaveLength(20);
    await other.close();
  });

  test('a plugin that hangs is given up with the request timeout', async () => {
    writeFileSync(join(folder, 'plugin'), '#!/bin/sh\nexec sleep 2\n', { mode: 0o755 });
    const cluster = await createRestCluster({
      kubeconfig: kubeconfig('a', '{exec: {command: ./plugin}}', server.url),
      clock: realClock,
      requestTimeoutMs: 100,
    });
    expect(await cluster.get(get)).toMatchObject({
      ok: false,
      error: {
        type: 'Credentials',
        message: expect.stringMatching(/nothing from command ".*plugin" .* in the time that a request may take/),
      },
    });
    await cluster.close();
  });

  test('after a 401 the kubeconfig is read again', async () => {
    let nowMs = 0;
    const clock = { ...realClock, monotonic: () => nowMs };
    const cluster = await createRestCluster({ kubeconfig: kubeconfig('a', '{token: old}', server.url), clock });
    await cluster.get(get);
    kubeconfig('a', '{token: fresh}', server.url);
    nowMs = 60_000;
    server.fail('get', { type: 'Status', code: 401, reason: 'Unauthorized' });
    expect(await cluster.get(get)).toMatchObject({ ok: false, error: { code: 401 } });
    await cluster.get(get);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer old', 'Bearer fresh']);
    await cluster.close();
  });

  test('a server below a path is addressed below it', async () => {
    const cluster = await createRestCluster({ kubeconfig: kubeconfig('a', '{}', `${server.url}/k8s/clusters/c-1/`), clock: realClock });
    await cluster.get(get);
    expect(server.requests[0]?.path).toBe('/k8s/clusters/c-1/api/v1/namespaces/n/configmaps/x');
    await cluster.close();
  });
});
