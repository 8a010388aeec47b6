import type { Cancel, Clock } from '#host/clock.ts';

/** Whether a simulated process runs, stands still (and does not know it), or is dead. */
export class HostLife {
  #state: 'Awake' | 'Paused' | 'Dead' = 'Awake';
  #waiting: (() => void)[] = [];
  /** How far its wall clock is ahead of true time, in milliseconds. */
  aheadMs = 0;

  get isAwake(): boolean {
    return this.#state === 'Awake';
  }

  get isDead(): boolean {
    return this.#state === 'Dead';
  }

  pause(): void {
    if (this.#state === 'Awake') this.#state = 'Paused';
  }

  /** Does all that has come due meanwhile, in its order. */
  wake(): void {
    if (this.#state !== 'Paused') return;
    this.#state = 'Awake';
    while (this.isAwake) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next();
    }
  }

  /** Nothing of it happens any more. */
  kill(): void {
    this.#state = 'Dead';
    this.#waiting = [];
  }

  /** Now, or when it is awake again, or never. */
  whenAwake(run: () => void): void {
    if (this.#state === 'Awake') run();
    else if (this.#state === 'Paused') this.#waiting.push(run);
  }

  /** Resolves when it is awake: of a dead one never. */
  awake(): Promise<void> {
    return new Promise((resolve) => {
      this.whenAwake(resolve);
    });
  }
}

/** Time as a simulated process sees it: its wall clock may be wrong, its timers fire late when it stood still, and never when it is dead. */
export function clockOf(life: HostLife, clock: Clock): Clock {
  return {
    now: () => clock.now() + life.aheadMs,
    monotonic: () => clock.monotonic(),
    random: () => clock.random(),
    after: (delayMs, fire): Cancel => {
      let isCancelled = false;
      const cancel = clock.after(delayMs, () => {
        life.whenAwake(() => {
          if (!isCancelled) fire();
        });
      });
      return () => {
        isCancelled = true;
        cancel();
      };
    },
  };
}
