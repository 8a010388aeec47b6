import type { Clock } from './clock.ts';
import type { Exchange } from './cluster/rest/connection.ts';

/** A clock that is no more than this wrong is left as it is: API servers that stand in for each other differ too. */
const TOLERANCE_MS = 5_000;
/** What the header `Date` leaves open: it tells whole seconds. */
const DATE_STEP_MS = 1_000;
/** What is known is given up when all that is told for so long, and so often, contradicts it in one direction: one of several servers may be wrong. */
const DOUBT = { ms: 10_000, answers: 3 };
/** The form that HTTP dates have (RFC 9110, 5.6.7). Date.parse alone makes a time of nearly anything. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

export interface ServerClockOptions {
  /** The machine's. Its wall clock counts only until the first answer. */
  readonly clock: Clock;
  /** Told each time that what it went by is found to be wrong: by how much it was ahead, in milliseconds; negative: behind. */
  readonly onCorrected?: (aheadMs: number) => void;
}

/** The API server's time. What it and its nodes have dated is judged by this, however wrong the clock of this machine is. */
export interface ServerClock {
  /** The machine's, but for `now`: the time of the API server, to 5 s. Goes on by the monotonic clock, so that setting the machine's changes nothing. */
  readonly clock: Clock;
  /**
   * An answer begins to come: `date` is its header `Date`, `tookMs` how long it took from the request on. The server has written it between the two, so the
   * slower the answer the less it tells. What the first quick answer tells counts at once; what contradicts it later, only when nothing else is told for 10 s.
   * No date, or one that has not the form of an HTTP date, tells nothing.
   */
  answered(date: unknown, tookMs: number): void;
}

/** To be told of each exchange with the API server. A gateway that answers in its place (never with a 2xx) has a clock of its own. */
export function datesTo({ answered }: ServerClock): (exchange: Pick<Exchange, 'came' | 'tookMs'>) => void {
  return ({ came, tookMs }) => {
    if (came.type === 'Answer' && came.code >= 200 && came.code < 300) answered(came.headers.date, tookMs);
  };
}

export function serverClock({ clock, onCorrected }: ServerClockOptions): ServerClock {
  /** How far the server's time is ahead of the monotonic clock; undefined: nobody has told. */
  let offsetMs: number | undefined;
  /** Whether an answer has told it that was quick enough to tell it well. */
  let isSettled = false;
  let doubt: { readonly sign: number; readonly sinceMs: number; answers: number } | undefined;

  /** Whether one more answer that contradicts is one too many. */
  function isBeyondDoubt(wrongByMs: number, nowMs: number): boolean {
    const sign = Math.sign(wrongByMs);
    if (doubt?.sign !== sign) doubt = { sign, sinceMs: nowMs, answers: 0 };
    doubt.answers += 1;
    return doubt.answers >= DOUBT.answers && nowMs - doubt.sinceMs >= DOUBT.ms;
  }

  return {
    clock: {
      now: () => (offsetMs === undefined ? clock.now() : Math.round(clock.monotonic() + offsetMs)),
      monotonic: () => clock.monotonic(),
      after: (delayMs, fire) => clock.after(delayMs, fire),
      random: () => clock.random(),
    },
    answered: (date, tookMs) => {
      const datedMs = typeof date === 'string' && HTTP_DATE.test(date) ? Date.parse(date) : Number.NaN;
      if (!Number.isFinite(datedMs)) return;
      const cameMs = clock.monotonic();
      const known = offsetMs ?? clock.now() - cameMs;
      const possible = Math.min(Math.max(known, datedMs - cameMs), datedMs + DATE_STEP_MS - (cameMs - tookMs));
      const wrongByMs = known - possible;
      if (Math.abs(wrongByMs) <= TOLERANCE_MS) {
        doubt = undefined;
        offsetMs = known;
      } else if (!isSettled || isBeyondDoubt(wrongByMs, cameMs)) {
        doubt = undefined;
        offsetMs = possible;
        onCorrected?.(wrongByMs);
      }
      isSettled ||= tookMs + DATE_STEP_MS <= TOLERANCE_MS;
    },
  };
}
