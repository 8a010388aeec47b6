import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ClusterError, ObjectList, WatchEvent } from '#host/cluster/cluster.ts';
import { step } from '#host/cluster/reflector.ts';
import { initialReflectorState, type ReflectorInput, type ReflectorOutput, type ReflectorState } from '#host/cluster/reflector-states.ts';

type Omitted<T> = T extends unknown ? Omit<T, 'nowMs' | 'random'> : never;
/** An input for the call or timer that is current, unless the test says otherwise. */
type Given = Omitted<ReflectorInput> | { readonly afterMs: number };

interface Run {
  readonly state: ReflectorState;
  /** Outputs of the last input. */
  readonly outputs: readonly ReflectorOutput[];
}

const refused = (code: number, more: Partial<Extract<ClusterError, { type: 'Refused' }>> = {}): ClusterError => ({
  type: 'Refused',
  code,
  reason: '',
  message: `code ${code}`,
  ...more,
});
const unreachable: ClusterError = { type: 'Unreachable', message: 'reset' };
const call = (state: ReflectorState): number => ('call' in state.phase ? state.phase.call : -1);
const object = (name: string, resourceVersion: string) => ({ metadata: { name, resourceVersion } });

/** Inputs as functions of the state, because they bear the number of the call in flight. */
const page = (list: ObjectList) => (state: ReflectorState) => ({ type: 'PageRead', call: call(state), list }) as const;
const pageFailed = (error: ClusterError) => (state: ReflectorState) => ({ type: 'PageFailed', call: call(state), error }) as const;
const watched = (event: WatchEvent) => (state: ReflectorState) => ({ type: 'Watched', call: call(state), event }) as const;
const watchFailed = (error: ClusterError) => watched({ type: 'ERROR', error });
const ended = (state: ReflectorState) => ({ type: 'WatchEnded', call: call(state) }) as const;
const timer = (state: ReflectorState) => ({ type: 'TimerFired', timer: state.timer ?? -1 }) as const;
const later = (afterMs: number) => () => ({ afterMs });
const start = () => ({ type: 'Start' }) as const;
const refresh = () => ({ type: 'Refresh' }) as const;
const stop = () => ({ type: 'Stop' }) as const;

function run(givens: readonly ((state: ReflectorState) => Given)[], random = 0): Run {
  let state = initialReflectorState;
  let outputs: readonly ReflectorOutput[] = [];
  let nowMs = 1_000_000;
  for (const give of givens) {
    const given = give(state);
    if ('afterMs' in given) nowMs += given.afterMs;
    else ({ state, outputs } = step(state, { ...given, nowMs, random } as ReflectorInput));
  }
  return { state, outputs };
}

const synced = [start, page({ resourceVersion: '10', items: [] })];
const delayOf = ({ outputs }: Run): number | undefined => outputs.find((output) => output.type === 'SetTimer')?.delayMs;
const reasonOf = ({ outputs }: Run): string | undefined => outputs.find((output) => output.type === 'Restarted')?.reason;

