import type { Clock } from '#host/clock.ts';
import type { ClusterError, Result } from '#host/cluster/cluster.ts';
import type { Sessions } from '#host/controller/effects.ts';
import { Draw, seedOf } from './draw.ts';
import type { HostLife } from './host-life.ts';

export interface SimulatedSessionsOptions {
  readonly clock: Clock;
  readonly life: HostLife;
  readonly seed: number;
  /** How likely a call goes wrong now. */
  rate(): number;
  onFault(what: string): void;
}

type Answer = Awaited<ReturnType<Sessions['summary']>>;

const BROKEN: ClusterError = { type: 'Refused', code: 500, reason: 'SessionServer', message: 'the server of the agent is broken' };
const AWAY: ClusterError = { type: 'Unreachable', message: 'the server of the agent does not answer' };

/** The servers of all Agents as one host reaches them: they may refuse, be slow, or never answer. */
export function simulatedSessions(options: SimulatedSessionsOptions): Sessions {
  const counts = new Map<string, number>();
  const call = async <T extends Answer>(what: string, fine: T, signal: AbortSignal): Promise<T | Extract<Answer, { ok: false }>> => {
    const count = counts.get(what) ?? 0;
    counts.set(what, count + 1);
    const draw = new Draw(seedOf(options.seed, `session ${what} ${count}`));
    if (!draw.chance(options.rate())) return fine;
    const trouble = draw.pick(['Broken', 'Away', 'Slow', 'Mute'] as const);
    options.onFault(`${what}: ${trouble}`);
    switch (trouble) {
      case 'Broken':
        return { ok: false, error: BROKEN };
      case 'Away':
        return { ok: false, error: AWAY };
      case 'Slow':
        await passed(options, draw.int(100, 25_000), signal);
        return fine;
      case 'Mute':
        await passed(options, undefined, signal);
        return { ok: false, error: AWAY };
    }
  };
  const found: Result<Readonly<Record<string, unknown>>> = { ok: true, value: { id: 'session' } };
  return {
    summary: (_, title, signal) => call(`summary of ${title}`, found, signal),
    abort: (_, title, signal) => call<Result<null>>(`abort of ${title}`, { ok: true, value: null }, signal),
  };
}

/** Resolves after a while, or when the caller gives up; of a host that stands still, when it is awake again. */
function passed({ clock, life }: SimulatedSessionsOptions, delayMs: number | undefined, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => life.whenAwake(resolve);
    if (delayMs !== undefined) clock.after(delayMs, done);
    if (signal.aborted) done();
    else signal.addEventListener('abort', done, { once: true });
  });
}
