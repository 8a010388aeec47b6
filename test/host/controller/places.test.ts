import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { QueuePlace } from '#core/contract/decision.ts';
import { timestamp } from '#host/clock.ts';
import { Places } from '#host/controller/places.ts';

const LINE = 'team/coder';
const wants = (order: string, more: Partial<Extract<QueuePlace, { state: 'Wants' }>> = {}): QueuePlace => ({
  state: 'Wants',
  key: LINE,
  order,
  ...more,
});
const holds: QueuePlace = { state: 'Holds', key: LINE };

/** An Agent, its Tasks, and a core that answers as ours does: asks, takes the place when granted, gives it back when it may not have it. */
class World {
  nowMs = 0;
  slots: number | undefined = 1;
  isClosed = false;
  /** Starts that the quota allows in a window of 100 ms; undefined: no quota. */
  quota: number | undefined;
  readonly startsMs: number[] = [];
  readonly places = new Places();
  readonly tasks = new Map<string, { order: string; isRunning: boolean }>();
  readonly wakes = new Set<string>();
  readonly grants: string[] = [];
  /** Those that asked for a place and have none: what they asked for. */
  readonly lined = new Map<string, string>();
  isOpen = false;
  #created = 0;

  wake(keys: readonly string[]): void {
    for (const key of keys) {
      this.wakes.add(key);
      if (this.places.granted(key) === true && this.lined.has(key)) this.#granted(key);
    }
  }

  /** Granted now: of those in the line, none may stand before it. */
  #granted(name: string): void {
    const order = this.lined.get(name) ?? '';
    this.lined.delete(name);
    this.grants.push(name);
    const ahead = [...this.lined].filter(([, other]) => other < order).map(([other]) => other);
    expect(ahead, `${name} was granted before those ahead of it`).toEqual([]);
  }

  create(priority: number): void {
    this.#created += 1;
    const name = `t${this.#created}`;
    this.tasks.set(name, { order: `${priority}/${String(this.#created).padStart(4, '0')}`, isRunning: false });
    this.wakes.add(name);
  }

  /** Decides one of those that are to be decided, as a worker would. */
  decideOne(index: number): void {
    const name = [...this.wakes][index % Math.max(1, this.wakes.size)];
    if (name === undefined) return;
    this.wakes.delete(name);
    this.decide(name);
  }

  decide(name: string): void {
    const task = this.tasks.get(name);
    if (task === undefined) {
      this.lined.delete(name);
      this.wake(this.places.forget(name, this.nowMs));
      return;
    }
    const granted = this.places.granted(name);
    const place = this.#placeOf(task, granted);
    if (place.state === 'Wants') this.lined.set(name, place.order);
    this.wake(this.places.decided(name, place, granted, this.nowMs));
    this.wake(this.places.applied(name, this.nowMs));
  }

  /** The attempt has ended and another is to follow, and the write that says so fails: it is decided again. */
  failOne(index: number): void {
    const [name, task] = [...this.tasks][index] ?? [];
    if (name === undefined || task?.isRunning !== true) return;
    task.isRunning = false;
    this.wake(this.places.decided(name, undefined, this.places.granted(name), this.nowMs));
    this.wakes.add(name);
  }

  #placeOf(task: { order: string; isRunning: boolean }, granted: boolean | undefined): QueuePlace {
    if (task.isRunning) return holds;
    const limits = this.slots === undefined ? {} : { slots: this.slots };
    if (this.isClosed) return wants(task.order, { ...limits, closed: true });
    const freeAtMs = this.freeAtMs();
    if (freeAtMs > this.nowMs) return wants(task.order, { ...limits, notBefore: timestamp(freeAtMs) });
    if (granted !== true) return wants(task.order, limits);
    task.isRunning = true;
    if (this.quota !== undefined) this.startsMs.push(this.nowMs);
    return holds;
  }

  freeAtMs(): number {
    if (this.quota === undefined) return 0;
    const active = this.startsMs.filter((startMs) => startMs > this.nowMs - 100);
    return active.length < this.quota ? 0 : (active[active.length - this.quota] ?? 0) + 100;
  }

  running(): number {
    return [...this.tasks.values()].filter(({ isRunning }) => isRunning).length;
  }

  /** The Agent changed: only the head is decided again. */
  recheck(): void {
    this.wake(this.places.recheck(LINE));
  }

  quiet(): void {
    for (let rounds = 0; this.wakes.size > 0; rounds++) {
      if (rounds > 10_000) throw new Error('never comes to rest');
      this.decideOne(0);
    }
  }
}

