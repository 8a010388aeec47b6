import { describe, expect, test } from 'vitest';
import type { Effect } from '#core/contract/decision.ts';
import type { Result } from '#host/cluster/cluster.ts';
import { EFFECT_DEADLINE_MS, Effects, type Sessions } from '#host/controller/effects.ts';
import type { Report } from '#host/controller/outcomes.ts';
import { VirtualClock } from '#host/virtual-clock.ts';
import { logTail, pod } from '#test/support/builders.ts';
import { refusal, type ScriptedAnswer, type ScriptedCall, scriptedCluster } from '#test/support/scripted-cluster.ts';

const session = (kind: 'SessionSummary' | 'SessionAbort', id: string = kind): Effect => ({
  type: 'Effect',
  id,
  kind,
  url: 'http://agent',
  title: 'title',
});

const silent: Sessions = { summary: () => new Promise(() => {}), abort: () => new Promise(() => {}) };

/** The Pod is there; its log, and the ConfigMap's creation, are the test's word. */
function answers(log: ScriptedAnswer = { ok: true, value: 'one two' }): (call: ScriptedCall) => ScriptedAnswer {
  return ({ verb }) => (verb === 'followLogs' ? log : { ok: true, value: pod() });
}

function world(answer: (call: ScriptedCall) => ScriptedAnswer = answers(), sessions: Sessions = silent) {
  const clock = new VirtualClock();
  const cluster = scriptedCluster(answer);
  const reports: Report[] = [];
  const aborter = new AbortController();
  const effects = new Effects({
    cluster,
    clock,
    sessions,
    redactLog: (text) => text,
    signal: aborter.signal,
    onDone: (_, __, report) => reports.push(report),
  });
  const calls = (verb: ScriptedCall['verb']): number => cluster.calls.filter((call) => call.verb === verb).length;
  return { clock, cluster, effects, reports, aborter, calls };
}

/** Sessions that answer when they are told to, and those that were told to end. */
function patientSessions() {
  const release: (() => void)[] = [];
  const ended: unknown[] = [];
  const wait = (signal: AbortSignal): Promise<Result<null>> =>
    new Promise((resolve) => {
      release.push(() => resolve({ ok: true, value: null }));
      signal.addEventListener('abort', () => {
        ended.push(signal.reason);
        resolve({ ok: false, error: { type: 'Unreachable', message: 'aborted' } });
      });
    });
  const sessions: Sessions = { summary: (_, __, signal) => wait(signal), abort: (_, __, signal) => wait(signal) };
  return { sessions, release, ended };
}

describe('effects', () => {
  test('the answer of a log says how much was kept, and not what', async () => {
    const { clock, cluster, effects, reports } = world();
    effects.run('s', logTail({ limitBytes: 4 }));
    await clock.idle();
    expect(reports).toEqual([{ actionId: 'log/pod-uid', of: 'Effect', result: 'ok', answer: '{"bytes":4,"truncated":true}' }]);
    expect(cluster.calls.map(({ verb }) => verb)).toEqual(['get', 'followLogs', 'create']);
    expect(cluster.calls[2]?.body).toMatchObject({ kind: 'ConfigMap', data: { agent: ' two' } });
  });

  test('what is asked for again while it runs is run once', async () => {
    const { clock, effects, reports, calls } = world();
    effects.run('s', logTail());
    effects.run('s', logTail());
    effects.run('other', logTail());
    expect(effects.size).toBe(2);
    await clock.idle();
    expect(calls('followLogs')).toBe(2);
    expect(reports).toHaveLength(2);
    effects.run('s', logTail());
    await clock.idle();
    expect(calls('followLogs')).toBe(3);
    expect(effects.size).toBe(0);
  });

  test('a refusal is an outcome', async () => {
    const { clock, effects, reports } = world(answers(refusal(400, 'BadRequest')));
    effects.run('s', logTail());
    await clock.idle();
    expect(reports).toMatchObject([{ actionId: 'log/pod-uid', of: 'Effect', result: 'refused', code: 400 }]);
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
    const { sessions, ended } = patientSessions();
    const { clock, effects, reports } = world(undefined, sessions);
    effects.run('s', session('SessionAbort'));
    await clock.advance(EFFECT_DEADLINE_MS);
    expect(ended).toMatchObject([{ message: 'SessionAbort: expected an answer within 30 s' }]);
    expect(reports).toMatchObject([{ actionId: 'SessionAbort', result: 'unknown' }]);
  });

  test('a log has that time beside what it is followed', async () => {
    let tries = 0;
    const { clock, effects, reports } = world((call) => {
      if (call.verb !== 'create') return answers()(call);
      tries += 1;
      return refusal(503, 'ServiceUnavailable');
    });
    effects.run('s', logTail({ followSeconds: 60 }));
    await clock.advance(60_000 + EFFECT_DEADLINE_MS - 1);
    expect(reports).toEqual([]);
    await clock.advance(1);
    expect(reports).toMatchObject([{ result: 'unknown', code: 503 }]);
    expect(tries).toBeGreaterThan(8);
  });

  test('sixteen sessions run at a time, the others after them', async () => {
    const { sessions, release } = patientSessions();
    const { clock, effects, reports } = world(undefined, sessions);
    for (let index = 0; index < 20; index++) effects.run('s', session('SessionAbort', `abort/${index}`));
    await clock.idle();
    expect(release).toHaveLength(16);
    for (const done of release.splice(0)) done();
    await clock.idle();
    expect(release).toHaveLength(4);
    for (const done of release.splice(0)) done();
    await clock.idle();
    expect(reports).toHaveLength(20);
    expect(effects.size).toBe(0);
  });

  test('sixty-four logs are followed at a time, and hold up nothing else', async () => {
    const { clock, effects, reports, calls } = world(answers(new Promise(() => {})), {
      ...silent,
      abort: async () => ({ ok: true, value: null }),
    });
    for (let index = 0; index < 70; index++) effects.run('s', logTail({ id: `log/${index}` }));
    effects.run('s', session('SessionAbort'));
    await clock.idle();
    expect(calls('followLogs')).toBe(64);
    expect(reports).toMatchObject([{ actionId: 'SessionAbort', result: 'ok' }]);
  });

  test('of a subject that is gone end, run or waiting, and are not told of; another’s go on', async () => {
    const { sessions, release, ended } = patientSessions();
    const { clock, effects, reports } = world(undefined, sessions);
    effects.run('other', session('SessionAbort'));
    for (let index = 0; index < 20; index++) effects.run('gone', session('SessionAbort', `abort/${index}`));
    await clock.idle();
    effects.forget('gone');
    expect(effects.size).toBe(1);
    await clock.idle();
    expect(ended).toHaveLength(15);
    expect(release).toHaveLength(16);
    expect(reports).toEqual([]);
    effects.run('gone', session('SessionAbort', 'abort/again'));
    await clock.idle();
    for (const done of release) done();
    await clock.idle();
    expect(reports.map(({ actionId }) => actionId)).toEqual(['SessionAbort', 'abort/again']);
  });

  test('after the end nobody is told', async () => {
    const { clock, effects, reports, aborter } = world();
    effects.run('s', logTail());
    aborter.abort(new Error('over'));
    await clock.idle();
    expect(reports).toEqual([]);
  });
});