describe('listing', () => {
  test('begins with the first page and goes on page by page to the watch', () => {
    const first = run([start]);
    expect(first.outputs).toMatchObject([
      { type: 'ListBegun' },
      { type: 'SetTimer', delayMs: 60_000 },
      { type: 'List', continueToken: undefined },
    ]);
    const second = run([start, page({ resourceVersion: '10', continueToken: 'more', items: [object('a', '1')] })]);
    expect(second.outputs).toMatchObject([{ type: 'Page' }, { type: 'SetTimer' }, { type: 'List', continueToken: 'more' }]);
    const last = run([
      start,
      page({ resourceVersion: '10', continueToken: 'more', items: [] }),
      page({ resourceVersion: '10', items: [object('b', '2')] }),
    ]);
    expect(last.outputs).toMatchObject([
      { type: 'Page', objects: [{ metadata: { name: 'b' } }] },
      { type: 'ListDone', resourceVersion: '10' },
      { type: 'SetTimer', delayMs: 295_000 },
      { type: 'Watch', resourceVersion: '10', timeoutSeconds: 290 },
    ]);
  });

  test('an empty continue token is none', () => {
    expect(run([start, page({ resourceVersion: '10', continueToken: '', items: [] })]).state.phase.type).toBe('Watching');
  });

  test('a page that fails is asked for again, with its token', () => {
    const more = page({ resourceVersion: '10', continueToken: 'more', items: [] });
    expect(run([start, more, pageFailed(refused(500)), timer]).outputs).toMatchObject([
      { type: 'SetTimer' },
      { type: 'List', continueToken: 'more' },
    ]);
  });

  test('a token that is refused is not asked with again: only a new list helps', () => {
    const more = page({ resourceVersion: '10', continueToken: 'more', items: [] });
    expect(run([start, more, pageFailed(refused(400)), timer]).outputs).toMatchObject([
      { type: 'ListBegun' },
      { type: 'SetTimer' },
      { type: 'List', continueToken: undefined },
    ]);
  });

  test.each([
    [401, 'the credentials'],
    [403, 'host/manifests/base/rbac.yaml'],
    [404, 'kubectl apply -k host/manifests'],
  ])('code %i says what to do about it, and is tried again', (code, hint) => {
    const { outputs, state } = run([start, pageFailed(refused(code))]);
    expect(outputs.find((output) => output.type === 'Restarted')?.message).toContain(`list: code ${code}; `);
    expect(outputs.find((output) => output.type === 'Restarted')?.message).toContain(hint);
    expect(state.timer).toBeDefined();
  });

  test('list-410-between-pages begins from the first page', () => {
    const more = page({ resourceVersion: '10', continueToken: 'more', items: [] });
    const again = run([start, more, pageFailed(refused(410)), timer]);
    expect(again.outputs).toMatchObject([{ type: 'ListBegun' }, { type: 'SetTimer' }, { type: 'List', continueToken: undefined }]);
  });

  test('list-stalled is given up and asked for again', () => {
    const stalled = run([start, timer]);
    expect(stalled.outputs).toMatchObject([{ type: 'Abort' }, { type: 'Restarted', reason: 'Idle' }, { type: 'SetTimer', delayMs: 800 }]);
    expect(run([start, timer, timer]).state.phase.type).toBe('Listing');
  });
});

