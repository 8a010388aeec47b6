import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Task, TaskStatus } from '#core/api/task.ts';
import type { Ref } from '#core/contract/snapshot.ts';
import { TASK_OUTCOMES, type TaskOutcome } from '#core/contract/task-outcome.ts';
import { Dependents, type Interest } from '#host/controller/dependents.ts';
import { FinishedIndex } from '#host/controller/finished-index.ts';
import { KeyedHeap } from '#host/controller/keyed-heap.ts';
import { RankedSet } from '#host/controller/ranked-set.ts';
import { keyOf, keyOfOwner, keyOfTask, subjectOf } from '#host/controller/subject.ts';
import { condition, NAMESPACE, pod, TASK_UID, task } from '#test/support/builders.ts';

describe('the heap', () => {
  test('gives what a sorted list gives, whatever is put in, moved and taken out', () => {
    const step = fc.oneof(
      fc.record({ type: fc.constant('Set' as const), key: fc.nat(20).map(String), rank: fc.nat(9) }),
      fc.record({ type: fc.constant('Delete' as const), key: fc.nat(20).map(String) }),
      fc.record({ type: fc.constant('Pop' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const heap = new KeyedHeap<number>((a, b) => a < b);
        const model = new Map<string, number>();
        const first = (): string | undefined => [...model].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1))[0]?.[0];
        for (const one of steps) {
          if (one.type === 'Set') {
            heap.set(one.key, one.rank);
            model.set(one.key, one.rank);
          } else if (one.type === 'Delete') {
            expect(heap.delete(one.key)).toBe(model.delete(one.key));
          } else {
            const expected = first();
            expect(heap.pop()?.key).toBe(expected);
            if (expected !== undefined) model.delete(expected);
          }
          expect(heap.size).toBe(model.size);
          expect(heap.peek()?.key).toBe(first());
        }
      }),
    );
  });
});

describe('the ranked set', () => {
  test('counts and finds as a sorted list does', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(40)), { maxLength: 150, size: 'max' }), (steps) => {
        const set = new RankedSet();
        const model = new Set<string>();
        for (const [isAdded, number] of steps) {
          const text = `t${number}`;
          if (isAdded && !model.has(text)) {
            set.add(text, `value of ${text}`);
            model.add(text);
          } else if (!isAdded) {
            set.delete(text);
            model.delete(text);
          }
          const sorted = [...model].sort();
          expect(set.size).toBe(sorted.length);
          sorted.forEach((one, index) => {
            const after = sorted.length - 1 - index;
            expect(set.countAfter(one)).toBe(after);
            expect(set.fromEnd(after)).toBe(`value of ${one}`);
          });
          expect(set.fromEnd(sorted.length)).toBeUndefined();
        }
      }),
      { numRuns: 50 },
    );
  });

  test('stays shallow when texts come in order', () => {
    const set = new RankedSet();
    for (let index = 0; index < 50_000; index++) set.add(String(index).padStart(8, '0'), String(index));
    expect(set.countAfter('00000000')).toBe(49_999);
    expect(set.fromEnd(25_000)).toBe('24999');
  });
});

