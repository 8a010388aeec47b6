import { describe, expect, test } from 'vitest';
import type { QueuePlace } from '#core/contract/decision.ts';
import type { PlanNext } from '#plugin/contract/plan.ts';
import { Lines } from '#plugin/plan/lines.ts';
import { nextText } from '#plugin/plan/next-text.ts';

const subject = (name: string) => ({ namespace: 'ns', name, uid: `uid-${name}` });
const wants = (order: string): QueuePlace => ({ state: 'Wants', key: 'ns/coder', order, slots: 1 });
const holds: QueuePlace = { state: 'Holds', key: 'ns/coder' };

describe('lines', () => {
  test('are ordered as the core says, then by name; who holds a place stands in none', () => {
    const lines = new Lines();
    lines.place(subject('c'), wants('2'));
    lines.place(subject('b'), wants('1'));
    lines.place(subject('a'), wants('2'));
    lines.place(subject('h'), holds);
    expect(lines.of('uid-c')).toEqual({ position: 3, waiting: 3, ahead: ['b', 'a'], holding: ['h'], taken: 1 });
    expect(lines.of('uid-b')).toMatchObject({ position: 1, ahead: [] });
    expect(lines.of('uid-h')).toBeUndefined();
  });

  test('one moves up when another takes its place or goes', () => {
    const lines = new Lines();
    for (const name of ['a', 'b', 'c']) lines.place(subject(name), wants(name));
    lines.place(subject('a'), holds);
    expect(lines.of('uid-c')).toMatchObject({ position: 2, waiting: 2, ahead: ['b'], holding: ['a'] });
    lines.place(subject('a'), undefined);
    lines.place(subject('b'), undefined);
    expect(lines.of('uid-c')).toEqual({ position: 1, waiting: 1, ahead: [], holding: [], taken: 0 });
  });

  test('of many ahead the first ten are named', () => {
    const lines = new Lines();
    for (let index = 100; index < 150; index += 1) lines.place(subject(`t${index}`), wants(String(index)));
    const standing = lines.of('uid-t149');
    expect(standing).toMatchObject({ position: 50, waiting: 50 });
    expect(standing?.ahead).toHaveLength(10);
    expect(standing?.ahead[0]).toBe('t100');
  });
});

describe('nothing until', () => {
  const none: PlanNext = { says: 'waits', dependsOn: [] };
  const queue = { agent: 'coder', position: 1, waiting: 1, ahead: [], holding: [], taken: 0 } as const;
  const hour = { at: '+1h', time: '2026-01-01T01:00:00.000Z' };

  test.each<[next: Partial<PlanNext>, text: string]>([
    [{}, 'nothing until the Task is changed'],
    [{ until: hour }, 'nothing until +1h'],
    [{ pod: 'fix-pod' }, 'nothing until pod fix-pod changes'],
    [
      { dependsOn: [{ kind: 'AgentTemplate', namespace: 'ns', name: 'base' }], until: hour },
      'nothing until AgentTemplate base changes, or +1h',
    ],
    [
      { queue: { ...queue, position: 5, waiting: 9, ahead: ['a', 'b', 'c', 'd'], holding: ['x'], taken: 1, slots: 1 } },
      'nothing until a place of agent "coder" falls to it (5 of 9 in the queue, behind a, b, c and 1 more; 1 of 1 taken by x)',
    ],
    [{ queue: { ...queue, notBefore: hour } }, 'nothing until a place of agent "coder" falls to it (1 of 1 in the queue; none before +1h)'],
    [
      { queue: { ...queue, isClosed: true } },
      'nothing until a place of agent "coder" falls to it (1 of 1 in the queue; the Agent gives none now)',
    ],
  ])('%j', (next, text) => expect(nextText({ ...none, ...next }, (at) => at)).toBe(text));
});
