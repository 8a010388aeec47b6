import { writeFileSync } from 'node:fs';
import { parseCommandLine, type Request } from './bench/command-line.ts';
import { thisMachine } from './bench/machine.ts';
import { PARTS } from './bench/parts.ts';
import type { Row, Section } from './bench/row.ts';
import { type BenchReport, markdownTable, textTable } from './bench/table.ts';
import { buildIfStale } from './build.ts';

/** `npm run bench`: measures, and prints one table on stdout; progress goes to stderr. */
async function main(request: Request): Promise<number> {
  if (request.type === 'Told') return request.exitCode;
  const { parts, isQuick, isMarkdown, jsonFile } = request;
  const chosen = PARTS.filter(({ name }) => parts.includes(name));
  await buildIfStale([...new Set(chosen.flatMap(({ needs }) => [...needs]))]);
  const machine = thisMachine();
  const startedMs = performance.now();
  const sections: Section[] = [];
  for (const part of chosen) {
    const rows: Row[] = [];
    const report = (line: string): void => console.error(`${part.name}: ${line}`);
    try {
      const measure = await part.load();
      await measure({ isQuick, report, add: (...more) => void rows.push(...more) });
      sections.push({ part: part.name, rows });
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      report(`error: ${error instanceof Error ? error.stack : failure}`);
      sections.push({ part: part.name, rows, failure });
    }
  }
  const report: BenchReport = { formatVersion: 1, machine, isQuick, tookSeconds: (performance.now() - startedMs) / 1_000, sections };
  process.stdout.write(isMarkdown ? markdownTable(report) : textTable(report));
  if (jsonFile !== undefined) writeFileSync(jsonFile, `${JSON.stringify(report, null, 2)}\n`);
  return sections.some(({ failure }) => failure !== undefined) ? 1 : 0;
}

try {
  process.exitCode = await main(parseCommandLine(process.argv.slice(2), (text) => void process.stderr.write(text)));
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
