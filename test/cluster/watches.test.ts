import { afterAll, describe, expect, it } from 'vitest';
import type { Task } from '#core/api/task.ts';
import { hosts } from './support/host.ts';
import { openKube } from './support/kube.ts';
import { create, isFinished, ok, task, template } from './support/objects.ts';
import { type Call, openProxy, type Verdict } from './support/proxy.ts';
import { untilAll } from './support/watch.ts';

const kube = await openKube();
const starter = hosts();
const proxy = await openProxy();
afterAll(() => proxy.close());

/** Creates Tasks of one template and waits until all are Completed, with one Pod each. */
async function run(namespace: string, count: number, meanwhile: (isOver: () => boolean) => Promise<void>): Promise<void> {
  const { cluster } = kube;
  await create(cluster, template(namespace, 'plain', { 'run-for': '2s' }));
  let over = false;
  const disturbed = meanwhile(() => over);
  const names = Array.from({ length: count }, (_, index) => `task-${index}`);
  for (const name of names) await create(cluster, task(namespace, name, { templateRef: { name: 'plain' } }));
  const all = await untilAll<Task>(
    cluster,
    { kind: 'Task', namespace },
    'to be finished',
    (tasks) => tasks.length === count && tasks.every(isFinished),
    90_000,
  );
  over = true;
  await disturbed;
  expect(all.filter(({ status }) => status?.phase !== 'Completed' || status.attemptCount !== 1)).toEqual([]);
  expect((await ok(cluster.list({ kind: 'Pod', namespace }))).items).toHaveLength(count);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a host whose watches are closed by the server, under load', () => {
  it('every third of a second: every Task ends well', async () => {
    const namespace = await kube.namespace();
    proxy.judge(() => ({ type: 'Pass' }));
    await starter.start({ namespaces: [namespace], server: proxy.url });
    let cut = 0;
    await run(namespace, 40, async (isOver) => {
      while (!isOver()) {
        await pause(333);
        cut += proxy.cutWatches();
      }
    });
    // Several for each of the kinds that it watches; how many depends on how fast the machine is.
    expect(cut).toBeGreaterThan(10);
  });
});

describe('a host whose calls the server refuses', () => {
  interface Row {
    readonly name: string;
    readonly code: number;
    readonly reason: string;
    readonly isMeant: (call: Call) => boolean;
    readonly headers?: Readonly<Record<string, string>>;
    /** One of how many is refused. Default 3. */
    readonly oneOf?: number;
  }

  const rows: readonly Row[] = [
    { name: 'watches with 410 Expired', code: 410, reason: 'Expired', isMeant: ({ isWatch }) => isWatch },
    {
      name: 'writes with 429 and Retry-After',
      code: 429,
      reason: 'TooManyRequests',
      isMeant: ({ method }) => method !== 'GET',
      headers: { 'retry-after': '1' },
    },
    { name: 'writes with 500', code: 500, reason: 'InternalError', isMeant: ({ method }) => method !== 'GET' },
    // Lists and watches as well, and those are tried again after up to half a minute.
    { name: 'all calls with 503', code: 503, reason: 'ServiceUnavailable', isMeant: () => true, oneOf: 6 },
  ];

  it.each(rows)('$name, now and then: every Task ends well', async ({ code, reason, isMeant, headers = {}, oneOf = 3 }) => {
    const namespace = await kube.namespace();
    const isUnlucky = oneOfAbout(oneOf);
    let refused = 0;
    proxy.judge((call): Verdict => {
      if (!isMeant(call) || !isUnlucky()) return { type: 'Pass' };
      refused += 1;
      const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message: 'injected', reason, code };
      return { type: 'Answer', code, body, headers };
    });
    await starter.start({ namespaces: [namespace], server: proxy.url });
    await run(namespace, 5, async (isOver) => {
      while (!isOver()) {
        await pause(500);
        // Otherwise none would begin anew.
        if (code === 410) proxy.cutWatches();
      }
    });
    expect(refused).toBeGreaterThan(0);
  });
});

/** By chance, the same in each run: a strict order could refuse the same step of each attempt for ever. */
function oneOfAbout(count: number): () => boolean {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state % count === 0;
  };
}
