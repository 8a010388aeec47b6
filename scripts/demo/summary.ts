import type { Task } from '#core/api/task.ts';
import type { World } from '#host/cluster/memory/world.ts';
import type { Paint, Style } from '#plugin/io.ts';
import type { Hosts } from './hosts.ts';
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

const END_STYLES: Readonly<Record<End, Style>> = { Completed: 'green', Failed: 'red', Stopped: 'yellow', unfinished: 'bold' };

/** One row a Task, as `kubectl get` lays it out. */
export function summaryTable(ends: readonly TaskEnd[], paint: Paint): string {
  const rows = ends.map(({ name, end, hasQueued, task }) => {
    const { cause = '', times = {}, podName = '' } = task.status ?? {};
    const queued = hasQueued ? secondsOf(times.queued, times.podCreated) : '';
    const ran = secondsOf(times.running ?? times.podCreated, times.finished);
    return { cells: [name, end, cause, queued, ran, podName], style: END_STYLES[end] };
  });
  const head = ['TASK', 'END', 'CAUSE', 'QUEUED', 'RAN', 'POD'];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map(({ cells }) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[], style: Style | undefined): string => {
    const padded = cells.map((cell, column) => {
      const rest = ' '.repeat((widths[column] ?? 0) - cell.length);
      return `${style !== undefined && column === 1 ? paint(style, cell) : cell}${rest}`;
    });
    return `${padded.join('   ').trimEnd()}\n`;
  };
  return [line(head, undefined), ...rows.map(({ cells, style }) => line(cells, style))].join('');
}

/** `7 Tasks: 5 Completed, 1 Failed, 1 Stopped; 2 of them queued first.` and `35 writes (5.0 a Task) and 16 Events.` */
export function summaryLines(ends: readonly TaskEnd[], { writes, events }: Hosts['written']): string {
  const counts = (['Completed', 'Failed', 'Stopped', 'unfinished'] as const).flatMap((end) => {
    const count = ends.filter((each) => each.end === end).length;
    return count === 0 ? [] : [`${count} ${end}`];
  });
  const queued = ends.filter(({ hasQueued }) => hasQueued).length;
  const first = queued === 0 ? '' : `; ${queued} of them queued first`;
  return `${ends.length} Tasks: ${counts.join(', ')}${first}.\n${writes} writes (${(writes / ends.length).toFixed(1)} a Task) and ${events} Events.\n`;
}

function secondsOf(from: string | undefined, to: string | undefined): string {
  return from === undefined || to === undefined ? '' : `${((Date.parse(to) - Date.parse(from)) / 1_000).toFixed(1)}s`;
}
