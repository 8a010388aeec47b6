import { readFileSync, writeFileSync } from 'node:fs';

/** What a process has used, from /proc. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly rssMiB: number;
  /** Since the process began, or `resetPeak`. */
  readonly peakMiB: number;
}

/** The kernel's unit of CPU time in /proc, the same on every Linux that there is. */
const TICKS_PER_SECOND = 100;

/** null: no such process, or no /proc. */
export function usageOf(pid: number): Usage | null {
  try {
    return parseUsage(readFileSync(`/proc/${pid}/stat`, 'utf8'), readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return null;
  }
}

/** From the texts of `/proc/PID/stat` and `/proc/PID/status`; CPU with that of threads, without that of children. */
export function parseUsage(stat: string, status: string): Usage {
  // The name, in parentheses, may hold anything; user and system time are the 12th and 13th field behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const mebibytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { cpuSeconds: ticks / TICKS_PER_SECOND, rssMiB: mebibytes('VmRSS'), peakMiB: mebibytes('VmHWM') };
}

/** Forgets the peak so far. Where the kernel does not let us, the peak is that of the whole life. */
export function resetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {}
}
