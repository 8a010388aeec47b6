import { describe, expect, test } from 'vitest';
import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import type { Effect } from '#core/contract/decision.ts';
import { ANNOTATIONS } from '#core/contract/names.ts';
import type { Cluster, LogPiece } from '#host/cluster/cluster.ts';
import { ApiServer } from '#host/cluster/memory/api-server.ts';
import type { Call, CallFault } from '#host/cluster/memory/faults.ts';
import { MemoryCluster } from '#host/cluster/memory/memory-cluster.ts';
import { keepLogTail } from '#host/controller/logs/log-tail.ts';
import { VirtualClock } from '#host/virtual-clock.ts';
import { logTail, NAMESPACE, pod, TASK_UID } from '#test/support/builders.ts';

type LogTail = Extract<Effect, { kind: 'LogTail' }>;
type Stream = (signal: AbortSignal) => AsyncIterable<LogPiece>;

const TEXT = (text: string): LogPiece => ({ type: 'TEXT', text });
const BROKEN: LogPiece = { type: 'ERROR', error: { type: 'Unreachable', message: 'socket hang up' } };
const refused = (code: number, reason: string): LogPiece => ({
  type: 'ERROR',
  error: { type: 'Refused', code, reason, message: `refused: ${reason}` },
});
const CONFIG_MAP = { kind: 'ConfigMap', namespace: NAMESPACE, name: 'fix-bug-log' } as const;

/** A stream on which nothing ever comes. */
async function* hanging(signal: AbortSignal): AsyncIterable<LogPiece> {
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
}

async function* pieces(...all: readonly LogPiece[]): AsyncIterable<LogPiece> {
  yield* all;
}

/** A Pod `fix-bug-pod` at a memory API server; what its log streams give is the test's word. The last goes on for those behind it. */
function world(streams: readonly Stream[], onCall?: (call: Call) => CallFault | undefined, found: Pod = pod()) {
  const clock = new VirtualClock();
  const server = new ApiServer({ clock });
  const stored = server.load({ ...found, apiVersion: 'v1', kind: 'Pod' as const });
  const memory = new MemoryCluster(server, { faults: onCall === undefined ? {} : { onCall } });
  const opened: { readonly container: string; readonly tailLines?: number }[] = [];
  const cluster: Pick<Cluster, 'get' | 'create' | 'patch' | 'followLogs'> = {
    get: (...args) => memory.get(...args),
    create: (...args) => memory.create(...args),
    patch: (...args) => memory.patch(...args),
    followLogs: (_, options, signal) => {
      opened.push(options);
      return (streams[opened.length - 1] ?? streams.at(-1) ?? (() => pieces()))(signal);
    },
  };
  const aborter = new AbortController();
  const redact = (text: string): string => text.replaceAll('hunter2', '***');
  const run = async (options: Partial<LogTail> = {}) => {
    const effect = logTail(options);
    let answer: Awaited<ReturnType<typeof keepLogTail>> | undefined;
    void keepLogTail({ cluster, clock, redact }, effect, aborter.signal).then((result) => {
      answer = result;
    });
    await clock.runUntil(() => answer !== undefined, clock.now() + 600_000);
    return answer;
  };
  const kept = (): (KubernetesObject & { readonly data?: Readonly<Record<string, string>> }) | undefined => server.find(CONFIG_MAP);
  return { clock, server, run, kept, opened, aborter, stored };
}

describe('the end of a log', () => {
  test('is followed to its end, and kept in a ConfigMap of the Task’s', async () => {
    const { run, kept, opened } = world([() => pieces(TEXT('one\n'), TEXT('two\n'))]);
    expect(await run()).toEqual({ ok: true, value: { bytes: 8, truncated: false } });
    expect(kept()).toMatchObject({ data: { agent: 'one\ntwo\n' }, metadata: { ownerReferences: [{ uid: TASK_UID, controller: true }] } });
    expect(kept()?.metadata.annotations ?? {}).toEqual({});
    expect(opened).toEqual([{ container: 'agent', tailLines: 8 }]);
  });

  test('is cut to its last lines, and says so', async () => {
    const lines = Array.from({ length: 1_000 }, (_, index) => TEXT(`line ${index}\n`));
    const { run, kept } = world([() => pieces(...lines)]);
    expect(await run({ limitBytes: 25 })).toEqual({ ok: true, value: { bytes: 18, truncated: true } });
    expect(kept()).toMatchObject({
      data: { agent: 'line 998\nline 999\n' },
      metadata: { annotations: { [ANNOTATIONS.logTruncated]: 'true' } },
    });
  });

  test('that may begin before the lines that were asked for counts as cut', async () => {
    const { run } = world([() => pieces(TEXT('\n'.repeat(3)))]);
    expect(await run({ limitBytes: 17 })).toEqual({ ok: true, value: { bytes: 3, truncated: true } });
  });

  test('leaves its secrets behind', async () => {
    const { run, kept } = world([() => pieces(TEXT('password hun'), TEXT('ter2\n'))]);
    await run();
    expect(kept()).toMatchObject({ data: { agent: 'password ***\n' } });
  });

  test('that is empty makes no ConfigMap', async () => {
    const { run, kept } = world([() => pieces()]);
    expect(await run()).toEqual({ ok: true, value: { bytes: 0, truncated: false } });
    expect(kept()).toBeUndefined();
  });

  test('is what has come when the time is over', async () => {
    const { clock, run, kept } = world([
      async function* (signal) {
        yield TEXT('still running\n');
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      },
    ]);
    const startMs = clock.now();
    expect(await run({ followSeconds: 40 })).toEqual({ ok: true, value: { bytes: 14, truncated: false } });
    expect(clock.now() - startMs).toBe(40_000);
    expect(kept()).toMatchObject({ data: { agent: 'still running\n' } });
  });
});

