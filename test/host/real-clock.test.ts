import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { realClock } from '#host/real-clock.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('a timer fires once, after its delay, and never at once', () => {
  const fire = vi.fn();
  realClock.after(0, fire);
  realClock.after(-5, fire);
  expect(fire).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(fire).toHaveBeenCalledTimes(2);
});

test('a cancelled timer does not fire', () => {
  const fire = vi.fn();
  const cancel = realClock.after(100, fire);
  cancel();
  cancel();
  vi.advanceTimersByTime(1_000);
  expect(fire).not.toHaveBeenCalled();
});

test('a delay beyond what the machine’s timers take (24.8 days) is kept, and can be cancelled', () => {
  const day = 86_400_000;
  const fire = vi.fn();
  const never = vi.fn();
  realClock.after(60 * day, fire);
  const cancel = realClock.after(60 * day, never);
  vi.advanceTimersByTime(59 * day);
  expect(fire).not.toHaveBeenCalled();
  cancel();
  vi.advanceTimersByTime(day);
  expect([fire.mock.calls.length, never.mock.calls.length]).toEqual([1, 0]);
});

test('time and chance', () => {
  vi.setSystemTime(1_767_225_600_000);
  expect(realClock.now()).toBe(1_767_225_600_000);
  expect(realClock.random()).toBeGreaterThanOrEqual(0);
  expect(realClock.random()).toBeLessThan(1);
  expect(realClock.monotonic()).toBeLessThanOrEqual(realClock.monotonic());
});
