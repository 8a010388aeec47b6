import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Next, PRIORITIES, type Priority, WorkQueue } from '#host/controller/work-queue.ts';

const priorities = Object.keys(PRIORITIES) as Priority[];
const key = fc.constantFrom('a', 'b', 'c', 'd');
const priority = fc.constantFrom(...priorities);

type Step =
  | { readonly type: 'Add'; readonly key: string; readonly priority: Priority }
  | { readonly type: 'AddAt'; readonly key: string; readonly inMs: number; readonly priority: Priority }
  | { readonly type: 'Pass'; readonly ms: number }
  | { readonly type: 'Take' }
  | {
      readonly type: 'Finish';
      readonly key: string;
      readonly how: Next['type'];
      readonly priority: Priority;
      readonly inMs: number;
    };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant('Add' as const), key, priority }),
  fc.record({ type: fc.constant('AddAt' as const), key, inMs: fc.nat(50), priority }),
  fc.record({ type: fc.constant('Pass' as const), ms: fc.nat(60) }),
  fc.record({ type: fc.constant('Take' as const) }),
  fc.record({
    type: fc.constant('Finish' as const),
    key,
    how: fc.constantFrom<Next['type'][]>('Done', 'At', 'Wait', 'Retry'),
    priority,
    inMs: fc.nat(50),
  }),
);

const AT_MOST: Partial<Record<Priority, number>> = { wait: 1, settled: 2 };

/** The same rules, written with nothing but maps that are searched through. */
class Model {
  nowMs = 0;
  readonly queued = new Map<string, Priority>();
  readonly delayed = new Map<string, { atMs: number; priority: Priority }>();
  readonly working = new Map<string, Priority>();
  readonly dirty = new Map<string, Priority>();
  readonly failures = new Map<string, number>();

  add(of: string, as: Priority): void {
    const isWorking = this.working.has(of);
    const into = isWorking ? this.dirty : this.queued;
    const all = [as, into.get(of), isWorking ? undefined : this.delayed.get(of)?.priority].filter((one) => one !== undefined);
    into.set(of, first(all));
  }

  addAt(of: string, atMs: number, as: Priority): void {
    const before = this.delayed.get(of);
    if (before === undefined || atMs < before.atMs) this.delayed.set(of, { atMs, priority: as });
  }

  promote(): void {
    for (const [of, { atMs, priority: as }] of [...this.delayed].sort((a, b) => a[1].atMs - b[1].atMs)) {
      if (atMs > this.nowMs) continue;
      this.delayed.delete(of);
      this.add(of, as);
    }
  }

  best(): Priority | undefined {
    const isFull = (wanted: Priority): boolean =>
      [...this.working.values()].filter((taken) => taken === wanted).length >= (AT_MOST[wanted] ?? Number.POSITIVE_INFINITY);
    return priorities.find((wanted) => [...this.queued.values()].includes(wanted) && !isFull(wanted));
  }

  taken(of: string): void {
    this.working.set(of, this.queued.get(of) ?? 'start');
    this.queued.delete(of);
    this.delayed.delete(of);
  }

  finish(of: string, next: Next): void {
    const taken = this.working.get(of) ?? 'start';
    this.working.delete(of);
    const dirty = this.dirty.get(of);
    this.dirty.delete(of);
    const isUndone = next.type === 'Wait' || next.type === 'Retry';
    const failures = (isUndone ? (this.failures.get(of) ?? 0) : 0) + (next.type === 'Retry' ? 1 : 0);
    this.failures.set(of, failures);
    if (dirty !== undefined) this.add(of, isUndone ? first([dirty, taken]) : dirty);
    else if (next.type === 'At') this.addAt(of, next.atMs, next.priority);
    else if (next.type === 'Wait') this.addAt(of, next.atMs, taken);
    else if (next.type === 'Retry') this.addAt(of, this.nowMs + 5 * 2 ** (failures - 1), taken);
  }
}

function first(all: readonly Priority[]): Priority {
  return priorities.find((wanted) => all.includes(wanted)) ?? 'settled';
}

