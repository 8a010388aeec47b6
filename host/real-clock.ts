import type { Cancel, Clock } from './clock.ts';

/** Longest delay that the machine's timers take (2^31 - 1 ms, 24.8 days); beyond it they would fire at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** The machine's own time and chance: the only place that touches them. Its timers keep the process alive until they fire or are cancelled. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: afterReal,
  random: () => Math.random(),
};

function afterReal(delayMs: number, fire: () => void): Cancel {
  let timer: ReturnType<typeof setTimeout>;
  const arm = (restMs: number): void => {
    const partMs = Math.min(Math.max(restMs, 0), LONGEST_TIMER_MS);
    timer = setTimeout(() => (restMs > partMs ? arm(restMs - partMs) : fire()), partMs);
  };
  arm(delayMs);
  return () => clearTimeout(timer);
}