describe('watching', () => {
  test.each<[string, WatchEvent, Partial<ReflectorOutput>]>([
    ['ADDED', { type: 'ADDED', object: object('a', '11') }, { type: 'Upsert' }],
    ['MODIFIED', { type: 'MODIFIED', object: object('a', '11') }, { type: 'Upsert' }],
    ['DELETED', { type: 'DELETED', object: object('a', '11') }, { type: 'Remove' }],
    ['BOOKMARK', { type: 'BOOKMARK', resourceVersion: '11' }, { type: 'Bookmark' }],
  ])('%s moves the version on', (_, event, output) => {
    expect(run([...synced, watched(event)]).outputs).toMatchObject([output]);
    expect(run([...synced, watched(event), watchFailed(unreachable), timer]).outputs).toMatchObject([
      { type: 'SetTimer' },
      { type: 'Watch', resourceVersion: '11' },
    ]);
  });

  test.each<[string, ClusterError, string, string]>([
    ['watch-410', refused(410), 'Expired', 'Empty'],
    ['watch-429', refused(429), 'Throttled', 'Listed'],
    ['watch-500', refused(500), 'ServerError', 'Listed'],
    ['watch-403', refused(403), 'Refused', 'Listed'],
    ['watch-reset', unreachable, 'Unreachable', 'Listed'],
    ['watch-no-credentials', { type: 'Credentials', message: 'plugin failed' }, 'Credentials', 'Listed'],
  ])('%s', (_, error, reason, phase) => {
    const failed = run([...synced, watchFailed(error)]);
    expect(failed.state.phase.type).toBe(phase);
    expect(reasonOf(failed)).toBe(reason);
    expect(failed.outputs[0]?.type).toBe('Abort');
  });

  test('watch-closed-by-server goes on at once from the last version', () => {
    const closed = run([...synced, later(60_000), ended]);
    expect(closed.outputs).toMatchObject([
      { type: 'Restarted', reason: 'Closed', delayMs: 0 },
      { type: 'SetTimer' },
      { type: 'Watch', resourceVersion: '10' },
    ]);
  });

  test('watch-closed-at-once waits, unless it brought something', () => {
    expect(run([...synced, later(500), ended])).toMatchObject({ state: { phase: { type: 'Listed' } } });
    expect(delayOf(run([...synced, later(500), ended]))).toBe(800);
    const busy = run([...synced, watched({ type: 'BOOKMARK', resourceVersion: '11' }), ended]);
    expect(busy.state.phase).toMatchObject({ type: 'Watching', resourceVersion: '11' });
    const same = run([...synced, watched({ type: 'BOOKMARK', resourceVersion: '10' }), ended]);
    expect(same.state.phase.type).toBe('Listed');
  });

  test('watch-stalled is cut 5 s after its timeout', () => {
    expect(delayOf(run(synced))).toBe(295_000);
    expect(run([...synced, timer]).outputs).toMatchObject([{ type: 'Abort' }, { type: 'Restarted', reason: 'Idle' }, { type: 'SetTimer' }]);
  });

  test('watch-of-a-version-from-the-future: silent to its end, so list again', () => {
    expect(run([...synced, later(290_000), ended]).outputs).toMatchObject([
      { type: 'Restarted', reason: 'Silent' },
      { type: 'ListBegun' },
      { type: 'SetTimer' },
      { type: 'List' },
    ]);
    const spoken = watched({ type: 'BOOKMARK', resourceVersion: '10' });
    expect(run([...synced, spoken, later(290_000), ended]).state.phase).toMatchObject({ type: 'Watching', resourceVersion: '10' });
    expect(run([...synced, later(149_000), ended]).state.phase.type).toBe('Watching');
  });

  test('timeouts are spread over a minute', () => {
    const timeout = (random: number) => run(synced, random).outputs.find((output) => output.type === 'Watch')?.timeoutSeconds;
    expect([timeout(0), timeout(0.5), timeout(0.999)]).toEqual([290, 260, 231]);
  });

  test('three refused watches in a row ask whether the version is what is refused: list again', () => {
    const again = [watchFailed(refused(504)), timer];
    expect(run([...synced, ...again, ...again]).state.phase.type).toBe('Watching');
    expect(run([...synced, ...again, ...again, watchFailed(refused(504))]).state.phase.type).toBe('Empty');
    const progress = watched({ type: 'BOOKMARK', resourceVersion: '11' });
    expect(run([...synced, ...again, ...again, progress, watchFailed(refused(504))]).state.phase.type).toBe('Listed');
  });
});

