import type { Task } from '#core/api/task.ts';
import type { World } from '#host/cluster/memory/world.ts';
import { isStopped } from './timeline.ts';

/** How a Task of the demo came out, in one word. */
export type End = 'Completed' | 'Failed' | 'Stopped' | 'unfinished';

export interface TaskEnd {
  readonly name: string;
  readonly end: End;
  readonly hasQueued: boolean;
  readonly task: Task;
}

/** All Tasks of a world in order of their names. */
export function taskEnds({ server }: World): TaskEnd[] {
  return server.store.sorted('Task').map((object) => {
    const task = object as typeof object & Task;
    const { phase, conditions = [] } = task.status ?? {};
    const finished = phase === 'Completed' || phase === 'Failed' ? phase : 'unfinished';
    return {
      name: task.metadata.name,
      end: isStopped(task) ? 'Stopped' : finished,
      hasQueued: conditions.some(({ type }) => type === 'Queued'),
      task,
    };
  });
}

/** One row a Task, as `kubectl get` lays it out. */
export function summaryTable(ends: readonly TaskEnd[]): string {
  const rows = ends.map(({ name, end, hasQueued, task }) => {
    const { cause = '', times = {}, podName = '' } = task.status ?? {};
    return [
      name,
      end,
      cause,
      hasQueued ? secondsOf(times.queued, times.podCreated) : '',
      secondsOf(times.running ?? times.podCreated, times.finished),
      podName,
    ];
  });
  const table = [['TASK', 'END', 'CAUSE', 'QUEUED', 'RAN', 'POD'], ...rows];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  return table
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('   ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** `7 Tasks: 5 Completed, 1 Failed, 1 Stopped; 2 of them queued first`. */
export function summaryLine(ends: readonly TaskEnd[]): string {
  const counts = (['Completed', 'Failed', 'Stopped', 'unfinished'] as const).flatMap((end) => {
    const count = ends.filter((each) => each.end === end).length;
    return count === 0 ? [] : [`${count} ${end}`];
  });
  return `${ends.length} Tasks: ${counts.join(', ')}; ${ends.filter(({ hasQueued }) => hasQueued).length} of them queued first`;
}

function secondsOf(from: string | undefined, to: string | undefined): string {
  return from === undefined || to === undefined ? '' : `${((Date.parse(to) - Date.parse(from)) / 1_000).toFixed(1)}s`;
}

/** What is not as the demo means to show it; empty when all is well. */
export function faultsOf(ends: readonly TaskEnd[], expected: Readonly<Record<string, End>>): string[] {
  const faults = ends.flatMap(({ name, end, task }) => {
    const wanted = expected[name] ?? 'Completed';
    return end === wanted
      ? []
      : [`task ${name}: expected ${wanted}, got ${end}${task.status?.message === undefined ? '' : `: ${task.status.message}`}`];
  });
  for (const name of Object.keys(expected))
    if (!ends.some((end) => end.name === name)) faults.push(`task ${name}: expected it among the examples`);
  if (!ends.some(({ hasQueued, end }) => hasQueued && end === 'Completed'))
    faults.push('expected a task that queued and then ran, none did');
  return faults;
}
