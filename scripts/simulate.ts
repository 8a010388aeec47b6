import { realClock } from '#host/real-clock.ts';
import { colored, plain, terminalColumns } from '#plugin/io.ts';
import { buildIfStale } from './build.ts';
import { stopAsked } from './process/stop-asked.ts';
import { parseCommandLine, type Request } from './simulate/command-line.ts';
import type { TextOptions } from './simulate/history-text.ts';

/** `npm run simulate`: many histories of a whole cluster with faults, or one of them step by step. Talks on stderr, answers on stdout. */
async function main(request: Request): Promise<number> {
  const { stdout, stderr } = process;
  const out = (text: string): void => void stdout.write(text);
  const text: TextOptions = {
    paint: stdout.isTTY && stdout.hasColors() ? colored : plain,
    columns: terminalColumns(stdout),
  };
  // Who reads only the beginning (head, less) wants no stack trace.
  stdout.on('error', () => process.exit(0));
  switch (request.type) {
    case 'Told':
      return request.exitCode;
    case 'Report': {
      const { readLedger } = await import('./simulate/ledger-file.ts');
      const { reportTable } = await import('./simulate/report-table.ts');
      out(reportTable(readLedger(request.ledgerFile)));
      return 0;
    }
    case 'History': {
      await buildIfStale(['core']);
      const { runHistory } = await import('./simulate/run-history.ts');
      return runHistory(request, out, text);
    }
    case 'Soak': {
      await buildIfStale(['core']);
      const { runSoak } = await import('./simulate/run-soak.ts');
      const err = (line: string): void => void stderr.write(line);
      const over = new AbortController();
      const stop = new AbortController();
      void stopAsked(over.signal).then(() => stop.abort());
      try {
        const errColumns = terminalColumns(stderr);
        return await runSoak(request.soak, request.output, { clock: realClock, out, err, text, errColumns, signal: stop.signal });
      } finally {
        over.abort();
      }
    }
  }
}

try {
  process.exitCode = await main(parseCommandLine(process.argv.slice(2), (text) => void process.stderr.write(text)));
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
