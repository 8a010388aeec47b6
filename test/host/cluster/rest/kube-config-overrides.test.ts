import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { loadCredentialSource } from '#host/cluster/rest/kube-config.ts';
import type { KubeConfigOverrides } from '#host/cluster/rest/kube-config-overrides.ts';

let folder: string;
let kubeconfig: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kube-config-overrides-'));
  kubeconfig = join(folder, 'config');
  for (const name of ['ca.crt', 'other-ca.crt', 'tls.crt', 'tls.key', 'token']) writeFileSync(join(folder, name), `${name} of the file`);
  const inline = Buffer.from('inline CA').toString('base64');
  writeFileSync(
    kubeconfig,
    `apiVersion: v1
kind: Config
clusters:
- {name: near, cluster: {server: "https://near:6443", certificate-authority-data: ${inline}, tls-server-name: near.internal}}
- {name: far, cluster: {server: "https://far:6443", certificate-authority: ca.crt}}
- {name: both, cluster: {server: "https://both:6443", certificate-authority: ca.crt, certificate-authority-data: ${inline}}}
users:
- {name: plain, user: {token: abc}}
- {name: plugin, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: /does/not/exist}}}
- {name: password, user: {username: me, password: pw}}
- {name: file, user: {tokenFile: token}}
- {name: bot, user: {token: abc, as: robot, as-groups: [one], as-uid: "7", as-user-extra: {team: [web, api]}}}
contexts:
- {name: near, context: {cluster: near, user: plain, namespace: team-a}}
- {name: plugin, context: {cluster: near, user: plugin}}
- {name: bot, context: {cluster: near, user: bot}}
current-context: near
`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

const load = (overrides: KubeConfigOverrides, context?: string) =>
  loadCredentialSource({ kubeconfig, overrides, ...(context === undefined ? {} : { context }) });
const serverOf = (overrides: KubeConfigOverrides) => load(overrides).getCurrentCluster()?.server;
const tlsOf = async (overrides: KubeConfigOverrides) => (await load(overrides).credentials()).tls;
const headersOf = async (overrides: KubeConfigOverrides, context?: string) => (await load(overrides, context).credentials()).headers;

describe('where it goes', () => {
  test.each<[name: string, KubeConfigOverrides, server: string]>([
    ['the context’s cluster', {}, 'https://near:6443'],
    ['--cluster', { cluster: 'far' }, 'https://far:6443'],
    ['--server before the cluster’s', { server: 'https://elsewhere:443/path' }, 'https://elsewhere:443/path'],
    ['--server before that of --cluster', { cluster: 'far', server: 'https://elsewhere' }, 'https://elsewhere'],
    ['--server without a scheme, where the cluster has an authority', { server: 'elsewhere:6443' }, 'https://elsewhere:6443'],
  ])('%s', (_, overrides, server) => expect(serverOf(overrides)).toBe(server));

  test('the context stays, with its namespace', () => {
    const source = load({ cluster: 'far', user: 'bot', server: 'https://x' });
    expect(source.getContextObject(source.getCurrentContext())).toMatchObject({ name: 'near', namespace: 'team-a' });
  });

  test('without a kubeconfig --server is enough; without a scheme and anything of TLS it is HTTP', () => {
    vi.stubEnv('KUBECONFIG', join(folder, 'none'));
    vi.stubEnv('KUBERNETES_SERVICE_HOST', '');
    expect(loadCredentialSource({ overrides: { server: 'localhost:8080', token: 't' } }).getCurrentCluster()?.server).toBe(
      'http://localhost:8080',
    );
    expect(loadCredentialSource({ overrides: { server: 'localhost:8080', insecureSkipTlsVerify: true } }).getCurrentCluster()?.server).toBe(
      'https://localhost:8080',
    );
    vi.unstubAllEnvs();
  });
});

describe('whom it trusts', () => {
  test('--certificate-authority in place of all that the cluster says of it', async () => {
    const tls = await tlsOf({ certificateAuthority: join(folder, 'other-ca.crt') });
    expect(String(tls.ca)).toBe('other-ca.crt of the file');
    expect(tls.rejectUnauthorized).not.toBe(false);
  });
  test('--insecure-skip-tls-verify drops the authority', async () => {
    const tls = await tlsOf({ insecureSkipTlsVerify: true });
    expect(tls.rejectUnauthorized).toBe(false);
    expect(tls.ca ?? null).toBeNull();
  });
  test('what stands in the kubeconfig goes before the file that it names', async () =>
    expect(String((await tlsOf({ cluster: 'both' })).ca)).toBe('inline CA'));
  test.each<[name: string, KubeConfigOverrides, servername: string | undefined]>([
    ['the cluster’s', {}, 'near.internal'],
    ['--tls-server-name', { tlsServerName: 'other' }, 'other'],
    ['none with another --server', { server: 'https://x' }, undefined],
    ['--tls-server-name with another --server', { server: 'https://x', tlsServerName: 'other' }, 'other'],
  ])('name in the certificate: %s', async (_, overrides, servername) => expect((await tlsOf(overrides)).servername).toBe(servername));
});

describe('as whom', () => {
  test.each<[name: string, KubeConfigOverrides, string | undefined, headers: object]>([
    ['the context’s user', {}, undefined, { Authorization: 'Bearer abc' }],
    ['--user', { user: 'password' }, undefined, { Authorization: `Basic ${Buffer.from('me:pw').toString('base64')}` }],
    ['--token before a token', { token: 'given' }, undefined, { Authorization: 'Bearer given' }],
    ['--token before a plugin', { token: 'given' }, 'plugin', { Authorization: 'Bearer given' }],
    ['--token before a token file', { user: 'file', token: 'given' }, undefined, { Authorization: 'Bearer given' }],
    ['--token before a password', { user: 'password', token: 'given' }, undefined, { Authorization: 'Bearer given' }],
    [
      'impersonation by the kubeconfig, its extra values too',
      {},
      'bot',
      { 'Impersonate-User': 'robot', 'Impersonate-Group': ['one'], 'Impersonate-Uid': '7', 'Impersonate-Extra-team': ['web', 'api'] },
    ],
    [
      '--as and --as-group',
      { impersonate: { user: 'jane', groups: ['dev', 'ops'] } },
      undefined,
      { 'Impersonate-User': 'jane', 'Impersonate-Group': ['dev', 'ops'] },
    ],
    [
      '--as-group in place of the kubeconfig’s, for its user',
      { impersonate: { groups: ['ops'] } },
      'bot',
      { 'Impersonate-User': 'robot', 'Impersonate-Group': ['ops'], 'Impersonate-Uid': '7' },
    ],
    [
      'keys of extra values, encoded for a header',
      { impersonate: { user: 'jane', extra: { 'example.com/team%': ['web'] } } },
      undefined,
      { 'Impersonate-Extra-example.com%2Fteam%25': ['web'] },
    ],
  ])('%s', async (_, overrides, context, headers) => expect(await headersOf(overrides, context)).toMatchObject(headers));

  test('without --as nobody is impersonated', async () =>
    expect(Object.keys(await headersOf({})).filter((name) => /^impersonate/i.test(name))).toEqual([]));

  test('--client-certificate and --client-key', async () => {
    const tls = await tlsOf({ clientCertificate: join(folder, 'tls.crt'), clientKey: join(folder, 'tls.key') });
    expect([tls.cert, tls.key].map(String)).toEqual(['tls.crt of the file', 'tls.key of the file']);
  });
});

describe('what does not fit is told', () => {
  test.each<[KubeConfigOverrides, RegExp]>([
    [{ cluster: 'nowhere' }, /^use cluster "nowhere": expected one of the kubeconfig's clusters \(near, far, both\)/],
    [{ user: 'nobody' }, /^use user "nobody": expected one of the kubeconfig's users \(plain, plugin, password, file, bot\)/],
    [{ impersonate: { groups: ['dev'] } }, /^impersonate: expected a user .*--as$/],
    [{ impersonate: { uid: '7' } }, /^impersonate: expected a user/],
    [{ server: 'https://' }, /^connect: expected --server to be the address/],
    [{ certificateAuthority: 'ca.crt', insecureSkipTlsVerify: true }, /not both/],
  ])('%j', (overrides, message) => expect(() => load(overrides)).toThrow(message));

  test('a context that is not there, whatever else is given', () =>
    expect(() => load({ server: 'https://x' }, 'nope')).toThrow(
      /^use context "nope": expected one of the kubeconfig's contexts \(near, plugin, bot\)/,
    ));
});
