import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { tooOld } from '#plugin/version/oldest-server.ts';
import { startFakeApiServer } from '#test/support/fake-apiserver.ts';
import { run } from '../io.ts';

const server = await startFakeApiServer();
afterAll(() => server.close());
const access = ['--kubeconfig', server.kubeconfig];
const OWN = /^Plugin: .+\nCore: sha256:[0-9a-f]{64}\nContract: 1\nNode: .+\n/;

describe('version', () => {
  test('plugin, core and server, for people', async () => {
    const { out, err, code } = await run(['version', ...access]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(new RegExp(`${OWN.source}Server: v1\\.33\\.0\n$`));
  });

  test.each(['json', 'yaml'])('-o %s', async (form) => {
    const { out, code } = await run(['version', ...access, '-o', form]);
    expect(code).toBe(0);
    expect(parse(out)).toMatchObject({ formatVersion: 1, core: { contract: 1 }, server: 'v1.33.0' });
  });

  test('--client asks nobody', async () => {
    const before = server.requests.length;
    const { out, code } = await run(['version', '--client', ...access]);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`${OWN.source}$`));
    expect(server.requests).toHaveLength(before);
  });

  test('what is known here is printed also where no server answers, and the exit code is 1', async () => {
    server.fail('list', { type: 'Status', code: 401, reason: 'Unauthorized', message: 'Unauthorized' });
    const { out, err, code } = await run(['version', ...access]);
    expect(code).toBe(1);
    expect(out).toMatch(new RegExp(`${OWN.source}$`));
    expect(err).toMatch(/^error: ask the API server for its version: .*Unauthorized.*; --client asks no cluster\n$/);
  });

  test('what is no Kubernetes is told', async () => {
    server.fail('list', { type: 'Raw', code: 200, body: '<html>Sign in</html>' });
    expect((await run(['version', ...access])).err).toContain('expected the version of a Kubernetes API server, came <html>Sign in</html>');
  });
});

describe('a server that is older than we support', () => {
  test.each<[gitVersion: string, isTooOld: boolean]>([
    ['v1.32.9', true],
    ['v1.9.0', true],
    ['v1.33.0', false],
    ['v1.33.1-eks-1234', false],
    ['v1.40.0-alpha.1', false],
    ['v2.0.0', false],
    ['unknown', false],
  ])('%s: %s', (gitVersion, isTooOld) => expect(tooOld(gitVersion) !== null).toBe(isTooOld));

  test('is a warning: whoever asks for versions gets them', async () => {
    server.fail('list', { type: 'Raw', code: 200, body: '{"gitVersion":"v1.31.4"}', contentType: 'application/json' });
    const { out, err, code } = await run(['version', ...access]);
    expect([code, err]).toEqual([0, 'warning: the API server is v1.31.4; KubeOpenCode needs Kubernetes 1.33 or later\n']);
    expect(out).toContain('Server: v1.31.4\n');
  });
});
