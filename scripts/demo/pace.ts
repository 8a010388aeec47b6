import type { VirtualClock } from '#host/virtual-clock.ts';

/** Resolves after so many milliseconds of the wall clock. */
export type Wait = (ms: number) => Promise<void>;

/** How fast a story is told. */
export type Pace =
  /** Virtual seconds in a second of the wall clock. */
  | { readonly type: 'Steady'; readonly speed: number }
  /** The same, but where nothing happens for long it is cut short. */
  | { readonly type: 'Brisk'; readonly speed: number; readonly maxPauseMs: number }
  /** Without any pause. */
  | { readonly type: 'Max' };

export interface PacedRun {
  readonly isOver: () => boolean;
  /** Virtual time, milliseconds since the epoch, at which it ends in any case. */
  readonly endMs: number;
  readonly pace: Pace;
  readonly wait: Wait;
  /** Counts what the audience sees: a pause ends with it. */
  readonly seen: () => number;
  /** Called before each pause. */
  readonly onPause: () => void;
}

/** Runs a virtual clock from event to event, with pauses between them as the pace says. */
export async function pacedRun(clock: VirtualClock, { isOver, endMs, pace, wait, seen, onPause }: PacedRun): Promise<void> {
  let [pausedMs, seenAtPause] = [0, seen()];
  await clock.idle();
  while (!isOver() && clock.now() < endMs) {
    const nextMs = Math.min(clock.nextTimerMs() ?? endMs, endMs);
    if (seen() !== seenAtPause) [pausedMs, seenAtPause] = [0, seen()];
    const pauseMs = pauseOf(pace, nextMs - clock.now(), pausedMs);
    if (pauseMs > 0) {
      onPause();
      await wait(pauseMs);
      pausedMs += pauseMs;
    }
    await clock.runUntil(nextMs);
  }
}

function pauseOf(pace: Pace, virtualMs: number, pausedMs: number): number {
  switch (pace.type) {
    case 'Steady':
      return virtualMs / pace.speed;
    case 'Brisk':
      return Math.min(virtualMs / pace.speed, Math.max(0, pace.maxPauseMs - pausedMs));
    case 'Max':
      return 0;
  }
}
