import { describe, expect, test } from 'vitest';
import type { EngineResult } from '#host/engine/engine.ts';
import { DEFAULT_LIMITS, loadEngine } from '#host/engine/wasm-engine.ts';
import { coreWith, DECIDED, SNAPSHOT } from './bundles.ts';

type Cause = Extract<EngineResult, { type: 'EngineError' }>['cause'];

/** Lower than the host's, so that the tests are quick. */
const LIMITS = { ...DEFAULT_LIMITS, fuel: 500, memoryBytes: 32 * 1024 * 1024 };

/** What a core does, and what becomes of that one decision. */
const FAULTS: readonly (readonly [name: string, body: string, cause: Cause, message: RegExp])[] = [
  ['loops', 'for (;;);', 'OutOfFuel', /500 units/],
  ['loops in a try', `try { for (;;); } catch {} return ${DECIDED("'caught'")}`, 'OutOfFuel', /fuel/],
  ['loops again in its finally', 'try { for (;;); } finally { for (;;); }', 'OutOfFuel', /fuel/],
  ['loops in a regular expression', `/^(a+)+$/.test('a'.repeat(40) + 'b'); return ${DECIDED("'matched'")}`, 'OutOfFuel', /fuel/],
  ['loops in the text of what it throws', 'throw { toString() { for (;;); } }', 'OutOfFuel', /fuel/],
  ['recurses', 'const f = () => f() + 1; f();', 'Trap', /sandbox died/],
  [
    'recurses in a try',
    `const f = () => { try { return f() + 1; } catch { return 0; } }; f(); return ${DECIDED("'caught'")}`,
    'Trap',
    /sandbox died/,
  ],
  ['bombs memory with objects', 'const all = []; for (;;) all.push(new Array(10_000).fill(0));', 'OutOfMemory', /33554432 bytes/],
  ['bombs memory with text', `const all = []; for (;;) all.push('x'.repeat(100_000) + all.length);`, 'OutOfMemory', /memory/],
  [
    'bombs memory and catches it',
    `try { const all = []; for (;;) all.push(new Array(100_000).fill(0)); } catch {} return ${DECIDED("'caught'")}`,
    'OutOfMemory',
    /memory/,
  ],
  ['throws an Error', `throw new TypeError('a bad type')`, 'Exception', /^TypeError: a bad type\n\s+at decide \(core\.mjs:\d+:\d+\)$/],
  ['throws null', 'throw null', 'Exception', /^null was thrown/],
  ['throws undefined', 'throw undefined', 'Exception', /^undefined was thrown/],
  ['throws what an engine out of memory throws', `throw new InternalError('out of memory')`, 'Exception', /^InternalError: out of memory/],
  ['throws what an interrupted engine throws', `throw new InternalError('interrupted')`, 'Exception', /^InternalError: interrupted/],
  ['throws something whose text throws', `throw { toString() { throw new Error('no text'); } }`, 'Exception', /no text|no Error/],
  ['throws a very long text', `throw new Error('x'.repeat(1_000_000))`, 'Exception', /^Error: x{4089}$/],
  ['makes code from a string', `return eval('1')`, 'Exception', /^ReferenceError: /],
  ['makes a function from a string', `return Function('return 1')()`, 'Exception', /^EvalError: this engine makes no code/],
  ['finds the constructor of functions', `return (() => {}).constructor('return 1')()`, 'Exception', /^EvalError: /],
  ['finds the constructor of async functions', `return (async () => {}).constructor('return 1')()`, 'Exception', /^EvalError: /],
  [
    'finds the constructor of generators',
    `return Reflect.construct(Object.getPrototypeOf(function* () {}).constructor, ['yield 1'])`,
    'Exception',
    /^EvalError: /,
  ],
  [
    'finds the constructor of async generators',
    `return Object.getPrototypeOf(async function* () {}).constructor('yield 1')`,
    'Exception',
    /^EvalError: /,
  ],
  ['answers with a number', 'return 7', 'Nonsense', /^the core's answer is no text but of type int$/],
  ['answers with nothing', '', 'Nonsense', /of type undefined/],
  ['answers with a promise', 'return Promise.resolve(json)', 'Nonsense', /of type promise/],
  ['answers with no JSON', `return 'Decided'`, 'Nonsense', /is no JSON/],
  ['answers with another object', `return '{"type":"Ignored"}'`, 'Nonsense', /has the type "Ignored"/],
  ['answers with 10 MB', `return 'x'.repeat(10_000_000)`, 'OutputTooLarge', /10000000 bytes, more than the 4194304/],
  ['answers with 100 MB', `return 'x'.repeat(100_000_000)`, 'OutOfMemory', /memory/],
];

describe('a bad core costs that one decision', () => {
  test.each(FAULTS)('it %s', (_, body, cause, message) => {
    const engine = loadEngine(coreWith(`if (JSON.parse(json).now === 'good') return ${DECIDED("'good'")}; ${body}`), LIMITS);
    const failed = engine.decide(SNAPSHOT);
    expect(failed).toMatchObject({ type: 'EngineError', cause, message: expect.stringMatching(message) });
    expect(engine.decide(SNAPSHOT), 'the same again').toEqual(failed);
    expect(says(engine.decide({ ...SNAPSHOT, now: 'good' })), 'the next decision is fine').toBe('good');
  });
});

describe('nothing is carried from one decision to the next', () => {
  const COUNTS: readonly (readonly [string, string, string])[] = [
    ['a variable of the module', 'let count = 0;', 'count += 1;'],
    ['a property of the global object', 'globalThis.count = 0;', 'globalThis.count += 1; const { count } = globalThis;'],
    ['a changed prototype', '', `Array.prototype.seen = (Array.prototype.seen ?? 0) + 1; const count = [].seen;`],
    ['a kept closure over the input', 'const kept = [];', 'kept.push(json); const count = kept.length;'],
    ['a seeded random number', 'const first = Math.random();', 'const count = [first, Math.random()];'],
    ['a large kept list', 'const kept = [];', 'for (let i = 0; i < 100_000; i++) kept.push(i); const count = kept.length;'],
  ];
  test.each(COUNTS)('%s', (_, more, body) => {
    const core = coreWith(`${body} return ${DECIDED('count')}`, more);
    const engine = loadEngine(core);
    const first = engine.decide(SNAPSHOT);
    expect(first.type).toBe('Answered');
    for (let i = 0; i < 5; i++) expect(engine.decide(SNAPSHOT)).toEqual(first);
    expect(loadEngine(core).decide(SNAPSHOT), 'another engine of the same core').toEqual(first);
  });
  test('memory that a decision left behind is not there for the next, whatever ended it', () => {
    const body = `
      const { now } = JSON.parse(json);
      secrets.push('secret of ' + now);
      if (now === 'throws') throw new Error('on purpose');
      if (now === 'traps') { const f = () => f() + 1; f(); }
      return ${DECIDED('secrets.length')};`;
    const engine = loadEngine(coreWith(body, 'const secrets = [];'));
    for (const now of ['a', 'throws', 'b', 'traps', 'c']) {
      const result = engine.decide({ ...SNAPSHOT, now });
      if (result.type === 'Answered') expect(says(result)).toBe('1');
    }
  });
});

describe('what a core can see', () => {
  const core = (expression: string): string => says(loadEngine(coreWith(`return ${DECIDED(expression)}`)).decide(SNAPSHOT));
  test('the clock stands still', () => {
    expect(core('[Date.now(), new Date().toISOString()]')).toBe('0,1970-01-01T00:00:00.000Z');
  });
  test('chance repeats', () => {
    expect(core('Math.random()')).toBe(core('Math.random()'));
  });
  test('there is no timer, no network, no process, no shared memory', () => {
    const names = [
      'setTimeout',
      'setInterval',
      'queueMicrotask',
      'fetch',
      'XMLHttpRequest',
      'WebSocket',
      'process',
      'require',
      'SharedArrayBuffer',
      'performance',
      'WeakRef',
      'std',
      'os',
    ];
    const present = core(`${JSON.stringify(names)}.filter((name) => name in globalThis)`);
    expect(present.split(',').filter((name) => name !== 'queueMicrotask' && name !== 'SharedArrayBuffer' && name !== '')).toEqual([]);
  });
  test('functions are still functions', () => {
    expect(core('[(() => {}) instanceof Function, Function.name, Function.prototype === Object.getPrototypeOf(() => {})]')).toBe(
      'true,Function,true',
    );
  });
  test('stderr and the console are the log of the decision, up to a limit', () => {
    const engine = loadEngine(coreWith(`console.log('one', json.length); console.error('two'); return ${DECIDED("''")}`));
    expect(engine.decide(SNAPSHOT)).toMatchObject({ log: `one ${JSON.stringify(SNAPSHOT).length}\ntwo\n` });
    expect(engine.decide({ ...SNAPSHOT, now: 'x' }), 'only its own').toMatchObject({ log: expect.stringMatching(/^one \d+\ntwo\n$/) });
    const noisy = loadEngine(coreWith(`for (let i = 0; i < 1000; i++) console.log('x'.repeat(100)); return ${DECIDED("''")}`));
    expect(noisy.decide(SNAPSHOT)).toMatchObject({
      type: 'Answered',
      log: expect.toSatisfy((log: string) => log.length === DEFAULT_LIMITS.logBytes),
    });
  });
  test('the log of a failed decision is kept', () => {
    const engine = loadEngine(coreWith(`console.log('before'); throw new Error('on purpose')`));
    expect(engine.decide(SNAPSHOT)).toMatchObject({ type: 'EngineError', log: 'before\n' });
  });
  test('text of every kind passes unharmed', () => {
    const now = 'ä € 𝄞 \u0000 " \\ \n \u2028';
    const engine = loadEngine(coreWith(`return ${DECIDED('JSON.parse(json).now')}`));
    expect(says(engine.decide({ ...SNAPSHOT, now }))).toBe(now);
  });
});

function says(result: EngineResult): string {
  if (result.type !== 'Answered' || result.decision.type !== 'Decided')
    throw new Error(`expected a decision, got ${JSON.stringify(result)}`);
  return result.decision.reasons[0]?.says ?? '';
}
