import { describe, expect, test } from 'vitest';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import { checkStart, parseStart, startMsOf } from '#plugin/plan/start.ts';

const NOW_MS = Date.parse('2026-03-01T12:00:00Z');

describe('--at', () => {
  test.each([
    ['2026-03-01T12:00:00Z', NOW_MS],
    ['2026-03-01T13:00:00.5+01:00', NOW_MS + 500],
    ['+2h', NOW_MS + 7_200_000],
    ['+1h30m', NOW_MS + 5_400_000],
  ])('%s', (text, expected) => expect(startMsOf(parseStart(text), NOW_MS)).toBe(expected));

  test('without a word: now', () => expect(startMsOf(undefined, NOW_MS)).toBe(NOW_MS));

  test.each(['tomorrow', '2026-03-01', '2026-03-01T12:00:00', '2026-13-01T12:00:00Z', '2h', '+', '+2', '-2h'])('%s is refused', (text) => {
    expect(() => parseStart(text)).toThrow(/want a (time|duration) such as/);
  });
});

describe('a start before what the cluster holds', () => {
  const object = (fields: Readonly<Record<string, unknown>>, creationTimestamp = '2026-03-01T10:00:00Z'): StoredObject => {
    const metadata = { name: 'fix', namespace: 'ns', uid: 'u', resourceVersion: '1', creationTimestamp };
    return { apiVersion: 'kubeopencode.io/v1alpha1', kind: 'Task', metadata, ...fields };
  };
  const at = (text: string) => Date.parse(text);

  test('is refused, with the object and the time', () => {
    const status = { conditions: [{ type: 'Queued', lastTransitionTime: '2026-03-01T11:00:00Z' }] };
    expect(() => checkStart(at('2026-03-01T10:30:00Z'), NOW_MS, [object({ status })])).toThrow(
      'plan: --at 2026-03-01T10:30:00.000Z lies before what the cluster holds: status.conditions.0.lastTransitionTime of Task ns/fix is 2026-03-01T11:00:00Z; a plan goes on from what is there, so choose a later time',
    );
    expect(() => checkStart(at('2026-03-01T09:00:00Z'), NOW_MS, [object({})])).toThrow('metadata.creationTimestamp of Task ns/fix');
  });

  test('but not a past in which nothing has happened since', () => {
    expect(() => checkStart(at('2026-03-01T11:30:00Z'), NOW_MS, [object({})])).not.toThrow();
  });

  test('what lies ahead of now is a deadline; and from now on everything is past', () => {
    const status = { retryAt: '2026-03-01T13:00:00Z' };
    expect(() => checkStart(at('2026-03-01T11:30:00Z'), NOW_MS, [object({ status })])).not.toThrow();
    expect(() => checkStart(NOW_MS + 1, NOW_MS, [object({}, '2026-03-01T13:00:00Z')])).not.toThrow();
  });
});