describe('backoff', () => {
  const failing = [watchFailed(unreachable), timer];

  test('doubles from 800 ms to 30 s, and jitter at most doubles it', () => {
    const delays = Array.from({ length: 8 }, (_, failures) =>
      delayOf(run([...synced, ...Array.from({ length: failures }, () => failing).flat(), watchFailed(unreachable)])),
    );
    expect(delays).toEqual([800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
    expect(delayOf(run([...synced, ...failing, watchFailed(unreachable)], 0.5))).toBe(2_400);
  });

  test('is forgotten after two minutes without a failure, not before', () => {
    expect(delayOf(run([...synced, ...failing, ...failing, later(119_000), watchFailed(unreachable)]))).toBe(3_200);
    expect(delayOf(run([...synced, ...failing, ...failing, later(130_000), watchFailed(unreachable)]))).toBe(800);
  });

  test('never undercuts Retry-After', () => {
    expect(delayOf(run([...synced, watchFailed(refused(429, { retryAfterMs: 17_000 }))]))).toBe(17_000);
    expect(delayOf(run([start, pageFailed(refused(429, { retryAfterMs: 17_000 }))]))).toBe(17_000);
    expect(delayOf(run([...synced, watchFailed(refused(429, { retryAfterMs: 1 }))]))).toBe(800);
  });

  test('an expired version is listed again at once, but a second time waits', () => {
    expect(delayOf(run([...synced, watchFailed(refused(410))]))).toBe(0);
    const relisted = [...synced, watchFailed(refused(410)), timer, page({ resourceVersion: '20', items: [] })];
    expect(delayOf(run([...relisted, watchFailed(refused(410))]))).toBe(1_600);
  });
});

describe('refresh', () => {
  test('ends the watch and lists', () => {
    expect(run([...synced, refresh]).outputs).toMatchObject([
      { type: 'Abort' },
      { type: 'Restarted', reason: 'Refresh' },
      { type: 'ListBegun' },
      { type: 'SetTimer' },
      { type: 'List' },
    ]);
  });

  describe('of a kind whose list had many pages', () => {
    const synced = [start, page({ resourceVersion: '10', continueToken: 'more', items: [] }), page({ resourceVersion: '10', items: [] })];

    test('watches for so short that the server tells how far it is, from where it was', () => {
      expect(run([...synced, refresh]).outputs).toMatchObject([
        { type: 'Abort' },
        { type: 'Restarted', reason: 'Refresh' },
        { type: 'SetTimer', delayMs: 8_000 },
        { type: 'Watch', resourceVersion: '10', timeoutSeconds: 3 },
      ]);
      const told = run([...synced, refresh, watched({ type: 'BOOKMARK', resourceVersion: '20' })]);
      expect(told.outputs).toEqual([{ type: 'Bookmark', resourceVersion: '20' }]);
    });

    test('goes on with an ordinary watch from what the short one has told', () => {
      const bookmark = watched({ type: 'BOOKMARK', resourceVersion: '20' });
      const { outputs } = run([...synced, refresh, later(1_000), bookmark, later(2_000), ended]);
      expect(outputs).toMatchObject([
        { type: 'Restarted', reason: 'Closed' },
        { type: 'SetTimer' },
        { type: 'Watch', resourceVersion: '20', timeoutSeconds: 290 },
      ]);
    });

    test('asked for again gives the short watch its time, then lists', () => {
      expect(run([...synced, refresh, later(3_499), refresh]).outputs).toEqual([]);
      const listed = [
        { type: 'Abort' },
        { type: 'Restarted', reason: 'Refresh' },
        { type: 'ListBegun' },
        { type: 'SetTimer' },
        { type: 'List' },
      ];
      expect(run([...synced, refresh, later(3_500), refresh]).outputs).toMatchObject(listed);
      // Also when the short watch has ended meanwhile and told nothing.
      expect(run([...synced, refresh, later(3_000), ended, later(600), refresh]).outputs).toMatchObject(listed);
    });

    test('asked for another time, much later, is heard of by a short watch again', () => {
      const { outputs } = run([...synced, refresh, later(3_000), ended, later(60_000), refresh]);
      expect(outputs.at(-1)).toMatchObject({ type: 'Watch', timeoutSeconds: 3 });
    });

    test('lists when the version of the short watch has expired', () => {
      const { outputs } = run([...synced, refresh, watchFailed(refused(410)), timer]);
      expect(outputs.map(({ type }) => type)).toEqual(['ListBegun', 'SetTimer', 'List']);
    });
  });

  test('while a failure is waited for, keeps the wait and lists behind it', () => {
    const refreshed = run([...synced, watchFailed(refused(429, { retryAfterMs: 9_000 })), refresh]);
    expect(refreshed.outputs).toEqual([]);
    expect(refreshed.state.phase.type).toBe('Empty');
    expect(run([...synced, watchFailed(unreachable), refresh, timer]).outputs[0]?.type).toBe('ListBegun');
  });

  test('during a list changes nothing', () => {
    expect(run([start, refresh])).toEqual({ state: run([start]).state, outputs: [] });
  });
});

test('a stop aborts what is in flight, and nothing happens after it', () => {
  expect(run([...synced, stop]).outputs).toMatchObject([{ type: 'Abort' }, { type: 'ClearTimer' }]);
  for (const give of [start, refresh, timer, ended, stop, page({ resourceVersion: '1', items: [] })]) {
    expect(run([...synced, stop, give])).toMatchObject({ state: { phase: { type: 'Stopped' } }, outputs: [] });
  }
});

test('answers to earlier calls and earlier timers are not listened to', () => {
  const { state } = run([...synced, watchFailed(unreachable), timer]);
  const inputs: Given[] = [
    { type: 'PageRead', call: 1, list: { resourceVersion: '5', items: [] } },
    { type: 'PageFailed', call: 1, error: unreachable },
    { type: 'Watched', call: 3, event: { type: 'ADDED', object: object('a', '5') } },
    { type: 'WatchEnded', call: 3 },
    { type: 'TimerFired', timer: 4 },
    { type: 'Start' },
  ];
  for (const input of inputs)
    expect(step(state, { ...input, nowMs: 2_000_000, random: 0 } as ReflectorInput)).toEqual({ state, outputs: [] });
});

/** Any input, for any call or timer: also for those that never were. */
const error: fc.Arbitrary<ClusterError> = fc.oneof(
  fc.constant(unreachable),
  fc.record({ type: fc.constant('Credentials' as const), message: fc.constant('x') }),
  fc
    .record({
      code: fc.constantFrom(400, 403, 404, 410, 429, 500, 503, 504),
      retryAfterMs: fc.option(fc.integer({ min: 0, max: 60_000 }), { nil: undefined }),
    })
    .map(({ code, retryAfterMs }) => refused(code, retryAfterMs === undefined ? {} : { retryAfterMs })),
);
const version = fc.integer({ min: 1, max: 99 }).map(String);
const event: fc.Arbitrary<WatchEvent> = fc.oneof(
  fc.record({
    type: fc.constantFrom('ADDED' as const, 'MODIFIED' as const, 'DELETED' as const),
    object: version.map((at) => object('a', at)),
  }),
  fc.record({ type: fc.constant('BOOKMARK' as const), resourceVersion: version }),
  fc.record({ type: fc.constant('ERROR' as const), error }),
);
const list: fc.Arbitrary<ObjectList> = fc
  .record({ resourceVersion: version, continueToken: fc.constantFrom(undefined, '', 'more') })
  .map(({ continueToken, ...rest }) => ({ ...rest, items: [], ...(continueToken === undefined ? {} : { continueToken }) }));
/** How far behind the newest call or timer the input is; 0 is nearly always what a driver would say. */
const behind = fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: -3, max: 6 }) });
const anyInput = fc.record({
  what: fc.oneof(
    fc.constantFrom({ type: 'Start' }, { type: 'Refresh' }, { type: 'TimerFired' }, { type: 'WatchEnded' }),
    list.map((value) => ({ type: 'PageRead', list: value })),
    error.map((value) => ({ type: 'PageFailed', error: value })),
    event.map((value) => ({ type: 'Watched', event: value })),
    fc.constantFrom({ type: 'Refresh' }, { type: 'TimerFired' }, { type: 'Stop' }),
  ),
  behind,
  afterMs: fc.constantFrom(0, 1, 500, 2_000, 130_000),
  random: fc.double({ min: 0, max: 0.999, noNaN: true }),
});

