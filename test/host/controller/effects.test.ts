import { describe, expect, test } from 'vitest';
import type { Effect } from '#core/contract/decision.ts';
import { EFFECT_DEADLINE_MS, Effects, lastBytes, type Sessions } from '#host/controller/effects.ts';
import type { Report } from '#host/controller/outcomes.ts';
import { VirtualClock } from '#host/virtual-clock.ts';
import { NAMESPACE } from '#test/support/builders.ts';
import { refusal, type ScriptedAnswer, scriptedCluster } from '#test/support/scripted-cluster.ts';

const POD = { kind: 'Pod', namespace: NAMESPACE, name: 'fix-bug-pod', uid: 'pod-uid' } as const;
const tail = (id = 'tail/1', limitBytes = 4): Effect => ({ type: 'Effect', id, kind: 'LogTail', pod: POD, container: 'agent', limitBytes });
const session = (kind: 'SessionSummary' | 'SessionAbort'): Effect => ({
  type: 'Effect',
  id: kind,
  kind,
  url: 'http://agent',
  title: 'title',
});

const silent: Sessions = { summary: () => new Promise(() => {}), abort: () => new Promise(() => {}) };

function world(answer: () => ScriptedAnswer = () => ({ ok: true, value: 'one two' }), sessions: Sessions = silent) {
  const clock = new VirtualClock();
  const cluster = scriptedCluster(answer);
  const reports: Report[] = [];
  const aborter = new AbortController();
  const effects = new Effects({ cluster, clock, sessions, signal: aborter.signal, onDone: (_, __, report) => reports.push(report) });
  return { clock, cluster, effects, reports, aborter };
}

describe('effects', () => {
  test('the tail of a log is cut from many lines, because the API server counts bytes from the first', async () => {
    const { clock, cluster, effects, reports } = world();
    effects.run('s', tail());
    await clock.idle();
    expect(reports).toEqual([{ actionId: 'tail/1', of: 'Effect', result: 'ok', answer: ' two' }]);
    expect(cluster.calls).toMatchObject([{ verb: 'logs', options: { container: 'agent', tailLines: 500 } }]);
  });

  test('what is asked for again while it runs is run once', async () => {
    const { clock, cluster, effects, reports } = world();
    effects.run('s', tail());
    effects.run('s', tail());
    effects.run('other', tail());
    await clock.idle();
    expect(cluster.calls).toHaveLength(2);
    expect(reports).toHaveLength(2);
    effects.run('s', tail());
    await clock.idle();
    expect(cluster.calls).toHaveLength(3);
  });

  test('a refusal is an outcome', async () => {
    const { clock, effects, reports } = world(() => refusal(404, 'NotFound'));
    effects.run('s', tail());
    await clock.idle();
    expect(reports).toMatchObject([{ actionId: 'tail/1', of: 'Effect', result: 'refused', code: 404 }]);
  });

  test('sessions answer in JSON', async () => {
    const sessions: Sessions = {
      summary: async (url, title) => ({ ok: true, value: { id: `${url} ${title}` } }),
      abort: async () => ({ ok: true, value: null }),
    };
    const { clock, effects, reports } = world(undefined, sessions);
    effects.run('s', session('SessionSummary'));
    effects.run('s', session('SessionAbort'));
    await clock.idle();
    expect(reports.map(({ actionId, answer }) => [actionId, answer])).toEqual([
      ['SessionSummary', '{"id":"http://agent title"}'],
      ['SessionAbort', 'null'],
    ]);
  });

  test('one that throws is an outcome, too', async () => {
    const { clock, effects, reports } = world(undefined, { ...silent, abort: () => Promise.reject(new Error('bug')) });
    effects.run('s', session('SessionAbort'));
    await clock.idle();
    expect(reports).toMatchObject([{ result: 'unknown', message: 'SessionAbort SessionAbort: Error: bug' }]);
  });

  test('one that takes too long is told to stop', async () => {
    const stopped = new Promise<unknown>((resolve) => {
      const sessions: Sessions = {
        ...silent,
        abort: (_, __, signal) => {
          signal.addEventListener('abort', () => resolve(signal.reason));
          return new Promise(() => {});
        },
      };
      const { clock, effects } = world(undefined, sessions);
      effects.run('s', session('SessionAbort'));
      void clock.advance(EFFECT_DEADLINE_MS);
    });
    await expect(stopped).resolves.toMatchObject({ message: 'SessionAbort: expected an answer within 30 s' });
  });

  test('sixteen run at a time, the others after them', async () => {
    const release: (() => void)[] = [];
    const { clock, cluster, effects, reports } = world(
      () => new Promise((resolve) => release.push(() => resolve({ ok: true, value: 'x' }))),
    );
    for (let index = 0; index < 20; index++) effects.run('s', tail(`tail/${index}`));
    await clock.idle();
    expect(cluster.calls).toHaveLength(16);
    for (const done of release.splice(0)) done();
    await clock.idle();
    expect(cluster.calls).toHaveLength(20);
    for (const done of release.splice(0)) done();
    await clock.idle();
    expect(reports).toHaveLength(20);
    expect(effects.size).toBe(0);
  });

  test('after the end nobody is told', async () => {
    const { clock, effects, reports, aborter } = world();
    effects.run('s', tail());
    aborter.abort(new Error('over'));
    await clock.idle();
    expect(reports).toEqual([]);
  });

  test.each([
    ['abc', 10, 'abc'],
    ['abcdef', 3, 'def'],
    ['aäöü', 4, 'öü'],
    ['aäöü', 3, 'ü'],
    ['x😀', 3, ''],
    ['x😀', 4, '😀'],
    ['', 5, ''],
  ])('the last bytes of %j, at most %i, are %j', (text, limitBytes, expected) => {
    expect(lastBytes(text, limitBytes)).toBe(expected);
  });
});
