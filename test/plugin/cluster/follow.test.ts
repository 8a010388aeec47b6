import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Cluster, Scope } from '#host/cluster/cluster.ts';
import { createRestCluster, type RestCluster } from '#host/cluster/rest/rest-cluster.ts';
import { realClock } from '#host/real-clock.ts';
import { follow } from '#plugin/cluster/follow.ts';
import { type FakeApiServer, type Fault, startFakeApiServer } from '#test/support/fake-apiserver.ts';
import { putTask } from '../tasks.ts';

/** Waits pass a hundred times faster. */
const clock = { ...realClock, after: (ms: number, fire: () => void) => realClock.after(ms / 100, fire) };
const TASKS: Scope = { kind: 'Task', namespace: 'team-a' };
const PODS: Scope = { kind: 'Pod', namespace: 'team-a' };
const FORBIDDEN: Fault = { type: 'Status', code: 403, reason: 'Forbidden' };

let server: FakeApiServer;
let cluster: RestCluster;
beforeEach(async () => {
  server = await startFakeApiServer();
  cluster = await createRestCluster({ kubeconfig: server.kubeconfig, clock: realClock });
});
afterEach(async () => {
  await cluster.close();
  await server.close();
});

interface Followed {
  /** Names of the Tasks after each change. */
  readonly seen: string[][];
  readonly troubles: string[];
  /** Resolves with what ended it. */
  readonly ended: Promise<unknown>;
  end(): void;
}

function begin(scopes: readonly Scope[] = [TASKS], from: Cluster = cluster): Followed {
  const over = new AbortController();
  const seen: string[][] = [];
  const troubles: string[] = [];
  const run = async (): Promise<void> => {
    const onTrouble = (text: string): void => void troubles.push(text);
    for await (const store of follow({ cluster: from, clock, scopes, signal: over.signal, onTrouble }))
      seen.push([...store.list('Task', 'team-a')].map(({ metadata }) => metadata.name).sort());
  };
  const ended = run().catch((error: unknown) => error);
  return { seen, troubles, ended, end: () => over.abort(new Error('the test has ended')) };
}

describe('what breaks is mended, and no change is lost', () => {
  test.each<[name: string, faults: readonly (readonly ['list' | 'watch', Fault, number])[], told: readonly RegExp[]]>([
    ['the server ends the watch', [['watch', { type: 'Close', afterFrames: 1 }, 2]], []],
    ['its version is too old', [['watch', { type: 'ErrorFrame', afterFrames: 1, code: 410, reason: 'Expired' }, 2]], []],
    [
      'the connection dies',
      [['watch', { type: 'Cut', afterFrames: 1 }, 1]],
      [/^it is tried again: watch tasks\.kubeopencode\.io in namespace team-a: /],
    ],
    ['within a frame', [['watch', { type: 'CutMidFrame', afterFrames: 1 }, 1]], [/^it is tried again: /]],
    [
      'the server is away for long: that is told once',
      [
        ['watch', { type: 'Close', afterFrames: 1 }, 1],
        ['watch', { type: 'Status', code: 503, reason: 'ServiceUnavailable' }, 4],
      ],
      [/^it is tried again: watch tasks\.kubeopencode\.io in namespace team-a: as the test asked \(ServiceUnavailable\)$/],
    ],
    [
      'one that has just started does not know its roles yet',
      [
        ['watch', { type: 'Close', afterFrames: 1 }, 1],
        ['watch', FORBIDDEN, 2],
        ['list', FORBIDDEN, 1],
      ],
      [/^it is tried again: watch .*: not allowed .*kubectl auth can-i watch tasks\.kubeopencode\.io -n team-a$/],
    ],
  ])('%s', async (_name, faults, told) => {
    putTask(server, 'a');
    for (const [verb, fault, times] of faults) if (verb === 'watch') server.fail(verb, fault, times);
    const followed = begin();
    await expect.poll(() => followed.seen.at(-1)).toEqual(['a']);
    for (const [verb, fault, times] of faults) if (verb === 'list') server.fail(verb, fault, times);
    for (const [index, name] of ['b', 'c', 'd'].entries()) {
      putTask(server, name);
      await expect.poll(() => followed.seen.at(-1)).toEqual(['a', 'b', 'c', 'd'].slice(0, index + 2));
    }
    followed.end();
    expect(await followed.ended).toBeUndefined();
    expect(followed.troubles).toEqual(told.map((text) => expect.stringMatching(text)));
  });
});

describe('what is refused for good ends it, with what to do', () => {
  test.each<[verb: 'list' | 'watch', code: number, text: RegExp]>([
    ['list', 401, /^list tasks\.kubeopencode\.io in namespace team-a: the API server does not take these credentials/],
    ['list', 403, /a role must allow verb list on tasks\.kubeopencode\.io; check with: kubectl auth can-i list/],
    ['watch', 403, /a role must allow verb watch on tasks\.kubeopencode\.io; check with: kubectl auth can-i watch/],
  ])('%s %i', async (verb, code, text) => {
    server.fail(verb, { type: 'Status', code, reason: 'No' });
    const { ended, troubles } = begin();
    expect(await ended).toMatchObject({ message: expect.stringMatching(text) });
    expect(troubles).toEqual([]);
  });

  test('what has worked before only after five times', async () => {
    server.fail('watch', { type: 'Close', afterFrames: 0 });
    server.fail('watch', { type: 'Status', code: 401, reason: 'Unauthorized' }, 5);
    const { ended, troubles } = begin();
    expect(await ended).toMatchObject({ message: expect.stringContaining('a token may have expired') });
    expect(troubles).toHaveLength(1);
    expect(server.requests.filter(({ verb }) => verb === 'watch')).toHaveLength(6);
  });

  test('not what is only shown beside it', async () => {
    const refusal = { type: 'Refused', code: 403, reason: 'Forbidden', message: 'no' } as const;
    const partly: Cluster = Object.assign(Object.create(cluster), {
      list: (options: Parameters<Cluster['list']>[0]) =>
        options.kind === 'Pod' ? Promise.resolve({ ok: false, error: refusal }) : cluster.list(options),
      watch: (...args: Parameters<Cluster['watch']>) => cluster.watch(...args),
    });
    const followed = begin([TASKS, PODS], partly);
    await expect.poll(() => followed.seen.length).toBeGreaterThan(0);
    followed.end();
    expect(await followed.ended).toBeUndefined();
    expect(followed.troubles).toEqual([expect.stringContaining('a role must allow verb list on pods')]);
  });
});