describe('the work queue', () => {
  test('does what a naive one does, whatever comes in whatever order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const queue = new WorkQueue(AT_MOST);
        const model = new Model();
        for (const one of steps) {
          switch (one.type) {
            case 'Add':
              queue.add(one.key, one.priority);
              model.add(one.key, one.priority);
              break;
            case 'AddAt':
              queue.addAt(one.key, model.nowMs + one.inMs, one.priority);
              model.addAt(one.key, model.nowMs + one.inMs, one.priority);
              break;
            case 'Pass':
              model.nowMs += one.ms;
              queue.promote(model.nowMs);
              model.promote();
              break;
            case 'Take': {
              const best = model.best();
              const taken = queue.take();
              expect(taken === undefined ? undefined : model.queued.get(taken)).toBe(best);
              if (taken !== undefined) {
                expect(model.working.has(taken)).toBe(false);
                model.taken(taken);
              }
              break;
            }
            case 'Finish': {
              if (!model.working.has(one.key)) break;
              const next: Next =
                one.how === 'Done'
                  ? { type: 'Done' }
                  : one.how === 'At'
                    ? { type: 'At', atMs: model.nowMs + one.inMs, priority: one.priority }
                    : one.how === 'Wait'
                      ? { type: 'Wait', atMs: model.nowMs + one.inMs }
                      : { type: 'Retry' };
              queue.finish(one.key, next, model.nowMs);
              model.finish(one.key, next);
              break;
            }
          }
          expect(queue.depth).toBe(model.queued.size);
          expect(queue.working).toBe(model.working.size);
          const times = [...model.delayed.values()].map(({ atMs }) => atMs);
          expect(queue.nextAtMs()).toBe(times.length === 0 ? undefined : Math.min(...times));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('ends go before starts, those before the first list, and each in the order of arrival', () => {
    const queue = new WorkQueue();
    queue.add('finished', 'settled');
    queue.add('old', 'initial');
    queue.add('told', 'wait');
    queue.add('new-1', 'start');
    queue.add('new-2', 'start');
    queue.add('ended', 'end');
    expect([1, 2, 3, 4, 5, 6, 7].map(() => queue.take())).toEqual(['ended', 'new-1', 'new-2', 'told', 'old', 'finished', undefined]);
  });

  test('of a priority with a limit no more are worked on at a time, and those below it go on', () => {
    const queue = new WorkQueue({ wait: 2 });
    for (const key of ['a', 'b', 'c']) queue.add(key, 'wait');
    queue.add('old', 'initial');
    expect([1, 2, 3, 4].map(() => queue.take())).toEqual(['a', 'b', 'old', undefined]);
    expect(queue.depth).toBe(1);
    queue.add('c', 'end');
    expect(queue.take(), 'what is more urgent now does not wait').toBe('c');
    queue.add('d', 'wait');
    expect(queue.take()).toBeUndefined();
    queue.finish('a', { type: 'Done' }, 0);
    expect(queue.take()).toBe('d');
  });

  test('a key that is more urgent now moves forward and comes only once', () => {
    const queue = new WorkQueue();
    queue.add('a', 'initial');
    queue.add('b', 'start');
    queue.add('a', 'end');
    expect([queue.take(), queue.take(), queue.take()]).toEqual(['a', 'b', undefined]);
  });

  test('what comes for a key that is worked on has it worked on once more, at once, also after a failure', () => {
    const queue = new WorkQueue();
    queue.add('a', 'start');
    expect(queue.take()).toBe('a');
    queue.add('a', 'start');
    queue.add('a', 'end');
    expect(queue.take()).toBeUndefined();
    queue.finish('a', { type: 'Retry' }, 0);
    expect(queue.take()).toBe('a');
    expect(queue.take()).toBeUndefined();
  });

  test.each([
    [1, 5],
    [2, 10],
    [3, 20],
    [18, 655_360],
    [19, 1_000_000],
    [40, 1_000_000],
  ])('failure %i in a row waits %i ms', (failures, waitMs) => {
    const queue = new WorkQueue();
    let waited: number | undefined;
    for (let nowMs = 0, count = 0; count < failures; count++, nowMs += 2_000_000) {
      queue.promote(nowMs);
      if (count === 0) queue.add('a', 'start');
      expect(queue.take()).toBe('a');
      waited = queue.finish('a', { type: 'Retry' }, nowMs);
    }
    expect(waited).toBe(waitMs);
  });

  test('a retry waits no less than it is told to, and no longer than it may', () => {
    const queue = new WorkQueue();
    const waits: (number | undefined)[] = [];
    for (let count = 0; count < 8; count++) {
      queue.add('a', 'start');
      queue.take();
      waits.push(queue.finish('a', { type: 'Retry', minimumMs: count < 2 ? 7 : 0, longestMs: 100 }, 0));
    }
    expect(waits).toEqual([7, 10, 20, 40, 80, 100, 100, 100]);
  });

  test('what could not be worked on yet keeps its priority, whoever wakes it, and its failures', () => {
    const queue = new WorkQueue();
    queue.add('a', 'end');
    queue.take();
    expect(queue.finish('a', { type: 'Retry' }, 0)).toBe(5);
    queue.promote(5);
    queue.take();
    queue.finish('a', { type: 'Wait', atMs: 5_000 }, 5);
    queue.add('b', 'start');
    queue.add('a', 'settled');
    expect(queue.take()).toBe('a');
    expect(queue.finish('a', { type: 'Retry' }, 6)).toBe(10);
  });

  test('success forgets failures', () => {
    const queue = new WorkQueue();
    const fail = (): number | undefined => {
      queue.add('a', 'start');
      queue.take();
      return queue.finish('a', { type: 'Retry' }, 0);
    };
    expect([fail(), fail()]).toEqual([5, 10]);
    queue.add('a', 'start');
    queue.take();
    queue.finish('a', { type: 'Done' }, 0);
    expect(fail()).toBe(5);
  });
});