describe('what depends on what', () => {
  const agent: Ref = { kind: 'Agent', namespace: NAMESPACE, name: 'coder' };
  const template: Ref = { kind: 'AgentTemplate', namespace: NAMESPACE, name: 'coder' };

  test('a change reaches exactly those that depend on it, whatever they depended on before', () => {
    const refs = ['a', 'b', 'c'].map((name): Ref => ({ kind: 'Agent', namespace: NAMESPACE, name }));
    const interest = fc.oneof(
      fc.constant<Interest>({ type: 'Subject' }),
      fc.constant<Interest>({ type: 'Settled' }),
      fc.constantFrom('x', 'y').map((line): Interest => ({ type: 'Line', line })),
    );
    const step = fc.record({ subject: fc.nat(5).map((number) => `s${number}`), refs: fc.subarray(refs), interest });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
        const dependents = new Dependents();
        const model = new Map<string, (typeof steps)[number]>();
        for (const one of steps) {
          dependents.set(one.subject, one.refs, one.interest);
          model.set(one.subject, one);
          for (const ref of refs) {
            const interested = [...model.values()].filter((held) => held.refs.includes(ref));
            const of = (type: Interest['type']) => interested.filter((held) => held.interest.type === type);
            const affected = dependents.affected(ref);
            expect([...affected.subjects].sort()).toEqual(
              of('Subject')
                .map(({ subject }) => subject)
                .sort(),
            );
            expect([...affected.settled].sort()).toEqual(
              of('Settled')
                .map(({ subject }) => subject)
                .sort(),
            );
            const lines = of('Line').map((held) => (held.interest.type === 'Line' ? held.interest.line : ''));
            expect([...affected.lines].sort()).toEqual([...new Set(lines)].sort());
            expect(dependents.affected(ref, false)).toEqual({ ...affected, settled: [] });
          }
        }
        for (const subject of model.keys()) dependents.delete(subject);
        expect(dependents.size).toBe(0);
        expect(refs.map((ref) => dependents.affected(ref))).toEqual(refs.map(() => ({ subjects: [], lines: [], settled: [] })));
      }),
      { numRuns: 50 },
    );
  });

  test('tell whether something has changed since a decision began, until the next begins', () => {
    const dependents = new Dependents();
    const agent: Ref = { kind: 'Agent', namespace: NAMESPACE, name: 'coder' };
    dependents.begin('a');
    dependents.set('a', [agent]);
    expect(dependents.isOvertaken('a')).toBe(false);
    dependents.affected(agent);
    dependents.set('a', [agent, { ...agent, kind: 'AgentTemplate' }]);
    expect(dependents.isOvertaken('a')).toBe(true);
    dependents.begin('a');
    expect(dependents.isOvertaken('a')).toBe(false);
  });

  test('ten thousand in one line are one line', () => {
    const dependents = new Dependents();
    for (let index = 0; index < 10_000; index++) dependents.set(`s${index}`, [agent, template], { type: 'Line', line: 'team/coder' });
    expect(dependents.affected(agent)).toEqual({ subjects: [], lines: ['team/coder'], settled: [] });
  });

  test('a live read depends on the same object', () => {
    const dependents = new Dependents();
    dependents.set('s', [{ ...agent, live: true }]);
    expect(dependents.affected(agent).subjects).toEqual(['s']);
  });
});