type Step =
  | { readonly type: 'Create'; readonly priority: number }
  | { readonly type: 'Decide'; readonly index: number }
  | { readonly type: 'Finish' | 'Delete' | 'Fail'; readonly index: number }
  | { readonly type: 'Slots'; readonly slots: number | undefined }
  | { readonly type: 'Close'; readonly isClosed: boolean }
  | { readonly type: 'Quota'; readonly quota: number | undefined }
  | { readonly type: 'Pass'; readonly ms: number }
  | { readonly type: 'Open' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('Create' as const), priority: fc.nat(2) }) },
  { weight: 8, arbitrary: fc.record({ type: fc.constant('Decide' as const), index: fc.nat(5) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constantFrom('Finish' as const, 'Delete' as const, 'Fail' as const), index: fc.nat(9) }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('Slots' as const), slots: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('Close' as const), isClosed: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('Quota' as const), quota: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('Pass' as const), ms: fc.nat(120) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('Open' as const) }) },
);

function perform(world: World, one: Step): void {
  switch (one.type) {
    case 'Create':
      world.create(one.priority);
      break;
    case 'Decide':
      world.decideOne(one.index);
      break;
    case 'Fail':
      world.failOne(one.index);
      break;
    case 'Finish':
    case 'Delete': {
      const name = [...world.tasks.keys()][one.index];
      if (name === undefined) break;
      world.tasks.delete(name);
      world.wakes.add(name);
      break;
    }
    case 'Slots':
      world.slots = one.slots;
      world.recheck();
      break;
    case 'Close':
      world.isClosed = one.isClosed;
      world.recheck();
      break;
    case 'Quota':
      world.quota = one.quota;
      world.recheck();
      break;
    case 'Pass':
      world.nowMs += one.ms;
      world.wake(world.places.due(world.nowMs));
      break;
    case 'Open':
      if (world.isOpen) break;
      world.quiet();
      world.isOpen = true;
      world.wake(world.places.open(world.nowMs));
      break;
  }
}

