import type { Cancel, Clock } from '#host/clock.ts';
import type { SoakRequest } from './command-line.ts';
import { counted, grouped, longTime } from './numbers.ts';
import type { SoakState } from './soak.ts';

export interface ProgressOptions {
  readonly clock: Clock;
  readonly write: (text: string) => void;
  /** Columns of the terminal, whose last line is written again and again; undefined: no terminal, so a line each time. */
  readonly columns: number | undefined;
  readonly text: () => string;
}

const TERMINAL_EVERY_MS = 500;
const LINE_EVERY_MS = 10_000;
const CLEAR_LINE = '\r\u001b[2K';

/** Tells again and again how far something is. */
export class Progress {
  readonly #options: ProgressOptions;
  #cancel: Cancel;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#cancel = this.#later();
  }

  /** Writes something else; on a terminal above the progress. */
  above(write: () => void): void {
    if (this.#options.columns !== undefined) this.#options.write(CLEAR_LINE);
    write();
  }

  end(): void {
    this.#cancel();
    if (this.#options.columns !== undefined) this.#options.write(CLEAR_LINE);
  }

  #later(): Cancel {
    const { clock, columns } = this.#options;
    return clock.after(columns === undefined ? LINE_EVERY_MS : TERMINAL_EVERY_MS, () => {
      this.#tell();
      this.#cancel = this.#later();
    });
  }

  #tell(): void {
    const { write, columns, text } = this.#options;
    if (columns === undefined) write(`simulate: ${text()}\n`);
    else write(`${CLEAR_LINE}${text().slice(0, Math.max(0, columns - 1))}`);
  }
}

/** `1,200 of 2,000 histories, 980 a minute, 49 s left; 14,000 decisions, 9,800 writes, 6.2 days of virtual time; no violation`. */
export function progressText(state: SoakState, request: Pick<SoakRequest, 'histories' | 'forMs'>): string {
  const { counts, tookMs } = state;
  const goal = request.histories === undefined ? '' : ` of ${grouped(request.histories)}`;
  const leftMs = timeLeftMs(state, request);
  return [
    `${grouped(counts.histories)}${goal} histories, ${grouped(perMinute(counts.histories, tookMs))} a minute`,
    leftMs === undefined ? '' : `, ${shortTime(leftMs)} left`,
    `; ${grouped(counts.decisions)} decisions, ${grouped(counts.writes)} writes, ${longTime(counts.virtualMs)} of virtual time; `,
    violationsText(state.failures.length),
  ].join('');
}

export function perMinute(histories: number, tookMs: number): number {
  return tookMs === 0 ? 0 : (histories / tookMs) * 60_000;
}

export function violationsText(violated: number): string {
  return violated === 0 ? 'no violation' : counted(violated, 'history broke an invariant', 'histories broke an invariant');
}

/** `49 s`, `12 min`, `3 h 20 min`. */
export function shortTime(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** What comes first, the end of the time or that of the histories; undefined while nothing is done. */
function timeLeftMs({ counts, tookMs }: SoakState, { histories, forMs }: Pick<SoakRequest, 'histories' | 'forMs'>): number | undefined {
  const byCount =
    histories === undefined || counts.histories === 0 ? undefined : ((histories - counts.histories) / counts.histories) * tookMs;
  const byTime = forMs === undefined ? undefined : forMs - tookMs;
  const known = [byCount, byTime].filter((ms) => ms !== undefined);
  return known.length === 0 ? undefined : Math.max(0, Math.min(...known));
}
