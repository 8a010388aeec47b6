import type { EndGroup, NowGroup, Outlook, Plan, PlannedTask } from '../contract/plan.ts';
import type { Paint, Style } from '../io.ts';
import { alignedTimes } from './aligned-times.ts';
import { counted, cut, number } from './lay-out.ts';
import { reasonOf } from './summary.ts';
import { type PlanTextOptions, stepsText } from './text.ts';
import { appliesText, footer, header, lackedText } from './text-frame.ts';

export interface FleetTextOptions extends PlanTextOptions {
  readonly isWide: boolean;
  /** Titles above the lines of Tasks. */
  readonly hasHeaders: boolean;
  readonly hasSteps: boolean;
}

const WORDS = {
  Starts: 'start',
  Runs: 'run on',
  Ends: 'end',
  Waits: 'wait',
  Blocked: 'blocked',
  Finished: 'had ended',
  Deleted: 'go',
} as const satisfies Record<Outlook, string>;
const STYLES = {
  Starts: 'green',
  Runs: 'cyan',
  Ends: 'green',
  Waits: 'yellow',
  Blocked: 'red',
  Finished: 'dim',
  Deleted: 'dim',
} as const satisfies Record<Outlook, Style>;

const GAP = '  ';
/** Room for a reason where nothing says how wide the screen is. */
const REASON_WIDTH = 80;
const LEAST_REASON_WIDTH = 24;

