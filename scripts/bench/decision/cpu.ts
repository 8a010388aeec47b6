import { median } from '../numbers.ts';

/** How long a call is measured, in milliseconds of the wall clock. */
export interface Effort {
  /** Before the first call that counts. */
  readonly warmUpMs: number;
  /** Of each of five batches. Not under 40: the kernel counts a thread's CPU by its ticks of up to 4 ms. */
  readonly batchMs: number;
}

const BATCHES = 5;

/**
 * CPU time of this thread for one call, in microseconds, so that what else the machine does hardly counts: the median of five batches, because a large garbage
 * collection falls into one of them and not into the others.
 */
export function cpuUs(call: () => void, { warmUpMs, batchMs }: Effort): number {
  const startedMs = performance.now();
  let calls = 0;
  do {
    call();
    calls += 1;
  } while (performance.now() - startedMs < warmUpMs);
  const count = Math.max(1, Math.ceil((batchMs * calls) / (performance.now() - startedMs)));
  return median(Array.from({ length: BATCHES }, () => batchUs(call, count))) ?? 0;
}

function batchUs(call: () => void, count: number): number {
  const before = process.threadCpuUsage();
  for (let i = 0; i < count; i++) call();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / count;
}
