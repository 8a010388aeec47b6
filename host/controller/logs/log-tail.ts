import type { KeptLog } from '#core/contract/decision.ts';
import type { Clock } from '../../clock.ts';
import type { Cluster, Result } from '../../cluster/cluster.ts';
import { followToEnd } from './follow.ts';
import { keep, keptBefore, type LogTail } from './keep.ts';

export interface LogTailOptions {
  readonly cluster: Pick<Cluster, 'get' | 'create' | 'patch' | 'followLogs'>;
  readonly clock: Clock;
  /** Text without secrets: what it leaves is what is kept. */
  readonly redact: (text: string) => string;
}

/** Carries out a `LogTail`: follows the log for as long as is wanted, and keeps its end. The answer says how much that is; the text goes nowhere else. */
export async function keepLogTail(options: LogTailOptions, effect: LogTail, signal: AbortSignal): Promise<Result<KeptLog>> {
  const followed = await whileWanted(options.clock, effect.followSeconds * 1_000, signal, (enough) => followToEnd(options, effect, enough));
  if (!followed.ok) {
    // It may have been kept before this host could know: the one that led before it has gone between that and saying so.
    const kept = await keptBefore(options, effect, signal);
    return kept === null ? followed : { ok: true, value: kept };
  }
  if (followed.value.text === '') return { ok: true, value: { bytes: 0, truncated: false } };
  return keep(options, effect, followed.value, signal);
}

/** Runs with a signal that aborts after a time, or with the one given. */
async function whileWanted<T>(clock: Clock, limitMs: number, outer: AbortSignal, run: (enough: AbortSignal) => Promise<T>): Promise<T> {
  const over = new AbortController();
  const cancel = clock.after(limitMs, () => over.abort(new Error('the time for following the log is over')));
  try {
    return await run(AbortSignal.any([outer, over.signal]));
  } finally {
    cancel();
  }
}
