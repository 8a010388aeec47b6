import type { Violation } from '#host/simulation/violation.ts';
import { repeatCommand } from './failure.ts';
import type { Source } from './ledger.ts';
import { counted, grouped, longTime } from './numbers.ts';
import { perMinute, shortTime, violationsText } from './progress.ts';
import type { SoakEnd, SoakState } from './soak.ts';

export interface SummaryFacts {
  readonly state: SoakState;
  readonly end: SoakEnd;
  readonly jobs: number;
  readonly source: Source;
  /** Name of the mistake that every host made; the ledger has none of it. */
  readonly mistake: string | undefined;
  /** Histories that the ledger has in all, and for these sources. */
  readonly ledger: { readonly file: string; readonly inAll: number; readonly ofSource: number };
}

const WHY: Readonly<Record<SoakEnd, string>> = {
  Done: '',
  TimeIsUp: ' when the time was up',
  Interrupted: ' when it was interrupted',
  TooManyFailures: ' because of so many violations',
};

/** What a soak came to, in a few lines. */
export function summaryText({ state, end, jobs, source, mistake, ledger }: SummaryFacts): string {
  const { counts, failures, from, tookMs } = state;
  const { histories, compared, decisions, writes, virtualMs } = counts;
  const again = failures.map(({ seed }) => `see it again: ${repeatCommand(seed, mistake)}\n`);
  return [
    `${counted(histories, 'history', 'histories')} from seed ${grouped(from)}, ${grouped(compared)} of them in core.wasm too: ${violationsText(failures.length)}\n`,
    `${grouped(decisions)} decisions, ${grouped(writes)} writes, ${longTime(virtualMs)} of virtual time\n`,
    `ended after ${shortTime(tookMs)}${WHY[end]}: ${grouped(perMinute(histories, tookMs))} a minute with ${counted(jobs, 'worker', 'workers')}\n`,
    mistake === undefined
      ? `the ledger has ${grouped(ledger.ofSource)} of these sources (${source.digest.slice(0, 19)}), ${grouped(ledger.inAll)} in all: ${ledger.file}\n`
      : `every host made the mistake "${mistake}", so the ledger has none of it\n`,
    ...again,
  ].join('');
}

/** The same for programs; the form only grows within a format version. */
export interface SummaryJson {
  readonly formatVersion: 1;
  readonly end: SoakEnd;
  readonly from: number;
  readonly histories: number;
  readonly inCoreWasmToo: number;
  readonly decisions: number;
  readonly writes: number;
  readonly virtualSeconds: number;
  readonly wallSeconds: number;
  readonly historiesPerMinute: number;
  readonly jobs: number;
  readonly source: Source;
  readonly mistake?: string;
  readonly ledger: SummaryFacts['ledger'];
  readonly failures: readonly {
    readonly seed: number;
    readonly violations: readonly Violation[];
    readonly faults: readonly string[];
    readonly history: readonly string[];
    readonly repeat: string;
  }[];
}

export function summaryJson({ state, end, jobs, source, mistake, ledger }: SummaryFacts): SummaryJson {
  const { counts, failures, from, tookMs } = state;
  return {
    formatVersion: 1,
    end,
    from,
    histories: counts.histories,
    inCoreWasmToo: counts.compared,
    decisions: counts.decisions,
    writes: counts.writes,
    virtualSeconds: Math.round(counts.virtualMs / 1_000),
    wallSeconds: Math.round(tookMs / 1_000),
    historiesPerMinute: Math.round(perMinute(counts.histories, tookMs)),
    jobs,
    source,
    ...(mistake === undefined ? {} : { mistake }),
    ledger,
    failures: failures.map(({ seed, violations, faults, lines }) => ({
      seed,
      violations,
      faults,
      history: lines,
      repeat: repeatCommand(seed, mistake),
    })),
  };
}