describe('a stream that breaks', () => {
  test('is opened again, and what it gives then has the end', async () => {
    const { run, kept, opened } = world([
      () => pieces(TEXT('one\n'), BROKEN),
      () => pieces(refused(502, '')),
      () => pieces(TEXT('one\n'), TEXT('two\n')),
    ]);
    expect(await run()).toEqual({ ok: true, value: { bytes: 8, truncated: false } });
    expect(kept()).toMatchObject({ data: { agent: 'one\ntwo\n' } });
    expect(opened).toHaveLength(3);
  });

  test.each([
    ['the Pod’s containers are gone', () => pieces(TEXT('unable to retrieve container logs for containerd://abc'))],
    ['the container is not there', () => pieces(refused(400, 'BadRequest'))],
    ['there is nothing any more', () => pieces()],
    ['it breaks again before it has come so far', () => pieces(TEXT('o'), BROKEN)],
  ])('leaves what it gave, when %s', async (_, later) => {
    const { run, kept } = world([() => pieces(TEXT('one\n'), BROKEN), later]);
    expect(await run()).toEqual({ ok: true, value: { bytes: 4, truncated: false } });
    expect(kept()).toMatchObject({ data: { agent: 'one\n' } });
  });

  test('before it gave anything is tried until the time is over', async () => {
    const { clock, run, opened } = world([() => pieces(refused(503, 'ServiceUnavailable'))]);
    const startMs = clock.now();
    expect(await run({ followSeconds: 60 })).toMatchObject({ ok: false, error: { code: 503 } });
    expect(clock.now() - startMs).toBe(60_000);
    expect(opened.length).toBeGreaterThan(5);
    // Each two seconds in the end.
    expect(opened.length).toBeLessThan(32);
  });
});

describe('a Pod that has ended, on a node that gives no log', () => {
  const NO_NODE = () => pieces(refused(500, 'InternalError'));
  const ended = (deletionTimestamp?: string) => {
    const { metadata, ...rest } = pod({ phase: 'Failed' });
    return { ...rest, metadata: { ...metadata, ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) } };
  };

  test.each([
    ['being deleted: 5 seconds, since a drain waits', ended('2026-10-01T12:10:00Z'), 5],
    ['that stays: 15 seconds, since its log stays as well', ended(), 15],
  ])('%s', async (_, stored, seconds) => {
    const { clock, run, opened } = world([NO_NODE], undefined, stored);
    const startMs = clock.now();
    expect(await run({ followSeconds: 60 })).toMatchObject({ ok: false, error: { code: 500 } });
    expect(clock.now() - startMs).toBe(seconds * 1_000);
    expect(opened.length).toBeGreaterThan(2);
  });

  test('and does not even refuse: that there is nothing is not said of the log', async () => {
    const { clock, run } = world([(signal) => hanging(signal)], undefined, ended('2026-10-01T12:10:00Z'));
    const startMs = clock.now();
    expect(await run({ followSeconds: 60 })).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('its node gave nothing') },
    });
    expect(clock.now() - startMs).toBe(5_000);
  });

  test('while its log was tried: seen within 3 seconds', async () => {
    const { clock, server, run, stored } = world([NO_NODE]);
    const startMs = clock.now();
    clock.after(20_000, () => void server.load({ ...stored, ...ended('2026-10-01T12:10:00Z') } as never));
    expect(await run({ followSeconds: 60 })).toMatchObject({ ok: false, error: { code: 500 } });
    expect(clock.now() - startMs).toBeGreaterThanOrEqual(25_000);
    expect(clock.now() - startMs).toBeLessThanOrEqual(28_000);
  });
});

