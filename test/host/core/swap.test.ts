import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Decision } from '#core/contract/decision.ts';
import type { Snapshot } from '#core/contract/snapshot.ts';
import { selfCheckFault } from '#host/core/self-check.ts';
import { type SwapEvent, swappable, TRIAL_DECISIONS } from '#host/core/swap.ts';
import type { Engine, EngineResult } from '#host/engine/engine.ts';
import { loadEngine } from '#host/engine/wasm-engine.ts';
import { decided } from '#test/support/scripted-engine.ts';
import { sourceEngine } from '#test/support/source-engine.ts';

const FAULT = { type: 'EngineError', cause: 'Trap', message: 'dead', log: '' } as const;
const READS: Decision = { type: 'Reads', refs: [{ kind: 'Agent', namespace: 'ns', name: 'a' }] };

function core(digest: string, decide: (snapshot: Snapshot) => Decision | EngineResult): Engine {
  return {
    digest,
    decide: (snapshot) => {
      const said = decide(snapshot);
      return said.type === 'Answered' || said.type === 'EngineError' ? said : { type: 'Answered', decision: said, log: '', fuelUsed: 0 };
    },
  };
}

/** A core that says who it is, by the rule. */
const saying = (digest: string): Engine =>
  core(digest, () => decided({ reasons: [{ rule: digest, module: 'core', says: '', facts: {} }] }));

function snapshot(name: string): Snapshot {
  const settings = { config: {}, referenceGraceSeconds: 60, unreachableAfterSeconds: 300 };
  return {
    contract: 1,
    kind: 'Task',
    now: '2026-01-01T00:00:00.000Z',
    subject: { namespace: 'ns', name, uid: name },
    task: null,
    pods: [],
    read: {},
    outcomes: [],
    settings,
  };
}

function setUp(first: Engine) {
  const events: SwapEvent[] = [];
  const engine = swappable(first, { onEvent: (event) => events.push(event) });
  let reconcileID = 0;
  const by = (name = 'a', id = ++reconcileID): string => {
    const said = engine.decide(snapshot(name), { reconcileID: id });
    if (said.type === 'EngineError') return said.cause;
    return said.decision.type === 'Decided' ? (said.decision.reasons[0]?.rule ?? '') : said.decision.type;
  };
  return { engine, events, by };
}

describe('another core', () => {
  test('takes over from the next decision on', () => {
    const { engine, events, by } = setUp(saying('one'));
    expect([by(), engine.digest]).toEqual(['one', 'one']);
    engine.offer(saying('two'));
    expect([by(), engine.digest]).toEqual(['two', 'two']);
    expect(events).toEqual([{ type: 'Taken', from: 'one', to: 'two' }]);
  });

  test('leaves a deliberation that is under way to the core that began it', () => {
    let asks = true;
    const { engine, by } = setUp(
      core('one', () => (asks ? READS : decided({ reasons: [{ rule: 'one', module: 'core', says: '', facts: {} }] }))),
    );
    expect(by('a', 100)).toBe('Reads');
    asks = false;
    engine.offer(saying('two'));
    expect([by('b', 101), by('a', 100), by('a', 102)]).toEqual(['two', 'one', 'two']);
  });

  test.each<[string, (calls: () => number) => Engine, string]>([
    ['that fails at a canned snapshot', () => core('two', () => FAULT), 'it fails at snapshot 1 of the self-check: Trap: dead'],
    [
      'that fails at a snapshot of late',
      () => core('two', ({ subject }) => (subject.name === 'odd' ? FAULT : decided())),
      'it fails at a snapshot of ns/odd: Trap: dead',
    ],
    [
      'that can’t use them',
      () => core('two', () => ({ type: 'Unusable', contract: 2, message: 'old' })),
      "it can't use snapshot 1 of the self-check: old",
    ],
    [
      'that never says the same twice',
      (calls) => core('two', () => decided({ wakeAt: `2026-01-01T00:00:${10 + calls()}.000Z` })),
      'it decides otherwise when it is shown snapshot 1',
    ],
    [
      'that asks for what may not be done',
      () =>
        core('two', () =>
          decided({ actions: [{ type: 'Create', id: 'x', object: { kind: 'Lease', metadata: { name: 'x', namespace: 'self-check' } } }] }),
        ),
      'asks for what may not be done',
    ],
    ['that is the same', () => saying('one'), 'it is the core that decides already'],
  ])('%s is not taken', (_name, make, why) => {
    let count = 0;
    const { engine, events, by } = setUp(saying('one'));
    by('odd');
    engine.offer(make(() => ++count));
    expect([by(), engine.digest]).toEqual(['one', 'one']);
    expect(events).toEqual([expect.objectContaining({ type: 'Refused', from: 'one', why: expect.stringContaining(why) })]);
  });

  test('that fails at what the one before decides is given up at the fourth time, and no Task is the worse for it', () => {
    let isBroken = false;
    const { engine, events, by } = setUp(saying('one'));
    engine.offer(core('two', (shown) => (isBroken ? FAULT : saying('two').decide(shown))));
    expect(by()).toBe('two');
    isBroken = true;
    expect([by(), by(), by(), engine.digest]).toEqual(['one', 'one', 'one', 'two']);
    expect([by(), engine.digest, by()]).toEqual(['one', 'one', 'one']);
    expect(events.at(-1)).toEqual({
      type: 'FellBack',
      from: 'two',
      to: 'one',
      why: 'failed at 4 of 5 decisions that the core before it made, at last: Trap: dead',
    });
  });

  test('is not blamed for what nobody can decide', () => {
    let isOdd = false;
    const odd = (digest: string): Engine => core(digest, (shown) => (isOdd ? FAULT : saying(digest).decide(shown)));
    const { engine, by } = setUp(odd('one'));
    engine.offer(odd('two'));
    isOdd = true;
    expect([by(), by(), by(), by(), by(), by(), engine.digest]).toEqual([...Array(6).fill('Trap'), 'two']);
  });

  test('that stands its trial is trusted: its failures are the Task’s from then on', () => {
    let isBroken = false;
    const { engine, by } = setUp(saying('one'));
    engine.offer(core('two', (shown) => (isBroken ? FAULT : saying('two').decide(shown))));
    for (let index = 0; index < TRIAL_DECISIONS; index += 1) by();
    isBroken = true;
    expect([by(), engine.digest]).toEqual(['Trap', 'two']);
  });

  test('on trial, replaced by a third: what is fallen back to is the last that was trusted', () => {
    let isBroken = false;
    const { engine, by } = setUp(saying('one'));
    engine.offer(saying('two'));
    engine.offer(core('three', (shown) => (isBroken ? FAULT : saying('three').decide(shown))));
    expect(by()).toBe('three');
    isBroken = true;
    expect([by(), by(), by(), by(), engine.digest]).toEqual(['one', 'one', 'one', 'one', 'one']);
  });
});

test('our own core stands the checks, from its source and as core.wasm', () => {
  expect(selfCheckFault(sourceEngine, [])).toBeNull();
  expect(selfCheckFault(loadEngine(readFileSync('dist/core.wasm')), [])).toBeNull();
});
