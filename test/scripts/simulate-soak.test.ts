import { describe, expect, it } from 'vitest';
import { VirtualClock } from '#host/virtual-clock.ts';
import type { Failure } from '#scripts/simulate/failure.ts';
import type { Block, SeedRange } from '#scripts/simulate/seeds.ts';
import { Soak, type SoakEnd, type SoakOptions, type SoakState } from '#scripts/simulate/soak.ts';
import { type BlockRunner, LostBlock } from '#scripts/simulate/thread.ts';
import { NO_SEEDS, type SeedCounts } from '#test/simulation/run-seeds.ts';

const SEED_MS = 10;

interface Outcome {
  readonly end: SoakEnd;
  readonly state: SoakState;
  readonly recorded: readonly Block[];
  readonly told: readonly Failure[];
  /** Runners that were opened, and of those how many are not ended. */
  readonly opened: number;
  readonly left: number;
}

interface Setup extends Partial<Pick<SoakOptions, 'histories' | 'forMs' | 'jobs' | 'maxFailures' | 'from' | 'done'>> {
  readonly failing?: (seed: number) => boolean;
  /** The runner dies of it. */
  readonly deadly?: (seed: number) => boolean;
  /** Ctrl-C after so long. */
  readonly interruptMs?: number;
}

/** Runs a soak on runners that take 10 ms of virtual time a seed. */
async function soaked({ failing = () => false, deadly = () => false, interruptMs, ...options }: Setup): Promise<Outcome> {
  const clock = new VirtualClock();
  const recorded: Block[] = [];
  const told: Failure[] = [];
  const [interrupt, state] = [new AbortController(), { opened: 0, left: 0 }];
  if (interruptMs !== undefined) clock.after(interruptMs, () => interrupt.abort());

  function open(onFailure: (failure: Failure) => void): BlockRunner {
    let isAsked = false;
    state.opened += 1;
    state.left += 1;
    return {
      run: ({ from, histories }) =>
        new Promise<SeedCounts>((resolve, reject) => {
          const step = (seed: number): void => {
            if (seed === from + histories || isAsked) {
              resolve({ ...NO_SEEDS, histories: seed - from });
              return;
            }
            clock.after(SEED_MS, () => {
              if (deadly(seed)) {
                state.left -= 1;
                return reject(new LostBlock(seed, 'out of memory'));
              }
              if (failing(seed)) onFailure({ seed, violations: [{ rule: 'some-rule', says: 'no' }], faults: [], lines: [] });
              step(seed + 1);
            });
          };
          step(from);
        }),
      askToStop: () => {
        isAsked = true;
      },
      end: async () => {
        state.left -= 1;
      },
    };
  }

  const soak = new Soak({
    histories: undefined,
    forMs: undefined,
    jobs: 2,
    maxFailures: 5,
    from: 1,
    done: [],
    ...options,
    open,
    record: async (block) => void recorded.push(block),
    onFailure: (failure) => told.push(failure),
    clock,
    signal: interrupt.signal,
  });
  let end: SoakEnd | undefined;
  const running = soak.run().then((result) => {
    end = result;
  });
  await clock.runUntil(() => end !== undefined, clock.now() + 3_600_000);
  await running;
  if (end === undefined) throw new Error('the soak did not end');
  return { end, state: soak.state, recorded, told, ...state };
}

const total = (blocks: readonly Block[]): number => blocks.reduce((sum, { histories }) => sum + histories, 0);

describe('a soak', () => {
  it('runs as many histories as it was asked for, on all runners at once, each seed once', async () => {
    const { end, state, recorded, opened, left } = await soaked({ histories: 1_000 });
    expect({ end, histories: state.counts.histories, opened, left }).toEqual({ end: 'Done', histories: 1_000, opened: 2, left: 0 });
    expect(state.tookMs).toBe(1_000 * (SEED_MS / 2));
    const seeds = recorded.flatMap(({ from, histories }) => Array.from({ length: histories }, (_, index) => from + index));
    expect(seeds.sort((a, b) => a - b)).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1));
    expect(Math.max(...recorded.map(({ histories }) => histories))).toBe(25);
  });

  it('opens no runner that would have nothing to do', async () => {
    expect((await soaked({ histories: 20, jobs: 8 })).opened).toBe(1);
  });

  it('ends when the time is up, and counts the histories in hand', async () => {
    const { end, state, recorded } = await soaked({ forMs: 2_505 });
    expect(end).toBe('TimeIsUp');
    expect(state.counts.histories).toBe(2 * 251);
    expect(total(recorded)).toBe(2 * 251);
  });

  it('ends at Ctrl-C, and counts what was done', async () => {
    const { end, state, recorded } = await soaked({ histories: 100_000, interruptMs: 1_234 });
    expect(end).toBe('Interrupted');
    expect(total(recorded)).toBe(state.counts.histories);
    expect(state.counts.histories).toBe(2 * 124);
  });

  it('goes on after a failure, up to as many as it was told', async () => {
    const some = await soaked({ histories: 300, failing: (seed) => seed % 100 === 7 });
    expect(some.end).toBe('Done');
    expect(some.told.map(({ seed }) => seed).sort((a, b) => a - b)).toEqual([7, 107, 207]);
    const many = await soaked({ histories: 10_000, maxFailures: 2, jobs: 1, failing: (seed) => seed % 10 === 0 });
    expect(many.end).toBe('TooManyFailures');
    expect(many.state.failures.map(({ seed }) => seed)).toEqual([10, 20]);
    expect(many.state.counts.histories).toBe(20);
  });

  it('loses a block and a runner to a history that kills it, names the seed, and goes on', async () => {
    const { end, state, recorded, told, opened, left } = await soaked({ histories: 100, jobs: 1, deadly: (seed) => seed === 40 });
    expect({ end, histories: state.counts.histories, opened, left }).toEqual({ end: 'Done', histories: 75, opened: 2, left: 0 });
    expect(told).toEqual([{ seed: 40, violations: [{ rule: 'a-history-ends', says: 'out of memory' }], faults: [], lines: [] }]);
    expect(recorded.map(({ from }) => from)).toEqual([1, 51, 76]);
  });

  it('runs what was run before again, in blocks of its own', async () => {
    const done: readonly SeedRange[] = [[10, 30]];
    const { recorded } = await soaked({ histories: 60, jobs: 1, done });
    expect(recorded).toEqual([
      { from: 1, histories: 9 },
      { from: 10, histories: 16 },
      { from: 26, histories: 5 },
      { from: 31, histories: 20 },
      { from: 51, histories: 10 },
    ]);
  });
});
