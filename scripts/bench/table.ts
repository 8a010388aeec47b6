import type { Machine } from './machine.ts';
import { shown } from './numbers.ts';
import { type Goal, limitOf, type Row, type Section, type Unit, verdictOf } from './row.ts';

/** All that a run came to. */
export interface BenchReport {
  readonly formatVersion: 1;
  readonly machine: Machine;
  readonly isQuick: boolean;
  readonly tookSeconds: number;
  readonly sections: readonly Section[];
}

const HEAD = ['part', 'what', 'ours', 'beside it', 'goal', ''];

export function textTable(report: BenchReport): string {
  const rows = [HEAD, ...cellsOf(report)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${headerLines(report).join('\n')}\n\n${lines.join('\n')}\n${failureLines(report)}`;
}

export function markdownTable(report: BenchReport): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const table = [line(HEAD), '|---|---|--:|--:|--:|---|', ...cellsOf(report).map(line)];
  return `${headerLines(report).join('  \n')}\n\n${table.join('\n')}\n${failureLines(report)}`;
}

function headerLines({ machine, isQuick, tookSeconds }: BenchReport): readonly string[] {
  const { date, commit, cpu, cores, memoryGiB, system, versions, loadBefore } = machine;
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${date}${commit === undefined ? '' : `, commit ${commit}`}, ${isQuick ? 'quick' : 'whole'} run of ${shown(Math.round(tookSeconds))} s`,
    `${cpu}, ${cores} cores, ${shown(memoryGiB)} GiB, ${system}; load before: ${shown(loadBefore)}`,
    programs.join(', '),
  ];
}

function cellsOf({ sections }: BenchReport): readonly (readonly string[])[] {
  return sections.flatMap(({ part, rows }) => rows.map((row, index) => [index === 0 ? part : '', ...rowCells(row)]));
}

function rowCells(row: Row): readonly string[] {
  const { what, unit, ours, rival, goal, note } = row;
  const beside = rival === undefined ? '' : `${rival.name} ${measured(rival.value, unit)}`;
  return [what, measured(ours, unit), beside, goal === undefined ? '' : goalText(goal, rival?.value ?? null, unit), lastCell(row, note)];
}

function lastCell(row: Row, note: string | undefined): string {
  const verdict = verdictOf(row);
  const words = { NoGoal: '', Met: 'met', Missed: verdict.type === 'Missed' ? `missed by ${shown(100 * verdict.byShare)} %` : '' };
  return [words[verdict.type], note ?? ''].filter((text) => text !== '').join('; ');
}

function goalText(goal: Goal, rival: number | null, unit: Unit): string {
  const limit = limitOf(goal, rival);
  const sign = 'atMost' in goal || 'atMostTimesRival' in goal ? '≤' : '≥';
  return limit === null ? '' : `${sign} ${measured(limit, unit)}`;
}

function measured(value: number | null, unit: Unit): string {
  if (value === null) return 'not measured';
  return unit === '' ? shown(value) : `${shown(value)} ${unit}`;
}

function failureLines({ sections }: BenchReport): string {
  const failed = sections.filter(({ failure }) => failure !== undefined);
  return failed.length === 0
    ? ''
    : `\n${failed.map(({ part, failure }) => `${part} could not be measured whole: ${failure}`).join('\n')}\n`;
}
