import { afterAll, beforeAll, expect, test } from 'vitest';
import { hosts } from './support/host.ts';
import { openKube } from './support/kube.ts';

const RBAC = 'host/manifests/components/metrics-auth/rbac.yaml';

const kube = await openKube();
const starter = hosts();
let namespace = '';

beforeAll(async () => {
  namespace = await kube.namespace();
  await kube.kubectl(['apply', '-f', RBAC]);
  for (const name of ['prometheus', 'on-call', 'stranger']) await kube.kubectl(['-n', namespace, 'create', 'serviceaccount', name]);
  const bind = (name: string, role: string): Promise<string> =>
    kube.kubectl([
      'create',
      'clusterrolebinding',
      `${namespace}-${name}-${role}`,
      `--clusterrole=${role}`,
      `--serviceaccount=${namespace}:${name}`,
    ]);
  await bind('prometheus', 'kubeopencode-metrics-reader');
  await bind('on-call', 'kubeopencode-metrics-reader');
  await bind('on-call', 'kubeopencode-debug-reader');
});

afterAll(async () => {
  const bindings = ['prometheus-kubeopencode-metrics-reader', 'on-call-kubeopencode-metrics-reader', 'on-call-kubeopencode-debug-reader'];
  await kube.kubectl(['delete', 'clusterrolebinding', '--ignore-not-found', ...bindings.map((name) => `${namespace}-${name}`)]);
  await kube.kubectl(['delete', '-f', RBAC, '--ignore-not-found']);
});

test('a host that is told so lets read metrics and /debug who may by RBAC, and nobody else', async () => {
  const host = await starter.start({ namespaces: [namespace], flags: ['--metrics-auth'] });
  const address = new URL(host.metrics).origin;
  const codes = async (name: string | null): Promise<readonly number[]> => {
    const token = name === null ? 'made-up' : (await kube.kubectl(['-n', namespace, 'create', 'token', name])).trim();
    const paths = ['/metrics', '/debug/queue', '/debug/loglevel'];
    return Promise.all(paths.map(async (path) => (await fetch(address + path, { headers: { authorization: `Bearer ${token}` } })).status));
  };
  expect(await codes(null)).toEqual([401, 401, 401]);
  expect(await codes('stranger')).toEqual([403, 403, 403]);
  expect(await codes('prometheus')).toEqual([200, 403, 403]);
  expect(await codes('on-call')).toEqual([200, 200, 200]);
  expect((await fetch(`${address}/metrics`)).status).toBe(401);
});
