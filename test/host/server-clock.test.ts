import { describe, expect, test } from 'vitest';
import { datesTo, serverClock } from '#host/server-clock.ts';
import { VirtualClock } from '#host/virtual-clock.ts';

/** A machine whose wall clock is so far ahead of true time, and a server whose clock is right. */
function machine(aheadMs: number) {
  const world = new VirtualClock();
  const wall = { aheadMs };
  const corrections: number[] = [];
  const time = serverClock({
    clock: {
      now: () => world.now() + wall.aheadMs,
      monotonic: () => world.monotonic(),
      random: () => world.random(),
      after: (delayMs, fire) => world.after(delayMs, fire),
    },
    onCorrected: (correctedMs) => corrections.push(correctedMs),
  });
  const { clock, answered } = time;
  return {
    clock,
    world,
    wall,
    corrections,
    answered,
    offMs: () => clock.now() - world.now(),
    /** An answer that was dated so long after it was asked for, and took so long to come then. */
    answers: async (dateAfterMs: number, thenMs: number) => {
      await world.advance(dateAfterMs);
      const date = new Date(world.now()).toUTCString();
      await world.advance(thenMs);
      answered(date, dateAfterMs + thenMs);
    },
  };
}

describe('the API server’s time', () => {
  test('is the machine’s until an answer has come', () => {
    expect(machine(318_000).offMs()).toBe(318_000);
  });

  test.each([
    [318_000, 1_000],
    [-318_000, -1_000],
    [7_200_000, 1_000],
  ])('a clock that is %i ms ahead is at most %i ms ahead after a quick answer', async (aheadMs, mostMs) => {
    const one = machine(aheadMs);
    await one.world.advance(400);
    await one.answers(2, 3);
    expect(Math.abs(one.offMs())).toBeLessThanOrEqual(Math.abs(mostMs) + 5);
    expect(one.corrections).toHaveLength(1);
    expect(Math.abs((one.corrections[0] ?? 0) - aheadMs)).toBeLessThanOrEqual(1_005);
  });

  test.each([0, 4_900, -4_900])('a clock that is %i ms ahead is left as it is', async (aheadMs) => {
    const one = machine(aheadMs);
    await one.answers(2, 3);
    expect(one.offMs()).toBe(aheadMs);
    expect(one.corrections).toEqual([]);
  });

  test.each([
    [20_000, 0],
    [0, 20_000],
    [10_000, 10_000],
  ])('an answer that is dated after %i ms and comes %i ms later tells nothing wrong', async (dateAfterMs, thenMs) => {
    const right = machine(0);
    await right.world.advance(700);
    await right.answers(dateAfterMs, thenMs);
    expect(right.offMs()).toBe(0);
    const wrong = machine(318_000);
    await wrong.world.advance(700);
    await wrong.answers(dateAfterMs, thenMs);
    expect(Math.abs(wrong.offMs())).toBeLessThanOrEqual(21_000);
    await wrong.answers(2, 3);
    expect(Math.abs(wrong.offMs()), 'a quick one tells more').toBeLessThanOrEqual(5_000);
  });

  test('does not follow a machine whose clock is set later', async () => {
    const one = machine(0);
    await one.answers(2, 3);
    one.wall.aheadMs = 318_000;
    expect(one.offMs()).toBe(0);
    await one.answers(2, 3);
    expect(one.offMs()).toBe(0);
    expect(one.corrections).toEqual([]);
  });

  test('no word of a gateway is its time', async () => {
    const one = machine(318_000);
    const came = { type: 'Answer', headers: { date: new Date(one.world.now()).toUTCString() } } as const;
    const told = datesTo(one);
    told({ came: { ...came, code: 502 }, tookMs: 1 });
    told({ came: { type: 'Failure', message: 'reset' }, tookMs: 1 });
    expect(one.offMs()).toBe(318_000);
    for (const code of [301, 401, 403, 404, 407, 429]) told({ came: { ...came, code }, tookMs: 1 });
    expect(one.offMs()).toBe(318_000);
    told({ came: { ...came, code: 201 }, tookMs: 1 });
    expect(one.offMs()).toBeLessThan(1_100);
  });

  test('does not go to and fro with two servers of which one is wrong', async () => {
    const one = machine(0);
    await one.answers(2, 3);
    for (let answer = 0; answer < 100; answer++) {
      await one.world.advance(500);
      one.answered(new Date(one.world.now() + (answer % 2) * 20_000).toUTCString(), 1);
      expect(one.offMs()).toBe(0);
    }
    expect(one.corrections).toEqual([]);
  });

  test('follows a server whose time has changed, or whose machine has slept, when it has said so for 10 s', async () => {
    const one = machine(0);
    await one.answers(2, 3);
    const hourLater = (): void => one.answered(new Date(one.world.now() + 3_600_000).toUTCString(), 1);
    for (let second = 0; second < 9; second++) {
      hourLater();
      await one.world.advance(1_000);
    }
    expect(one.offMs()).toBe(0);
    await one.world.advance(1_000);
    hourLater();
    expect(Math.abs(one.offMs() - 3_600_000)).toBeLessThanOrEqual(1_000);
    expect(one.corrections).toHaveLength(1);
  });

  test('is doubted by many answers, not by a few that are far apart', async () => {
    const one = machine(0);
    await one.answers(2, 3);
    for (let answer = 0; answer < 2; answer++) {
      one.answered(new Date(one.world.now() - 60_000).toUTCString(), 1);
      await one.world.advance(60_000);
    }
    expect(one.offMs()).toBe(0);
  });

  const notDates = [
    '1',
    '2030',
    '+275760-09-13T00:00:00Z',
    '2026-01-01T00:00:00Z',
    'Thu, 01 Jan 2026 00:00:00',
    'Xxx, 99 Yyy 2026 00:00:00 GMT',
  ];
  test.each([undefined, '', 'soon', ['Thu, 01 Jan 2026 00:00:00 GMT'], 12, ...notDates])('%j as a date tells nothing', (date) => {
    const one = machine(318_000);
    one.answered(date, 1);
    expect(one.offMs()).toBe(318_000);
    expect(one.corrections).toEqual([]);
  });
});
