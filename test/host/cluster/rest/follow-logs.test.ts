import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Address, LogPiece } from '#host/cluster/cluster.ts';
import { createRestCluster, type RestCluster } from '#host/cluster/rest/rest-cluster.ts';
import { realClock } from '#host/real-clock.ts';
import { type FakeApiServer, startFakeApiServer } from '#test/support/fake-apiserver.ts';

const POD: Address = { kind: 'Pod', namespace: 'team-a', name: 'fix-pod' };
let server: FakeApiServer;
let cluster: RestCluster;

beforeEach(async () => {
  server = await startFakeApiServer();
  cluster = await createRestCluster({ kubeconfig: server.kubeconfig, clock: realClock, requestTimeoutMs: 200 });
});
afterEach(async () => {
  await cluster.close();
  await server.close();
});

async function collect(signal: AbortSignal = new AbortController().signal): Promise<readonly LogPiece[]> {
  const pieces: LogPiece[] = [];
  for await (const piece of cluster.followLogs(POD, { container: 'agent', tailLines: 5, sinceSeconds: 60, timestamps: true }, signal)) {
    pieces.push(piece);
  }
  return pieces;
}

const textOf = (pieces: readonly LogPiece[]) => pieces.map((piece) => (piece.type === 'TEXT' ? piece.text : '')).join('');

test('text comes as it is, a letter that is cut in two as well, for longer than any request may take', async () => {
  server.log = 'grün und größer\n'.repeat(3);
  server.fail('log', { type: 'Pieces', bytes: 7, delayMs: 40 });
  const pieces = await collect();
  expect(textOf(pieces).replace(/^\S+ /gm, '')).toBe(server.log);
  expect(pieces.length).toBeGreaterThan(3);
  expect(server.requests[0]).toMatchObject({
    path: '/api/v1/namespaces/team-a/pods/fix-pod/log',
    query: { container: 'agent', tailLines: '5', sinceSeconds: '60', timestamps: 'true', follow: 'true' },
  });
});

test('a refusal, a cut and a server that stays silent are the last piece', async () => {
  server.fail('log', { type: 'Status', code: 400, reason: 'BadRequest' });
  expect(await collect()).toMatchObject([{ type: 'ERROR', error: { type: 'Refused', code: 400 } }]);
  server.log = 'begun\n';
  server.fail('log', { type: 'Cut', afterFrames: 1 });
  expect(await collect()).toMatchObject([
    { type: 'TEXT', text: expect.stringMatching(/ begun\n$/) },
    { type: 'ERROR', error: { type: 'Unreachable' } },
  ]);
  server.fail('log', { type: 'Silence' });
  expect(await collect()).toMatchObject([
    { type: 'ERROR', error: { type: 'Unreachable', message: expect.stringContaining('the log was not opened') } },
  ]);
});

test('ends without a word when its signal aborts, and frees the connection', async () => {
  server.log = 'x'.repeat(100);
  server.fail('log', { type: 'Pieces', bytes: 10, delayMs: 50 });
  const over = new AbortController();
  const collecting = collect(over.signal);
  await expect.poll(() => server.connections.open).toBe(1);
  setTimeout(() => over.abort(new Error('enough')), 100);
  const pieces = await collecting;
  expect(textOf(pieces).length).toBeLessThan(100);
  expect(pieces.every(({ type }) => type === 'TEXT')).toBe(true);
  await expect.poll(() => server.connections.open).toBe(0);
});