test('whatever happens: never two calls, never without a call or a timer, no call without a deadline, and only live calls are aborted', () => {
  fc.assert(
    fc.property(fc.array(anyInput, { maxLength: 80 }), (inputs) => {
      let state = step(initialReflectorState, { type: 'Start', nowMs: 0, random: 0 }).state;
      let nowMs = 0;
      const inFlight = new Set<number>([call(state)]);
      let pending: number | undefined = state.timer;
      for (const { what, behind: offset, afterMs, random } of inputs) {
        nowMs += afterMs;
        const input = { ...what, call: call(state) - offset, timer: (state.timer ?? 0) - offset, nowMs, random } as ReflectorInput;
        if (input.type === 'TimerFired' && input.timer === pending) pending = undefined;
        const next = step(state, input);
        // A watch is not answered by a page: such an input concerns no call.
        const isOver =
          (state.phase.type === 'Listing' && (input.type === 'PageRead' || input.type === 'PageFailed')) ||
          (state.phase.type === 'Watching' && input.type === 'WatchEnded');
        if (isOver) inFlight.delete(input.call);
        for (const output of next.outputs) {
          if (output.type === 'Abort') expect(inFlight.delete(output.call) || isOver).toBe(true);
          if (output.type === 'List' || output.type === 'Watch') inFlight.add(output.call);
          if (output.type === 'SetTimer') {
            pending = output.timer;
            expect(output.delayMs).toBeGreaterThanOrEqual(0);
            expect(output.delayMs).toBeLessThanOrEqual(300_000);
          }
          if (output.type === 'ClearTimer') pending = undefined;
          expect(inFlight.size).toBeLessThanOrEqual(1);
        }
        state = next.state;
        if (state.phase.type === 'Stopped') {
          expect([inFlight.size, pending]).toEqual([0, undefined]);
        } else {
          expect(pending).toBeDefined();
          expect(state.timer).toBe(pending);
          if ('call' in state.phase) expect(inFlight.has(state.phase.call)).toBe(true);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});