describe('where there is no log', () => {
  test('a kubelet says so with status 200, which is a refusal', async () => {
    const { run, kept } = world([() => pieces(TEXT('unable to retrieve container logs for containerd://abc'))]);
    expect(await run()).toMatchObject({
      ok: false,
      error: {
        type: 'Refused',
        message: expect.stringContaining('the kubelet says: unable to retrieve container logs for containerd://abc'),
      },
    });
    expect(kept()).toBeUndefined();
  });

  test('a container that never began is a refusal', async () => {
    const { run, opened } = world([() => pieces(refused(400, 'BadRequest'))]);
    expect(await run()).toMatchObject({ ok: false, error: { code: 400 } });
    expect(opened).toHaveLength(1);
  });

  test('another Pod under the name is not read', async () => {
    const { run, opened } = world([() => pieces(TEXT('somebody else’s\n'))]);
    const earlier = { kind: 'Pod', namespace: NAMESPACE, name: 'fix-bug-pod', uid: 'earlier' } as const;
    expect(await run({ pod: earlier })).toMatchObject({ ok: false, error: { message: expect.stringContaining('is another by now') } });
    expect(opened).toEqual([]);
  });

  test('a Pod that has gone is a refusal, unless its log was kept before', async () => {
    const { run, kept, server, stored } = world([() => pieces(TEXT('one\n'))]);
    await run({ limitBytes: 3 });
    server.store.remove(stored);
    expect(await run()).toEqual({ ok: true, value: { bytes: 3, truncated: true } });
    expect(await run({ container: 'git-init' })).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('pod fix-bug-pod is gone') },
    });
    expect(kept()).toMatchObject({ data: { agent: 'ne\n' } });
  });
});

describe('a ConfigMap that is there', () => {
  test('is filled up, but never with less', async () => {
    const { run, kept } = world([
      () => pieces(TEXT('long enough\n')),
      () => pieces(TEXT('short\n')),
      () => pieces(TEXT('much longer than before\n')),
    ]);
    await run();
    expect(await run()).toEqual({ ok: true, value: { bytes: 12, truncated: false } });
    expect(kept()).toMatchObject({ data: { agent: 'long enough\n' } });
    expect(await run()).toEqual({ ok: true, value: { bytes: 24, truncated: false } });
    expect(kept()).toMatchObject({ data: { agent: 'much longer than before\n' } });
  });

  test('loses the mark of a cut when the whole is there', async () => {
    const { run, kept } = world([() => pieces(TEXT('0123456789'))]);
    await run({ limitBytes: 5 });
    expect(kept()?.metadata.annotations).toEqual({ [ANNOTATIONS.logTruncated]: 'true' });
    expect(await run()).toEqual({ ok: true, value: { bytes: 10, truncated: false } });
    expect(kept()?.metadata.annotations ?? {}).toEqual({});
  });

  test('of another owner is left alone', async () => {
    const { run, kept, server } = world([() => pieces(TEXT('one\n'))]);
    server.create({ kind: 'ConfigMap', metadata: { name: 'fix-bug-log', namespace: NAMESPACE }, data: { agent: 'mine' } } as never);
    expect(await run()).toMatchObject({
      ok: false,
      error: {
        type: 'Refused',
        reason: 'AlreadyExists',
        message: expect.stringContaining('config map fix-bug-log is there and not this task'),
      },
    });
    expect(kept()).toMatchObject({ data: { agent: 'mine' } });
  });

  test('is written once though the answers are lost, refused for a while or late', async () => {
    let calls = 0;
    const { run, kept } = world([() => pieces(TEXT('one\n'))], ({ verb }) => {
      calls += 1;
      if (verb === 'create' && calls % 2 === 0) return { lose: { type: 'Unreachable', message: 'reset' } };
      return calls < 6
        ? { refuse: { type: 'Refused', code: 429, reason: 'TooManyRequests', message: '', retryAfterMs: 1_000 } }
        : undefined;
    });
    expect(await run()).toEqual({ ok: true, value: { bytes: 4, truncated: false } });
    expect(kept()).toMatchObject({ data: { agent: 'one\n' } });
  });

  test('that may not be created is a refusal, at once', async () => {
    const { clock, run } = world([() => pieces(TEXT('one\n'))], ({ verb }) =>
      verb === 'create'
        ? { refuse: { type: 'Refused', code: 403, reason: 'Forbidden', message: 'the namespace is being terminated' } }
        : undefined,
    );
    const startMs = clock.now();
    expect(await run()).toMatchObject({ ok: false, error: { code: 403, message: 'the namespace is being terminated' } });
    expect(clock.now()).toBe(startMs);
  });
});

test('who gives up waits for nothing more, and writes nothing', async () => {
  const { clock, run, kept, aborter } = world([
    async function* (signal) {
      yield TEXT('one\n');
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    },
  ]);
  clock.after(5_000, () => aborter.abort(new Error('the lead is lost')));
  const startMs = clock.now();
  expect(await run()).toMatchObject({ ok: false });
  expect(clock.now() - startMs).toBe(5_000);
  expect(kept()).toBeUndefined();
});
