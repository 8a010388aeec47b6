import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CredentialSource } from '#host/cluster/rest/kube-config.ts';
import { createRestCluster, type RestCluster } from '#host/cluster/rest/rest-cluster.ts';
import { realClock } from '#host/real-clock.ts';
import { type FakeApiServer, startFakeApiServer } from '#test/support/fake-apiserver.ts';

const CALLS = 200;
/** With something to fall back to: aggregated API servers may have no such form. */
const METADATA_ONLY = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';

let server: FakeApiServer;
let cluster: RestCluster;
let nowMs = 0;

beforeEach(async () => {
  server = await startFakeApiServer();
  cluster = await createRestCluster({ kubeconfig: server.kubeconfig, clock: { ...realClock, monotonic: () => nowMs } });
});

afterEach(async () => {
  vi.restoreAllMocks();
  await cluster.close();
  await server.close();
});

describe('one call of the API server', () => {
  test('asks nobody for credentials that are fresh', async () => {
    const asked = vi.spyOn(CredentialSource.prototype, 'credentials');
    const get = () => cluster.get({ kind: 'ConfigMap', namespace: 'team-a', name: 'a' });
    for (let index = 0; index < CALLS; index++) await get();
    expect(server.requests).toHaveLength(CALLS);
    expect(asked).toHaveBeenCalledTimes(1);
    nowMs += 1_000;
    await get();
    expect(asked).toHaveBeenCalledTimes(2);
    expect(server.connections.opened).toBe(1);
  });

  test('brings no more than metadata where no more is wanted', async () => {
    const answer = { answer: 'Metadata' } as const;
    const configMap = { kind: 'ConfigMap', metadata: { name: 'a', namespace: 'team-a' }, data: { text: 'x'.repeat(10_000) } } as const;
    const created = await cluster.create(configMap, answer);
    const address = { kind: 'ConfigMap', namespace: 'team-a', name: 'a' } as const;
    const patched = await cluster.patch(address, { metadata: { labels: { b: 'c' } } }, { patchType: 'merge', ...answer });
    await cluster.delete(address, answer);
    expect(server.requests.map(({ headers }) => headers.accept)).toEqual(Array.from({ length: 3 }, () => METADATA_ONLY));
    for (const result of [created, patched]) expect(JSON.stringify(result).length).toBeLessThanOrEqual(250);
  });
});
