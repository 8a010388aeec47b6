import type { VirtualClock } from '#host/virtual-clock.ts';

/** Resolves after so many milliseconds of the wall clock. */
export type Wait = (ms: number) => Promise<void>;

export interface Pace {
  readonly isOver: () => boolean;
  /** Virtual time, milliseconds since the epoch, at which it ends in any case. */
  readonly endMs: number;
  /** Virtual seconds in a second of the wall clock; 0: as fast as it goes. */
  readonly speed: number;
  readonly wait: Wait;
}

/** Runs a virtual clock from event to event with the pauses between them shortened by `speed`. */
export async function pacedRun(clock: VirtualClock, { isOver, endMs, speed, wait }: Pace): Promise<void> {
  await clock.idle();
  while (!isOver() && clock.now() < endMs) {
    const nextMs = Math.min(clock.nextTimerMs() ?? endMs, endMs);
    if (speed > 0 && nextMs > clock.now()) await wait((nextMs - clock.now()) / speed);
    await clock.runUntil(nextMs);
  }
}
