import { readFileSync } from 'node:fs';
import type { Clock } from '#host/clock.ts';
import { DIST } from '../build/paths.ts';
import type { Output, SoakRequest } from './command-line.ts';
import { failureText, type TextOptions } from './history-text.ts';
import { seedBehind, seedsOf, totalOf, withBlock } from './ledger.ts';
import { changeLedger, readLedger } from './ledger-file.ts';
import { mistakeNamed } from './mistakes.ts';
import { Progress, progressText } from './progress.ts';
import { Soak } from './soak.ts';
import { makeWorkerProgram } from './sources.ts';
import { summaryJson, summaryText } from './summary.ts';
import { openThread } from './thread.ts';

export interface SoakIo {
  readonly clock: Clock;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly text: TextOptions;
  /** Columns of the terminal that stderr is; undefined when it is none. */
  readonly errColumns: number | undefined;
  /** Ends it with a summary of what was done. */
  readonly signal: AbortSignal;
}

/** Runs many histories on worker threads, with progress and an account in the ledger. Resolves to the exit code: 1 when an invariant was broken. Needs a fresh `dist/core.wasm`. */
export async function runSoak(
  request: SoakRequest,
  output: Output,
  { clock, out, err, text, errColumns, signal }: SoakIo,
): Promise<number> {
  const { ledgerFile, jobs } = request;
  const mistake = request.mistake === undefined ? undefined : mistakeNamed(request.mistake).name;
  let ledger = readLedger(ledgerFile);
  const { code, source } = await makeWorkerProgram();
  const core = readFileSync(`${DIST}core.wasm`);
  const from = request.from === 'BehindLedger' ? seedBehind(ledger) : request.from;
  const soak = new Soak({
    ...request,
    from,
    done: seedsOf(ledger, source),
    open: (onFailure) => openThread({ code, core, mistake, clock, onFailure }),
    record: async (block, counts) => {
      if (mistake !== undefined) return;
      const at = new Date(clock.now()).toISOString();
      ledger = await changeLedger(ledgerFile, (before) => withBlock(before, source, block, counts, at));
    },
    onFailure: (failure) =>
      progress.above(() =>
        output === 'text' ? out(failureText(failure, { ...text, mistake })) : err(`simulate: seed ${failure.seed} failed\n`),
      ),
    clock,
    signal,
  });
  const progress = new Progress({ clock, write: err, columns: errColumns, text: () => progressText(soak.state, request) });
  try {
    const end = await soak.run();
    progress.end();
    const ofSource = ledger.sources.find(({ digest }) => digest === source.digest)?.counts.histories ?? 0;
    const facts = {
      state: soak.state,
      end,
      jobs,
      source,
      mistake,
      ledger: { file: ledgerFile, inAll: totalOf(ledger).histories, ofSource },
    };
    out(output === 'json' ? `${JSON.stringify(summaryJson(facts), null, 2)}\n` : summaryText(facts));
    return soak.state.failures.length > 0 ? 1 : 0;
  } finally {
    progress.end();
  }
}
