import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Plan, PlannedAction, PlannedStepAction, PlannedTask, PlanStep } from '../contract/plan.ts';
import { type Paint, plain } from '../io.ts';
import { actionText, STYLES, SYMBOLS, titleOf } from './action-text.ts';
import { alignedTimes } from './aligned-times.ts';
import { changesBetween } from './changes.ts';
import { changeLines } from './changes-text.ts';
import { counted, hang, number, wrapped } from './lay-out.ts';
import { nextText } from './next-text.ts';
import { appliesText, footer, header, lackedText } from './text-frame.ts';

export interface PlanTextOptions {
  readonly paint: Paint;
  /** Makes YAML of the Pods. */
  readonly toYaml: (value: unknown) => string;
  /** What `kubectl apply` would be given; absent: no files. */
  readonly applyWith?: string;
  /** Columns to break lines at; absent: nowhere. */
  readonly width?: number;
}

const LEGEND = {
  create: 'create',
  patch: 'change',
  delete: 'delete',
  event: 'tell (Event)',
  effect: 'do aside',
  record: 'do aside',
} as const;

/** The plan for people: the timeline of each Task, the Pods that would be created, one line in sum. */
export function planText(plan: Plan, options: PlanTextOptions): string {
  const { paint } = options;
  const applies = appliesText(plan, options);
  if (plan.tasks.length === 0) {
    const parts = [header(plan, options), applies, 'No Task to plan.', lackedText(plan, options)];
    return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
  }
  const pods = plan.tasks.flatMap((task) => podsText(task, options));
  const parts = [
    [header(plan, options), legend(plan, paint)].filter((line) => line !== '').join('\n'),
    applies,
    ...plan.tasks.map((task) => taskText(plan, task, options)),
    ...pods,
    lackedText(plan, options),
    footer(plan, sumText(plan.tasks), options),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** The timelines alone, for many Tasks that are summed up besides. */
export function stepsText(plan: Plan, options: PlanTextOptions): string {
  return plan.tasks.map((task) => taskText(plan, task, options)).join('\n\n');
}

/** Only the symbols that are used. */
function legend({ tasks }: Plan, paint: Paint): string {
  const verbs = new Set(tasks.flatMap(({ steps }) => steps.flatMap(({ actions }) => actions.map(({ verb }) => verb))));
  const shown = (Object.keys(SYMBOLS) as PlannedAction['verb'][]).filter(
    (verb) => verbs.has(verb) && !(verb === 'record' && verbs.has('effect')),
  );
  return shown.length === 0 ? '' : `\n  ${shown.map((verb) => `${paint(STYLES[verb], SYMBOLS[verb])} ${LEGEND[verb]}`).join('   ')}`;
}

function taskText(plan: Plan, task: PlannedTask, options: PlanTextOptions): string {
  const { paint, width } = options;
  const timeOf = alignedTimes(timesOf(task));
  const column = Math.max(4, ...task.steps.map(({ at }) => timeOf(at).length));
  const next = task.next === undefined ? [] : nextLines('  ', nextText(task.next, timeOf), options);
  const end = endText(plan, task, timeOf);
  const [first = '', ...rest] = wrapped(end.text, width === undefined ? undefined : width - 2);
  return [
    paint('bold', `Task ${task.namespace}/${task.name}`),
    ...task.steps.flatMap((step, index) => stepLines(step, { column, timeOf, isLast: index === task.steps.length - 1, options })),
    `  ${first.replace(end.word, paint(end.style, end.word))}`,
    ...rest.map((line) => `  ${line}`),
    ...next,
  ].join('\n');
}

/** All that its timeline shows. */
function timesOf({ steps, next, end }: PlannedTask): readonly string[] {
  const ofNext = (each: PlannedTask['next']): readonly (string | undefined)[] => [each?.until?.at, each?.queue?.notBefore?.at];
  const all = [...steps.flatMap((step) => [step.at, step.again?.last, ...ofNext(step.next)]), ...ofNext(next), end.at, end.deletedAt];
  return all.filter((at) => at !== undefined);
}

interface StepView {
  readonly column: number;
  timeOf(at: string): string;
  readonly isLast: boolean;
  readonly options: PlanTextOptions;
}

function stepLines(step: PlanStep, { column, timeOf, isLast, options }: StepView): readonly string[] {
  const indent = ' '.repeat(column + 6);
  const view = { indent, said: step.says, options };
  // Of a Pod that goes its way the time to the next step says enough, and where the plan stops it is said at the end.
  const isWorthSaying = !isLast && step.next !== undefined && step.next.pod === undefined;
  return [
    ...hang(`  ${timeOf(step.at).padEnd(column)}  `, step.says, options.width),
    ...step.actions.flatMap((action) => actionLines(action, view)),
    ...(step.again === undefined ? [] : [`${indent}${options.paint('dim', againText(step.again, timeOf))}`]),
    ...(isWorthSaying && step.next !== undefined ? nextLines(indent, nextText(step.next, timeOf), options) : []),
  ];
}

function againText({ times, last }: NonNullable<PlanStep['again']>, timeOf: StepView['timeOf']): string {
  return `again ${times === 1 ? `at ${timeOf(last)}` : `${number(times)} times, at last at ${timeOf(last)}`}`;
}

function nextLines(indent: string, text: string, { paint, width }: PlanTextOptions): readonly string[] {
  return hang(`${indent}next: `, text, width).map((line) => paint('dim', line));
}

interface ActionView {
  readonly indent: string;
  /** What the step says. */
  readonly said: string;
  readonly options: PlanTextOptions;
}

/** What a patch changes stands below it, field by field; one that was never written has only its fields. */
function actionLines(action: PlannedStepAction, { indent, said, options }: ActionView): readonly string[] {
  const { paint, width } = options;
  const symbol = paint(STYLES[action.verb], SYMBOLS[action.verb]);
  if (action.changes === undefined) {
    const lines = wrapped(actionText(action, plain), width === undefined ? undefined : width - indent.length - 2);
    const [first = '', ...rest] = lines;
    return [
      `${indent}${rest.length === 0 ? actionText(action, paint) : `${symbol}${first.slice(1)}`}`,
      ...rest.map((line) => `${indent}  ${line}`),
    ];
  }
  return [
    `${indent}${symbol} ${titleOf(action)}${action.changes.length === 0 ? `  ${paint('dim', 'no field changes')}` : ''}`,
    ...changeLines(action.changes, { indent: `${indent}  `, paint, said, ...(width === undefined ? {} : { width }) }),
  ];
}

interface End {
  readonly text: string;
  /** What of it bears the colour. */
  readonly word: string;
  readonly style: 'red' | 'green' | 'yellow';
}

function endText(plan: Plan, { end, blocked, outlook }: PlannedTask, timeOf: StepView['timeOf']): End {
  const cause = end.cause === undefined ? '' : ` (${end.cause})`;
  const message = end.message === undefined ? '' : `: ${end.message}`;
  if (blocked !== undefined) {
    const text = `! blocked${end.at === undefined ? ` for ${plan.horizon}` : ''}, ${end.phase}${cause}: ${blocked}`;
    return { text, word: '!', style: 'red' };
  }
  if (end.phase === 'Deleted') return { text: 'The Task is gone; this is about the Pod that it left.', word: '', style: 'yellow' };
  const deleted = end.deletedAt === undefined ? '' : `; deleted ${timeOf(end.deletedAt)}`;
  if (end.at === undefined) {
    const text = `${end.deletedAt === undefined ? `Not ended after ${plan.horizon}` : `Deleted ${timeOf(end.deletedAt)}`}: ${end.phase}${cause}${message}`;
    return { text, word: end.phase, style: 'yellow' };
  }
  const begin = outlook === 'Finished' ? 'Has ended already' : `Ends ${timeOf(end.at)}`;
  return { text: `${begin}: ${end.phase}${cause}${message}${deleted}`, word: end.phase, style: end.phase === 'Failed' ? 'red' : 'green' };
}

function podsOf({ steps }: PlannedTask): readonly KubernetesObject[] {
  return steps.flatMap(({ actions }) =>
    actions.flatMap(({ verb, kind, object }) => (verb === 'create' && kind === 'Pod' && object !== undefined ? [object] : [])),
  );
}

/** The first Pod whole, and of those of later attempts what is different. */
function podsText(task: PlannedTask, { paint, toYaml, width }: PlanTextOptions): readonly string[] {
  const [first, ...later] = podsOf(task);
  if (first === undefined) return [];
  const title = ({ metadata }: KubernetesObject): string => paint('bold', `Pod ${task.namespace}/${metadata.name}`);
  const yaml = toYaml(first).trimEnd().split('\n');
  const view = { indent: '  ', paint, ...(width === undefined ? {} : { width }) };
  return [
    [title(first), ...yaml.map((line) => (line === '' ? '' : `  ${line}`))].join('\n'),
    ...later.map((pod) => [`${title(pod)}  as ${first.metadata.name}, but`, ...changeLines(changesBetween(first, pod), view)].join('\n')),
  ];
}

/** `2 Tasks (1 ends Completed, 1 blocked)`. */
function sumText(tasks: readonly PlannedTask[]): string {
  const count = (holds: (task: PlannedTask) => boolean): number => tasks.filter(holds).length;
  const blocked = count((task) => task.blocked !== undefined);
  const gone = count(({ end }) => end.phase === 'Deleted');
  const unended = count(({ blocked: isBlocked, end }) => isBlocked === undefined && end.at === undefined && end.phase !== 'Deleted');
  const had = count(({ outlook }) => outlook === 'Finished');
  const ends = new Map<string, number>();
  for (const { end, blocked: isBlocked, outlook } of tasks)
    if (end.at !== undefined && isBlocked === undefined && outlook !== 'Finished') ends.set(end.phase, (ends.get(end.phase) ?? 0) + 1);
  const parts = [
    ...[...ends].sort(([a], [b]) => (a < b ? -1 : 1)).map(([phase, number]) => `${number} ends ${phase}`),
    ...(unended > 0 ? [`${unended} not ended`] : []),
    ...(blocked > 0 ? [`${blocked} blocked`] : []),
    ...(had > 0 ? [`${had} had ended`] : []),
    ...(gone > 0 ? [`${gone} gone`] : []),
  ];
  return `${counted(tasks.length, 'Task')} (${parts.join(', ')})`;
}
