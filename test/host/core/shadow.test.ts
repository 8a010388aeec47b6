import { describe, expect, test } from 'vitest';
import type { Decided } from '#core/contract/decision.ts';
import type { Snapshot } from '#core/contract/snapshot.ts';
import { type Compared, partsThatDiffer, shadowed } from '#host/core/shadow.ts';
import type { Engine, EngineResult } from '#host/engine/engine.ts';
import { VirtualClock } from '#host/virtual-clock.ts';
import { decided } from '#test/support/scripted-engine.ts';

const said = (parts: Partial<Decided> = {}): EngineResult => ({ type: 'Answered', decision: decided(parts), log: '', fuelUsed: 1 });
const FAULT: EngineResult = { type: 'EngineError', cause: 'Trap', message: 'dead', log: '' };
const RULE = { rule: 'task/start', module: 'core', says: '', facts: {} } as const;

function snapshot(name: string): Snapshot {
  const settings = { config: {}, referenceGraceSeconds: 60, unreachableAfterSeconds: 300 };
  return {
    contract: 1,
    kind: 'Task',
    now: 'now',
    subject: { namespace: 'ns', name, uid: name },
    task: null,
    pods: [],
    read: {},
    outcomes: [],
    settings,
  };
}

function setUp(shadow: (snapshot: Snapshot, clock: { ahead: number }) => EngineResult) {
  const virtual = new VirtualClock({ startMs: 0 });
  const work = { ahead: 0 };
  const clock = {
    ...{ now: () => virtual.now(), random: () => 0 },
    monotonic: () => virtual.monotonic() + work.ahead,
    after: virtual.after.bind(virtual),
  };
  const seen: string[] = [];
  const compared: Compared[] = [];
  let skipped = 0;
  const shadowEngine: Engine = {
    digest: 'shadow',
    decide: (shown) => {
      seen.push(shown.subject.name);
      return shadow(shown, work);
    },
  };
  const engine = shadowed(
    { digest: 'first', decide: () => said({ reasons: [RULE] }) },
    { shadow: shadowEngine, clock, onCompared: (one) => compared.push(one), onSkipped: () => (skipped += 1) },
  );
  return { virtual, engine, seen, compared, skipped: () => skipped };
}

describe('a shadow', () => {
  test('decides behind the core in charge, whose answer goes out first and as it is', async () => {
    const { virtual, engine, seen, compared } = setUp(() => said({ wakeAt: 'later' }));
    expect(engine.decide(snapshot('a'), { reconcileID: 7 })).toEqual(said({ reasons: [RULE] }));
    expect([seen, engine.digest]).toEqual([[], 'first']);
    await virtual.advance(1);
    expect(compared).toEqual([expect.objectContaining({ call: { reconcileID: 7 }, parts: ['wakeAt', 'reasons'], rule: 'task/start' })]);
  });

  test('has a tenth of the time and no more; what it can’t get done is left out and counted', async () => {
    const { virtual, engine, seen, skipped } = setUp((_shown, work) => {
      work.ahead += 100;
      return said();
    });
    for (let index = 0; index < 100; index += 1) engine.decide(snapshot(`t${index}`));
    expect(skipped()).toBe(36);
    await virtual.advance(0);
    expect(seen.length).toBe(1);
    await virtual.advance(9_000);
    // 100 ms of work, 900 ms of rest.
    expect(seen.length).toBe(11);
  });

  test('that fails or throws breaks nothing, and rests for a minute after the third time', async () => {
    let calls = 0;
    const { virtual, engine, compared } = setUp(() => {
      calls += 1;
      if (calls === 2) throw new Error('not even an EngineError');
      return FAULT;
    });
    for (let index = 0; index < 5; index += 1) engine.decide(snapshot(`t${index}`));
    await virtual.advance(1_000);
    expect(compared.map(({ parts }) => parts)).toEqual([['failed'], ['failed'], ['failed']]);
    await virtual.advance(60_000);
    expect(calls).toBe(4);
  });

  test('goes on when there is something again', async () => {
    const { virtual, engine, seen } = setUp(() => said());
    for (const name of ['a', 'b']) {
      engine.decide(snapshot(name));
      await virtual.advance(10);
    }
    expect(seen).toEqual(['a', 'b']);
  });
});

test.each<[string, EngineResult, EngineResult, readonly string[]]>([
  ['the same', said({ reasons: [RULE] }), said({ reasons: [RULE] }), []],
  ['what costs other fuel is the same', said(), { ...said(), log: 'x' }, []],
  [
    'an action',
    said({ actions: [] }),
    said({ actions: [{ type: 'Delete', id: 'd', ref: { kind: 'Pod', namespace: 'n', name: 'p' }, uid: 'u' }] }),
    ['actions'],
  ],
  ['a place', said(), said({ queue: { state: 'Holds', key: 'k' } }), ['queue']],
  ['a question', said(), { type: 'Answered', decision: { type: 'Reads', refs: [] }, log: '', fuelUsed: 0 }, ['type']],
  ['one failed', said(), FAULT, ['failed']],
  ['both failed', FAULT, { ...FAULT }, []],
])('%s', (_name, a, b, parts) => expect(partsThatDiffer(a, b)).toEqual(parts));
