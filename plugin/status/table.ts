import { humanDuration } from '../age.ts';
import type { StatusReport, TaskState } from '../contract/status.ts';
import type { Paint } from '../io.ts';
import { phaseStyle } from './style.ts';

export interface TableOptions {
  readonly isWide: boolean;
  /** A column for the namespace. */
  readonly hasNamespaces: boolean;
  readonly paint: Paint;
}

export interface Column {
  readonly title: string;
  readonly width: number;
  readonly value: (task: TaskState) => string;
}

const NONE = '<none>';
const GAP = '   ';

/** The columns of a table, wide enough for these Tasks. */
export function columnsOf({ tasks, at }: StatusReport, { isWide, hasNamespaces }: TableOptions): readonly Column[] {
  const nowMs = Date.parse(at);
  const columns: readonly (readonly [title: string, value: (task: TaskState) => string | undefined])[] = [
    ...(hasNamespaces ? [['NAMESPACE', ({ namespace }: TaskState) => namespace] as const] : []),
    ['NAME', ({ name }) => name],
    ['PHASE', ({ phase }) => phase],
    ['CAUSE', ({ cause }) => cause],
    ['BY', ({ agent, template }) => (agent === undefined ? `template/${template ?? '?'}` : `agent/${agent}`)],
    ['AGE', ({ createdAt }) => ageText(createdAt, nowMs)],
    ...(isWide
      ? ([
          ['QUEUE', ({ queue }) => (queue === undefined ? undefined : `${queue.position}/${queue.waiting}`)],
          ['RAN', (task) => ranText(task, nowMs)],
          ['ATTEMPTS', ({ attempts }) => String(attempts.at(-1)?.number ?? 0)],
          ['POD', ({ attempts }) => attempts.at(-1)?.podName],
          ['NODE', ({ attempts }) => attempts.at(-1)?.pod?.node ?? attempts.at(-1)?.node],
          ['MESSAGE', ({ message }) => message?.split('\n', 1)[0]],
        ] as const satisfies readonly (readonly [string, (task: TaskState) => string | undefined])[])
      : []),
  ];
  return columns.map(([title, value]) => {
    const cell = (task: TaskState): string => value(task) || NONE;
    return { title, value: cell, width: Math.max(title.length, ...tasks.map((task) => cell(task).length)) };
  });
}

export function headerText(columns: readonly Column[]): string {
  return lineText(columns.map(({ title, width }) => title.padEnd(width)));
}

export function rowText(task: TaskState, columns: readonly Column[], paint: Paint): string {
  return lineText(
    columns.map(({ title, value, width }) => {
      const cell = value(task);
      const rest = ' '.repeat(Math.max(0, width - cell.length));
      return `${title === 'PHASE' ? paint(phaseStyle(task.phase), cell) : cell}${rest}`;
    }),
  );
}

/** `5 Tasks: 2 Completed, 1 Failed, 2 Running; causes: 1 OutOfMemory`. */
export function countsText({ tasks, counts }: StatusReport): string {
  const list = (numbers: Readonly<Record<string, number>>): string =>
    Object.entries(numbers)
      .map(([what, number]) => `${number} ${what}`)
      .join(', ');
  const causes = list(counts.causes);
  return `${tasks.length} ${tasks.length === 1 ? 'Task' : 'Tasks'}: ${list(counts.phases)}${causes === '' ? '' : `; causes: ${causes}`}`;
}

function lineText(cells: readonly string[]): string {
  return cells.join(GAP).trimEnd();
}

function ageText(createdAt: string | undefined, nowMs: number): string | undefined {
  const atMs = Date.parse(createdAt ?? '');
  return Number.isNaN(atMs) ? undefined : humanDuration(nowMs - atMs);
}

/** How long its agent has run, or ran. */
function ranText({ times, phase }: TaskState, nowMs: number): string | undefined {
  const beganMs = Date.parse(times.running ?? times.podCreated ?? '');
  const endedMs = phase === 'Running' ? nowMs : Date.parse(times.finished ?? '');
  return Number.isNaN(endedMs - beganMs) ? undefined : humanDuration(endedMs - beganMs);
}
