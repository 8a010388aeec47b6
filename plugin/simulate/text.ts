import type { SimulatedEnd, SimulatedFailure, SimulateReport } from '../contract/simulate.ts';
import type { Paint } from '../io.ts';
import { table } from '../table.ts';

/** What many histories came to, for people: first whether all is well, then how Tasks ended, and the story of what went wrong. */
export function simulationText(report: SimulateReport, paint: Paint): string {
  const { source, tasks, ends, failures } = report;
  const rows =
    source === 'files'
      ? tasks.flatMap((task) => task.ends.map((end) => rowOf(`${task.namespace}/${task.name}`, end)))
      : ends.map((end) => rowOf('all', end));
  return [
    verdict(report, paint),
    `${summary(report)}\n`,
    ...(rows.length === 0 ? [] : ['\n', table(['TASK', 'ENDS', 'HISTORIES', 'SEED'], rows)]),
    ...failures.map((failure) => `\n${failureText(failure, paint)}`),
  ].join('');
}

/** One history, as it went. */
export function historyText(seed: number, lines: readonly string[], paint: Paint): string {
  return `${paint('bold', `history of seed ${seed}`)}\n${lines.map((line) => `  ${line}\n`).join('')}\n`;
}

function verdict({ histories, seed, failures }: SimulateReport, paint: Paint): string {
  const seeds = histories === 1 ? `seed ${seed}` : `seeds ${seed} to ${seed + histories - 1}`;
  const all = `${histories} ${histories === 1 ? 'history' : 'histories'} of ${seeds}`;
  if (failures.length === 0) return `${all}: ${paint('green', 'no invariant was broken')}\n`;
  return `${all}: ${paint('red', `${failures.length} broke an invariant`)}\n`;
}

function summary({ core, decisions, writes, virtualSeconds, faults }: SimulateReport): string {
  const hours = (virtualSeconds / 3_600).toFixed(1);
  return `core ${core.slice(0, 19)}, ${decisions} decisions, ${writes} writes, ${hours} h of virtual time\nfaults: ${faults.join(', ') || 'none'}`;
}

function rowOf(who: string, { phase, cause, count, seed }: SimulatedEnd): readonly string[] {
  return [who, cause === undefined ? phase : `${phase} (${cause})`, String(count), String(seed)];
}

function failureText({ seed, violations, history, again }: SimulatedFailure, paint: Paint): string {
  return [
    ...violations.map(({ rule, says }) => `${paint('red', `seed ${seed} breaks ${rule}`)}: ${says}\n`),
    ...(history.length === 0 ? [] : ['the shortest history that shows it:\n']),
    ...history.map((line) => `  ${line}\n`),
    `see it again: ${again}\n`,
  ].join('');
}
