import { describe, expect, test } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import { exited, pod, running, snapshot, task } from '#test/support/builders.ts';
import { decided, decidedWithLog, statusPatch } from '#test/support/decide.ts';
import { kubeletFixture } from '#test/support/pod-fixtures.ts';

/** What a Task's end says of the message that its agent left. */
function endWith(message: string, exitCode = 0): { readonly result: unknown; readonly ignored: string | undefined } {
  return ended(pod({ phase: exitCode === 0 ? 'Succeeded' : 'Failed', agent: exited(exitCode, { message }) }));
}

function ended(of: Pod): { readonly result: unknown; readonly ignored: string | undefined } {
  const decision = decided(snapshot({ task: task({ status: running() }), pods: [of] }));
  const patch = statusPatch(decision);
  expect(patch?.completionTime, 'the Task has ended').toBeDefined();
  return { result: patch?.result, ignored: decision.reasons.find(({ rule }) => rule === 'task/result-ignored')?.says };
}

describe('the JSON object in the termination message is the result', () => {
  test.each([
    ['as it is', '{"pullRequest":7,"files":["a","b"],"done":true}', { pullRequest: 7, files: ['a', 'b'], done: true }],
    ['with white space around it', ' {"a":1}\n', { a: 1 }],
    [
      'without nulls, which a merge patch takes for removals',
      '{"a":null,"b":{"c":null,"d":1},"e":[null,{"f":null}]}',
      { b: { d: 1 }, e: [null, {}] },
    ],
    ['an empty one', '{}', {}],
  ])('%s', (_, message, result) => {
    expect(endWith(message)).toEqual({ result, ignored: undefined });
  });

  test('also of an agent that failed', () => {
    expect(endWith('{"why":"no tests"}', 1).result).toEqual({ why: 'no tests' });
  });

  test('not of a stop: what it left then is no result', () => {
    const stopping = running({
      conditions: [{ type: 'Stopping', status: 'True', reason: 'UserStopped', message: '', lastTransitionTime: '2026-01-01T10:03:00Z' }],
    });
    const deleted = pod({
      phase: 'Succeeded',
      agent: exited(0, { message: '{"half":"done"}', finishedAt: '2026-01-01T10:04:58Z' }),
      metadata: { deletionTimestamp: '2026-01-01T10:04:58Z', deletionGracePeriodSeconds: 0, generation: 2 },
    });
    const patch = statusPatch(decidedWithLog(snapshot({ task: task({ status: stopping }), pods: [deleted] })));
    expect(patch).toMatchObject({ phase: 'Completed', cause: 'Stopped' });
    expect(patch).not.toHaveProperty('result');
  });

  test('4,096 bytes are the most that a kubelet lets through, and are kept', () => {
    const message = `{"a":"${'ä'.repeat(2_044)}"}`;
    expect(Buffer.byteLength(message)).toBe(4_096);
    expect(endWith(message).result).toEqual({ a: 'ä'.repeat(2_044) });
  });

  test('as a real kubelet hands it on', () => {
    expect(ended(kubeletFixture('message')).result).toEqual({ changed: 2 });
  });

  test('with a Pod of four containers a real kubelet cuts at 3,072 bytes: what is cut is none', () => {
    expect(ended(kubeletFixture('message-cut')).ignored).toMatch(/no JSON; a message that the kubelet has cut is none either/);
  });
});

describe('what is no result says so in the trail, and nothing in the status', () => {
  test.each([
    ['words', 'model quota is used up', /it is no JSON/],
    ['the end of the log', 'first\nlast\n', /it is no JSON/],
    ['a list', '[1,2]', /expected a JSON object, came a list/],
    ['text', '"done"', /expected a JSON object, came a string/],
    ['a number', '7', /expected a JSON object, came a number/],
    ['null', 'null', /expected a JSON object, came null/],
    ['two objects', '{"a":1}{"b":2}', /it is no JSON/],
    ['longer than a kubelet lets through', `{"a":"${'x'.repeat(4_096)}"}`, /takes 4104 bytes, and at most 4096 are kept/],
    ['short, and long once its numbers are written out', `{"a":[${'1e20,'.repeat(700)}1]}`, /takes \d+ bytes/],
    ['deep objects', `${'{"a":'.repeat(600)}1${'}'.repeat(600)}`, /more than 32 objects and lists stand in each other/],
    ['deep lists', `{"a":${'['.repeat(2_000)}${']'.repeat(2_000)}}`, /more than 32 objects and lists stand in each other/],
    ['a number that would be written as null', '{"a":[1e999]}', /larger than JSON readers can hold/],
  ])('%s', (_, message, why) => {
    expect(endWith(message)).toEqual({ result: undefined, ignored: expect.stringMatching(why) });
  });

  test.each(['ContainerStatusUnknown', 'StartError', 'ContainerCannotRun'])('with %s the message is not the agent’s', (reason) => {
    const message = 'The container could not be located when the pod was terminated';
    expect(ended(pod({ phase: 'Failed', agent: exited(137, { reason, message }) }))).toEqual({ result: undefined, ignored: undefined });
  });

  test('nothing at all is no fault', () => {
    for (const message of ['', ' \n']) expect(endWith(message)).toEqual({ result: undefined, ignored: undefined });
  });
});

describe('a result is data that nobody trusts', () => {
  test('keys that mean something to an engine are keys', () => {
    const { result } = endWith('{"__proto__":{"phase":"Failed"},"constructor":{"prototype":1},"toString":"x"}');
    // JSON and not `toEqual`, which does not see such keys.
    expect(JSON.stringify(result)).toBe('{"__proto__":{"phase":"Failed"},"constructor":{"prototype":1},"toString":"x"}');
    expect(Object.getPrototypeOf({})).not.toHaveProperty('phase');
  });

  test('that looks like a status, a stop or an end changes nothing else', () => {
    const message =
      '{"phase":"Failed","cause":"Evicted","completionTime":"1970-01-01T00:00:00Z","metadata":{"annotations":{"kubeopencode.io/stop":"true"}}}';
    const patch = statusPatch(
      decided(snapshot({ task: task({ status: running() }), pods: [pod({ phase: 'Succeeded', agent: exited(0, { message }) })] })),
    );
    expect(patch).toMatchObject({ phase: 'Completed', completionTime: '2026-01-01T10:05:00Z', result: JSON.parse(message) });
    expect(patch?.cause).toBeUndefined();
  });

  test('half a character is replaced as the API server would, in keys too', () => {
    expect(endWith('{"a\\ud800":"x\\udfff\\ud83d\\ude00"}').result).toEqual({ 'a\ufffd': 'x\ufffd\u{1f600}' });
  });

  test('numbers are as precise as a double', () => {
    expect(endWith('{"id":12345678901234567890,"small":1e-400,"minus":-0}').result).toEqual({
      id: 12345678901234567000,
      small: 0,
      minus: 0,
    });
  });

  test('passwords in URLs are left out, as everywhere in a status; else it is the agent’s word, token or not', () => {
    const token = `ghp_${'a'.repeat(36)}`;
    expect(endWith(JSON.stringify({ remote: 'https://bot:hunter2@git.example.com/x', list: ['ftp://a:b@c'], token })).result).toEqual({
      remote: 'https://***@git.example.com/x',
      list: ['ftp://***@c'],
      token,
    });
  });
});
