import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sleep } from '#host/clock.ts';
import { VirtualClock } from '#host/virtual-clock.ts';

describe('VirtualClock', () => {
  it('fires timers in order of time, then of insertion, whatever was cancelled', async () => {
    const plan = fc.array(fc.record({ delayMs: fc.integer({ min: 0, max: 50 }), cancel: fc.boolean() }), { maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(plan, async (timers) => {
        const clock = new VirtualClock();
        const fired: number[] = [];
        const cancels = timers.map(({ delayMs }, index) => clock.after(delayMs, () => fired.push(index)));
        for (const [index, { cancel }] of timers.entries()) if (cancel) cancels[index]?.();
        await clock.advance(50);
        const expected = timers
          .map(({ delayMs, cancel }, index) => ({ delayMs, cancel, index }))
          .filter(({ cancel }) => !cancel)
          .sort((a, b) => a.delayMs - b.delayMs || a.index - b.index)
          .map(({ index }) => index);
        expect(fired).toEqual(expected);
        expect(clock.nextTimerMs()).toBeUndefined();
      }),
      { numRuns: 100 },
    );
  });

  it('runs every promise job of a timer before the next timer', async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const chain = async (name: string): Promise<void> => {
      for (let step = 0; step < 50; step++) await Promise.resolve();
      seen.push(name);
    };
    clock.after(10, () => void chain('first'));
    clock.after(10, () => seen.push('second'));
    await clock.advance(10);
    expect(seen).toEqual(['first', 'second']);
  });

  it('stops at the time asked for, and sleeps take virtual time', async () => {
    const clock = new VirtualClock({ startMs: 1_000 });
    let awake = 0;
    void sleep(clock, 3_600_000).then(() => {
      awake = clock.now();
    });
    await clock.advance(3_599_999);
    expect(awake).toBe(0);
    await clock.advance(1);
    expect(awake).toBe(3_601_000);
    expect(clock.monotonic()).toBe(3_600_000);
  });

  it('runs until a predicate holds, or says that it never did', async () => {
    const clock = new VirtualClock({ startMs: 0 });
    let ticks = 0;
    const tick = (): void => {
      ticks += 1;
      clock.after(10, tick);
    };
    clock.after(10, tick);
    expect(await clock.runUntil(() => ticks === 3)).toBe(true);
    expect(clock.now()).toBe(30);
    expect(await clock.runUntil(() => false, 100)).toBe(false);
    expect(clock.now()).toBe(100);
    expect(ticks).toBe(10);
  });

  it('refuses to spin at one instant', async () => {
    const clock = new VirtualClock();
    const spin = (): void => {
      clock.after(0, spin);
    };
    spin();
    await expect(clock.idle()).rejects.toThrow('look for a retry without delay');
  });

  it('repeats its random numbers for the same seed only', () => {
    const draw = (seed: number): number[] => {
      const clock = new VirtualClock({ seed });
      return Array.from({ length: 20 }, () => clock.random());
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    expect(draw(7).every((value) => value >= 0 && value < 1)).toBe(true);
  });
});