/** Many Tasks for people: how they stand, by reason, and what becomes of them; with `isWide` one line each. */
export function fleetText(plan: Plan, options: FleetTextOptions): string {
  const { isWide, hasSteps } = options;
  const parts = [
    header(plan, options),
    appliesText(plan, options),
    ...(plan.tasks.length === 0
      ? ['No Task to plan.']
      : [
          isWide ? tableText(plan.tasks, options) : nowText(plan, options),
          hasSteps ? stepsText(plan, options) : '',
          endsText(plan, options),
        ]),
    lackedText(plan, options),
    ...(plan.tasks.length === 0 ? [] : [footer(plan, counted(plan.tasks.length, 'Task'), options)]),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

interface Cell {
  readonly text: string;
  readonly style?: Style;
  readonly isRight?: true;
}

function nowText({ summary, tasks }: Plan, options: FleetTextOptions): string {
  const rows = summary.now.map((group) => [
    { text: WORDS[group.outlook], style: STYLES[group.outlook] },
    { text: number(group.count), isRight: true as const },
    { text: group.says },
    { text: namesText(group, tasks), style: 'dim' as const },
  ]);
  return gridText([{ text: 'NOW' }, { text: 'TASKS', isRight: true }, { text: 'WHY' }, { text: '' }], rows, 2, options);
}

function endsText({ summary, horizon, tasks }: Plan, options: FleetTextOptions): string {
  const rows = summary.ends.map((group) => [
    { text: endWords(group), style: endStyle(group) },
    { text: number(group.count), isRight: true as const },
    { text: whenText(group, tasks) },
    { text: namesText(group, tasks), style: 'dim' as const },
  ]);
  return gridText([{ text: `WITHIN ${horizon}` }, { text: 'TASKS', isRight: true }, { text: 'WHEN' }, { text: '' }], rows, 2, options);
}

/** The first few; of one namespace its name goes without saying. */
function namesText({ first, count }: NowGroup | EndGroup, tasks: readonly PlannedTask[]): string {
  const namespace = tasks[0]?.namespace;
  const isOne = tasks.every((task) => task.namespace === namespace);
  const names = isOne ? first.map((name) => name.slice(name.indexOf('/') + 1)) : first;
  return `${names.join(', ')}${count > first.length ? ', …' : ''}`;
}

function endWords({ type, phase, cause }: EndGroup): string {
  const outcome = cause === undefined ? phase : `${phase} (${cause})`;
  switch (type) {
    case 'Ends':
      return outcome;
    case 'GoesOn':
      return `not ended, ${outcome}`;
    case 'Blocked':
      return `blocked, ${outcome}`;
    case 'Ended':
      return `had ended, ${outcome}`;
  }
}

function endStyle({ type, phase }: EndGroup): Style {
  if (type === 'Ended') return 'dim';
  if (type === 'Blocked' || phase === 'Failed') return 'red';
  return type === 'Ends' ? 'green' : 'yellow';
}

/** When the first and the last of a group end. */
function whenText({ type, phase, cause }: EndGroup, tasks: readonly PlannedTask[]): string {
  if (type !== 'Ends') return '';
  const times = tasks.flatMap(({ end, outlook, blocked }) =>
    end.at !== undefined && end.phase === phase && end.cause === cause && outlook !== 'Finished' && blocked === undefined ? [end.at] : [],
  );
  const [first, last] = [times.toSorted(byTime)[0], times.toSorted(byTime).at(-1)];
  if (first === undefined || last === undefined || first === last) return first ?? '';
  const timeOf = alignedTimes([first, last]);
  return `${timeOf(first)} to ${timeOf(last)}`;
}

function byTime(a: string, b: string): number {
  return secondsIn(a) - secondsIn(b);
}

function secondsIn(text: string): number {
  const units: Readonly<Record<string, number>> = { h: 3_600, m: 60, s: 1 };
  return [...text.matchAll(/([\d.]+)([hms])/g)].reduce((sum, [, amount, unit = '']) => sum + Number(amount) * (units[unit] ?? 0), 0);
}

function tableText(tasks: readonly PlannedTask[], options: FleetTextOptions): string {
  const titles = ['NAMESPACE', 'NAME', 'NOW', 'POD', 'ENDS', 'AS', 'WHY'].map((text) => ({ text }));
  const timeOf = alignedTimes(tasks.flatMap((task) => [podAt(task) ?? '', task.end.at ?? '']));
  const shown = (at: string | undefined): string => (at === undefined ? '<none>' : timeOf(at));
  const rows = tasks.map((task) => {
    const { namespace, name, outlook, end, blocked } = task;
    const outcome = end.cause === undefined ? end.phase : `${end.phase} (${end.cause})`;
    return [
      { text: namespace },
      { text: name },
      { text: WORDS[outlook], style: STYLES[outlook] },
      { text: shown(podAt(task)) },
      { text: outlook === 'Finished' ? '<ended>' : shown(end.at) },
      { text: outcome, style: blocked !== undefined || end.phase === 'Failed' ? ('red' as const) : ('green' as const) },
      { text: blocked ?? end.message ?? reasonOf(task) },
    ];
  });
  const grid = gridText(titles, rows, titles.length - 1, options);
  return options.hasHeaders ? grid : grid.slice(grid.indexOf('\n') + 1);
}

/** When its next Pod is created. */
function podAt({ steps }: PlannedTask): string | undefined {
  const step = steps.find(({ actions }) => actions.some(({ verb, kind }) => verb === 'create' && kind === 'Pod'));
  return step?.at;
}

/** Columns as wide as their cells; the one that gives way is cut where the screen ends. */
function gridText(
  titles: readonly Cell[],
  rows: readonly (readonly Cell[])[],
  yielding: number,
  { paint, width }: FleetTextOptions,
): string {
  const widths = titles.map(({ text }, column) => Math.max(text.length, ...rows.map((row) => row[column]?.text.length ?? 0)));
  const others = widths.reduce((sum, each, column) => sum + (column === yielding || column > yielding ? 0 : each + GAP.length), 0);
  const room = width === undefined ? REASON_WIDTH : Math.max(LEAST_REASON_WIDTH, width - others);
  widths[yielding] = Math.min(widths[yielding] ?? 0, room);
  return [titles.map(({ text, ...rest }) => ({ ...rest, text })), ...rows].map((row) => rowText(row, widths, width, paint)).join('\n');
}

function rowText(row: readonly Cell[], widths: readonly number[], width: number | undefined, paint: Paint): string {
  let used = 0;
  let line = '';
  for (const [column, { text, style, isRight }] of row.entries()) {
    const own = widths[column] ?? 0;
    const left = width === undefined ? Number.POSITIVE_INFINITY : width - used;
    // The names at the end go where there is no room for them.
    if (text === '' || (left < LEAST_NAME_WIDTH && column === row.length - 1 && used > 0)) {
      line += ' '.repeat(own) + GAP;
      used += own + GAP.length;
      continue;
    }
    const shown = cut(cut(text, own), Math.max(1, Math.min(own, left)));
    const space = ' '.repeat(Math.max(0, own - shown.length));
    const painted = style === undefined ? shown : paint(style, shown);
    line += isRight === true ? `${space}${painted}${GAP}` : `${painted}${space}${GAP}`;
    used += own + GAP.length;
  }
  return line.trimEnd();
}

const LEAST_NAME_WIDTH = 16;