describe('the queues of the Agents', () => {
  test('never give out more places than there are, in order, and nobody waits in vain', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
        const world = new World();
        for (const one of steps) {
          const [slotsBefore, runningBefore] = [world.slots, world.running()];
          perform(world, one);
          // A limit that is lowered ends nobody, but lets nobody in either.
          if (world.running() > runningBefore && slotsBefore !== undefined) expect(world.running()).toBeLessThanOrEqual(slotsBefore);
          if (!world.isOpen) expect(world.grants).toEqual([]);
        }
        if (!world.isOpen) perform(world, { type: 'Open' });
        world.quiet();
        const waiting = [...world.tasks].filter(([, { isRunning }]) => !isRunning);
        const hasRoom = !world.isClosed && (world.slots === undefined || world.running() < world.slots);
        if (hasRoom && world.freeAtMs() <= world.nowMs) expect(waiting.map(([name]) => name)).toEqual([]);
        if (hasRoom && waiting.length > 0) expect(world.places.nextAtMs()).toBe(world.freeAtMs());
        for (const [name] of waiting) expect(world.places.granted(name)).toBe(false);
        // Time alone lets everybody in, one window after the other.
        world.isClosed = false;
        world.slots = undefined;
        world.recheck();
        for (let rounds = 0; rounds < 200; rounds++) {
          world.quiet();
          world.nowMs += 100;
          world.wake(world.places.due(world.nowMs));
        }
        world.quiet();
        expect([...world.tasks.values()].every(({ isRunning }) => isRunning)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('grant nothing before everybody was decided once', () => {
    const places = new Places();
    expect(places.decided('a', wants('1', { slots: 2 }), undefined, 0)).toEqual([]);
    expect(places.decided('b', holds, undefined, 0)).toEqual([]);
    expect(places.granted('a')).toBeUndefined();
    expect(places.open(0)).toEqual(['a']);
    expect(places.granted('a')).toBe(true);
  });

  test('a Task that gets its place at once is never told to wait; one behind a full line is', () => {
    const places = new Places();
    places.open(0);
    expect(places.decided('a', wants('1', { slots: 2 }), undefined, 0)).toEqual(['a']);
    // Not full yet, only busy granting.
    expect(places.decided('b', wants('2', { slots: 2 }), undefined, 0)).toEqual([]);
    expect(places.granted('b')).toBeUndefined();
    expect(places.decided('c', wants('3', { slots: 2 }), undefined, 0)).toEqual([]);
    expect(places.decided('a', holds, true, 0)).toEqual(['b', 'c']);
    expect([places.granted('b'), places.granted('c')]).toEqual([true, false]);
  });

  test('a place is free only when what was decided has been done, and wakes the head at that moment', () => {
    const places = new Places();
    places.open(0);
    places.decided('a', holds, undefined, 0);
    places.decided('b', wants('1', { slots: 1 }), undefined, 0);
    expect(places.decided('a', undefined, true, 0)).toEqual([]);
    expect(places.granted('b')).toBe(false);
    expect(places.applied('a', 0)).toEqual(['b']);
    expect(places.granted('b')).toBe(true);
  });

  test('a holder that is decided to stay after all keeps its place', () => {
    const places = new Places();
    places.open(0);
    places.decided('a', holds, undefined, 0);
    places.decided('b', wants('1', { slots: 1 }), undefined, 0);
    places.decided('a', undefined, true, 0);
    places.decided('a', holds, true, 0);
    expect(places.applied('a', 0)).toEqual([]);
    expect(places.granted('b')).toBe(false);
  });

  test('a place that was to be given back, where a write has failed, is not what starts next’s: that asks like everybody', () => {
    const places = new Places();
    places.open(0);
    places.decided('a', holds, undefined, 0);
    places.decided('b', wants('1', { slots: 1 }), undefined, 0);
    places.decided('a', undefined, true, 0);
    expect(places.granted('a')).toBeUndefined();
    expect(places.decided('a', wants('2', { slots: 1 }), undefined, 0)).toEqual([]);
    expect(places.granted('b')).toBe(false);
    expect(places.applied('a', 0)).toEqual(['b', 'a']);
    expect([places.granted('a'), places.granted('b')]).toEqual([false, true]);
  });

  test('who asks for a place like that is not passed over where nobody else does', () => {
    const places = new Places();
    places.open(0);
    places.decided('a', holds, undefined, 0);
    places.decided('a', undefined, true, 0);
    places.decided('a', wants('1', { slots: 1 }), undefined, 0);
    expect(places.applied('a', 0)).toEqual(['a']);
    expect(places.granted('a')).toBe(true);
  });

  test('a decision that did not know of the grant does not give it back', () => {
    const places = new Places();
    places.open(0);
    expect(places.decided('a', wants('1', { slots: 1 }), undefined, 0)).toEqual(['a']);
    expect(places.decided('a', wants('1', { slots: 1 }), undefined, 0)).toEqual([]);
    expect(places.granted('a')).toBe(true);
  });

  test.each([
    { name: 'fewer places', found: { slots: 1 } },
    { name: 'a closed line', found: { slots: 2, closed: true } },
    { name: 'a quota that is used up', found: { slots: 2, notBefore: timestamp(1_000) } },
  ] as const)('a decision that did not know of the grant and found $name takes it back', ({ found }) => {
    const places = new Places();
    places.open(0);
    places.decided('a', wants('1', { slots: 2 }), undefined, 0);
    places.decided('b', wants('2', { slots: 2 }), undefined, 0);
    expect(places.decided('a', holds, true, 0)).toEqual(['b']);
    expect(places.granted('b')).toBe(true);
    expect(places.decided('b', wants('2', found), undefined, 0)).toEqual(['b']);
    expect(places.granted('b')).toBe(false);
  });

  test('a grant that is given back without a reason goes to the next, and comes again only after another decision', () => {
    const places = new Places();
    places.open(0);
    places.decided('a', wants('1', { slots: 1 }), undefined, 0);
    places.decided('b', wants('2', { slots: 1 }), undefined, 0);
    expect(places.decided('a', wants('1', { slots: 1 }), true, 0)).toEqual(['b']);
    expect([places.granted('a'), places.granted('b')]).toEqual([false, true]);
    places.decided('b', holds, true, 0);
    places.decided('b', undefined, true, 0);
    expect(places.applied('b', 0)).toEqual([]);
    expect(places.recheck(LINE)).toEqual(['a']);
    expect(places.decided('a', wants('1', { slots: 1 }), false, 0)).toEqual(['a']);
  });

  test('a Task that can not be decided hands its grant on and keeps a place that it holds', () => {
    const places = new Places();
    places.open(0);
    places.decided('a', wants('1', { slots: 1 }), undefined, 0);
    places.decided('b', wants('2', { slots: 1 }), undefined, 0);
    expect(places.undecided('a', 0)).toEqual(['b']);
    places.decided('b', holds, true, 0);
    expect(places.undecided('b', 0)).toEqual([]);
    expect(places.granted('b')).toBe(true);
  });

  test('a quota window opens by itself', () => {
    const places = new Places();
    places.open(0);
    places.decided('a', wants('1', { notBefore: timestamp(1_000) }), undefined, 0);
    expect(places.nextAtMs()).toBe(1_000);
    expect(places.due(999)).toEqual([]);
    expect(places.due(1_000)).toEqual(['a']);
    expect(places.nextAtMs()).toBeUndefined();
  });

  test('a change of an Agent decides only the head, and the next when that goes its way', () => {
    const places = new Places();
    places.open(0);
    places.decided('a', holds, undefined, 0);
    for (const name of ['b', 'c', 'd']) places.decided(name, wants(name, { slots: 1 }), undefined, 0);
    expect(places.recheck(LINE)).toEqual(['b']);
    // The limit is gone: the core starts it without a grant.
    expect(places.decided('b', holds, false, 0)).toEqual(['c']);
  });

  test('a place that is taken on a grant which such a change took back is not given to the next as well', () => {
    const places = new Places();
    places.open(0);
    expect(places.decided('b', wants('b', { slots: 1 }), undefined, 0)).toEqual(['b']);
    // b is being decided with its grant, and waits for a read; meanwhile its Agent changes, and one that goes before it comes.
    expect(places.recheck(LINE)).toEqual(['b']);
    expect(places.decided('a', wants('a', { slots: 1 }), undefined, 0)).toContain('a');
    expect(places.granted('a')).toBe(true);
    expect(places.decided('b', holds, true, 0)).toContain('a');
    expect([places.granted('a'), places.granted('b')]).toEqual([false, true]);
    expect([...places.counts()]).toMatchObject([{ waiting: 1, taken: 1, slots: 1 }]);
    places.decided('b', undefined, true, 0);
    expect(places.applied('b', 0)).toEqual(['a']);
  });

  test('who becomes the head after such a change is decided once more: it says what held the line back before', () => {
    const places = new Places();
    places.open(0);
    for (const name of ['a', 'b', 'c']) places.decided(name, wants(name, { slots: 1, closed: true }), undefined, 0);
    expect(places.recheck(LINE)).toEqual(['a']);
    // The place goes to a, so b goes on waiting, though for another reason than it was told.
    expect(places.decided('a', wants('a', { slots: 1 }), false, 0)).toEqual(['a']);
    expect(places.decided('a', holds, true, 0)).toEqual(['b']);
    expect(places.decided('b', wants('b', { slots: 1 }), false, 0)).toEqual([]);
  });

  test('when the time of a quota has come and no place is free, the head is decided once more', () => {
    const places = new Places();
    places.open(0);
    places.decided('a', holds, undefined, 0);
    for (const name of ['b', 'c']) places.decided(name, wants(name, { slots: 1, notBefore: timestamp(60_000) }), undefined, 0);
    expect(places.nextAtMs()).toBe(60_000);
    expect(places.due(60_000)).toEqual(['b']);
    expect(places.decided('b', wants('b', { slots: 1 }), false, 60_000)).toEqual([]);
    expect(places.due(60_000)).toEqual([]);
  });

  test('when the one whose start is counted already lifts it for all and takes the place, the head is decided once more', () => {
    const places = new Places();
    places.open(0);
    places.decided('b', wants('b', { slots: 1, notBefore: timestamp(60_000) }), undefined, 0);
    expect(places.decided('a', wants('a', { slots: 1 }), undefined, 10_000)).toEqual(['a']);
    expect(places.decided('a', holds, true, 10_000)).toEqual(['b']);
    // It knows of its own that its time has not come, and says when that is.
    expect(places.decided('b', wants('b', { slots: 1, notBefore: timestamp(60_000) }), false, 10_000)).toEqual([]);
    expect(places.due(60_000)).toEqual(['b']);
    expect(places.decided('b', wants('b', { slots: 1 }), false, 60_000)).toEqual([]);
    expect(places.due(60_000)).toEqual([]);
  });

  test('when it has come and the one start that it gives is granted, who waits on is not decided before that is used up', () => {
    const places = new Places();
    places.open(0);
    for (const name of ['a', 'b']) places.decided(name, wants(name, { slots: 1, notBefore: timestamp(60_000) }), undefined, 0);
    expect(places.due(60_000)).toEqual(['a']);
    expect(places.decided('a', holds, true, 60_000)).toEqual(['b']);
    expect(places.granted('b')).toBe(false);
  });

  test('ten thousand in one line cost no more than a few comparisons each', () => {
    const places = new Places();
    places.open(0);
    for (let index = 0; index < 10_000; index++)
      places.decided(`t${index}`, wants(String(index).padStart(6, '0'), { slots: 1 }), undefined, 0);
    const granted: string[] = [];
    for (let index = 0; index < 10_000; index++) {
      const name = `t${index}`;
      if (places.granted(name) === true) granted.push(name);
      places.decided(name, holds, true, 0);
      places.decided(name, undefined, true, 0);
      places.applied(name, 0);
    }
    expect(granted).toHaveLength(10_000);
    expect([...places.counts()]).toEqual([]);
  });
});