describe('the finished Tasks of a namespace', () => {
  const ended = (name: string, completionTime: string | undefined, phase: 'Completed' | 'Failed' | 'Running' = 'Completed'): Task =>
    task({ name, metadata: { uid: `uid-${name}` }, status: { phase, ...(completionTime === undefined ? {} : { completionTime }) } });
  const key = (name: string): string => keyOf({ namespace: NAMESPACE, name, uid: `uid-${name}` });

  test('stand in the order in which they ended, ties by name', () => {
    const index = new FinishedIndex();
    index.put(ended('b', '2026-01-01T00:00:01Z'));
    index.put(ended('a-2', '2026-01-01T00:00:01Z', 'Failed'));
    index.put(ended('a', '2026-01-01T00:00:01Z'));
    index.put(ended('z', '2026-01-01T00:00:00Z'));
    index.put(ended('running', undefined, 'Running'));
    index.put(ended('without-time', undefined));
    expect(['z', 'a', 'a-2', 'b', 'running', 'without-time'].map((name) => index.endedAfter(key(name)))).toEqual([
      3,
      2,
      1,
      0,
      undefined,
      undefined,
    ]);
    expect([0, 1, 2, 3, 4].map((count) => index.withEndedAfter(NAMESPACE, count))).toEqual([
      key('b'),
      key('a-2'),
      key('a'),
      key('z'),
      undefined,
    ]);
    index.delete(key('a-2'));
    expect(index.endedAfter(key('z'))).toBe(2);
    expect(index.endedAfter(key('a-2'))).toBeUndefined();
  });

  test('a state that was taken in already changes nothing', () => {
    const index = new FinishedIndex();
    expect(index.put(ended('a', '2026-01-01T00:00:01Z'))).toBe('Completed');
    expect(index.put(ended('a', '2026-01-01T00:00:01Z'))).toBeNull();
    expect(index.put(ended('r', undefined, 'Running'))).toBeNull();
  });

  test('stand also among those of their outcome, as often as they end, are reopened and go', () => {
    const statuses: readonly (TaskStatus & { readonly is?: TaskOutcome })[] = [
      { phase: 'Running' },
      { phase: 'Completed', is: 'Completed' },
      { phase: 'Completed', cause: 'Stopped', is: 'Stopped' },
      { phase: 'Completed', cause: 'Timeout', is: 'Stopped' },
      { phase: 'Completed', conditions: [condition('Stopped', 'True', 'UserStopped')], is: 'Stopped' },
      { phase: 'Failed', cause: 'Application', is: 'Failed' },
    ];
    const step = fc.record({
      name: fc.nat(12).map(String),
      status: fc.option(fc.constantFrom(...statuses)),
      second: fc.integer({ min: 10, max: 14 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const index = new FinishedIndex();
        const model = new Map<string, { readonly is: TaskOutcome; readonly rank: string }>();
        for (const { name, status, second } of steps) {
          const completionTime = `2026-01-01T00:00:${second}Z`;
          const before = model.get(name);
          model.delete(name);
          if (status?.is !== undefined) model.set(name, { is: status.is, rank: `${completionTime} ${name}` });
          if (status === null) index.delete(key(name));
          else {
            const moved = index.put(task({ name, metadata: { uid: `uid-${name}` }, status: { ...status, completionTime } }));
            const isSame = before?.rank === model.get(name)?.rank && before?.is === model.get(name)?.is;
            expect(moved).toBe(isSame ? null : (status.is ?? null));
          }
          expect(index.size).toBe(model.size);
          for (const outcome of TASK_OUTCOMES) {
            const newestFirst = [...model].filter(([, { is }]) => is === outcome).sort(([, a], [, b]) => (a.rank > b.rank ? -1 : 1));
            expect(newestFirst.map(([one]) => index.endedAfterOfOutcome(key(one)))).toEqual(newestFirst.map((_, at) => at));
            const found = [...newestFirst, null].map((_, at) => index.withEndedAfter(NAMESPACE, at, outcome));
            expect(found).toEqual([...newestFirst.map(([one]) => key(one)), undefined]);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('subjects', () => {
  test('a Task is its own, a Pod its controller Task’s', () => {
    const subject = { namespace: NAMESPACE, name: 'fix-bug', uid: TASK_UID };
    expect(subjectOf(keyOf(subject))).toEqual(subject);
    expect(keyOfTask(task())).toBe(keyOf(subject));
    expect(keyOfOwner(pod())).toBe(keyOf(subject));
  });

  test.each([
    ['not the controller', { controller: false }],
    ['another kind', { kind: 'Job' }],
    ['another group', { apiVersion: 'batch/v1' }],
  ])('an owner that is %s is none', (_, change) => {
    const owner = { apiVersion: 'kubeopencode.io/v1alpha1', kind: 'Task', name: 'fix-bug', uid: TASK_UID, controller: true, ...change };
    expect(keyOfOwner(pod({ metadata: { ownerReferences: [owner] } }))).toBeUndefined();
  });

  test.each(['', 'a/b', 'a/b/c/d'])('%j is no key', (text) => {
    expect(() => subjectOf(text)).toThrow('expected namespace/name/uid');
  });
});
